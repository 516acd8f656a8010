"""Good and bad frames of intermediate.int_sessionized, and damage to the healthy warehouse that it finds."""

GOOD = {
    "events": {"n_events": 10, "n_without_session": 0, "n_without_person": 0, "n_lost_or_invented": 0},
    "sessions": {"n_longer_than_max": 0, "mean_events_per_session": 4.0, "single_event_rate": 0.4},
}
BAD = {"n_events": [0], "mean_events_per_session": [1001.0], "single_event_rate": [0.96]}
DAMAGE = [
    ("n_events", "delete from intermediate.int_sessionized"),
    ("n_without_session", "update intermediate.int_sessionized set session_id = null where i = 3"),
    ("n_without_person", "update intermediate.int_sessionized set person_id = null where i = 3"),
    ("n_longer_than_max", "update intermediate.int_sessionized set session_id = 's' where i in (3, 300)"),
    ("single_event_rate", "update intermediate.int_sessionized set session_id = event_id"),
    (
        "mean_events_per_session",
        "update intermediate.int_sessionized set session_id = 's'; "
        "insert into intermediate.int_sessionized select s.* from intermediate.int_sessionized as s, range(2)",
    ),
    ("n_lost_or_invented", "delete from intermediate.int_duplicates"),
    ("n_lost_or_invented", "delete from intermediate.int_sessionized where i = 3"),
]
