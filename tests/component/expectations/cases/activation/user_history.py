"""Good and bad frames of activation.user_history, and damage to the healthy warehouse that it finds."""

GOOD = {
    "intervals": {
        "n_empty": 0,
        "n_after_as_of": 0,
        "n_overlapping": 0,
        "n_other_than_the_profile": 0,
        "gap_rate": 0.01,
    },
}
BAD = {"gap_rate": [0.051]}
DAMAGE = [
    ("n_empty", "update activation.user_history set valid_to = valid_from where person_id = 'p1'"),
    ("n_after_as_of", "update activation.user_history set valid_to = '2026-02-01' where person_id = 'p1'"),
    ("n_overlapping", "update activation.user_history set valid_to = '2026-01-31' where valid_to is not null"),
    ("n_overlapping", "insert into activation.user_history from activation.user_history where person_id = 'p2'"),
    ("gap_rate", "update activation.user_history set valid_to = '2026-01-20' where valid_to is not null"),
    ("n_other_than_the_profile", "update activation.user_history set value = 'new' where person_id = 'p7'"),
    ("n_other_than_the_profile", "delete from activation.user_history where person_id = 'p7'"),
]
