"""Good and bad frames of marts.fct_events, and damage to the healthy warehouse that it finds."""

GOOD = {
    "profile": {
        "n_events": 10,
        "days_behind_as_of": 0,
        "n_duration_out_of_range": 0,
        "bot_rate": 0.01,
        "purchase_no_revenue_rate": 0.0,
    },
    "reconciliation": {"source": "shop", "n_lost_or_invented": 0},
}
BAD = {"n_events": [0], "days_behind_as_of": [-1, 2], "bot_rate": [0.31], "purchase_no_revenue_rate": [0.6]}
DAMAGE = [
    ("n_events", "delete from marts.fct_events"),
    ("n_lost_or_invented", "delete from marts.fct_events where i = 7"),
    ("n_lost_or_invented", "insert into marts.fct_events from marts.fct_events limit 1"),
    ("days_behind_as_of", "update marts.fct_events set event_date = '2026-02-01' where i = 7"),
    ("n_duration_out_of_range", "update marts.fct_events set duration_s = 86401 where i = 7"),
    ("bot_rate", "update marts.fct_events set is_bot = true"),
    ("purchase_no_revenue_rate", "update marts.fct_events set revenue = null"),
]
