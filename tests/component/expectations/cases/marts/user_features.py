"""Good and bad frames of marts.user_features, and damage to the healthy warehouse that it finds."""

from datetime import date

GOOD = {
    "snapshots": {
        "as_of_date": date(2026, 1, 31),
        "n_persons": 5,
        "n_persons_invented": 0,
        "n_after_as_of": 0,
        "n_seeing_the_future": 0,
        "n_score_out_of_range": 0,
        "n_missing": 0,
        "is_current": 1,
    },
}
BAD = {"is_current": [0]}
DAMAGE = [
    ("n_persons_invented", "insert into marts.user_features from marts.user_features"),
    ("n_after_as_of", "update marts.user_features set as_of_date = '2026-02-01'"),
    ("n_seeing_the_future", "update marts.user_features set days_since_last_active = -1"),
    ("n_score_out_of_range", "update marts.user_features set activity_score = 'nan'"),
    ("n_missing", "update marts.user_features set purchase_frequency = null"),
    ("is_current", "delete from marts.user_features where as_of_date = '2026-01-31'"),
]
