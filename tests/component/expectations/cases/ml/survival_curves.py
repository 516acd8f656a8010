"""Good and bad frames of ml.survival_curves, and damage to the healthy warehouse that it finds."""

GOOD = {
    "curves": {
        "breakdown": "segment",
        "n_persons_off": 0,
        "n_ends_off": 0,
        "n_other_date": 0,
        "n_rising": 0,
        "n_rate_outside": 0,
        "n_outside_interval": 0,
        "n_days_beyond": 0,
    },
}
DAMAGE = [
    ("n_persons_off", "delete from ml.survival_curves where breakdown_value = 'regular'"),
    ("n_persons_off", "update marts.user_features set days_since_first_seen = 30 where person_id = 'p3'"),
    ("n_ends_off", "delete from ml.survival_curves where lifetime_day = 1"),
    ("n_other_date", "update ml.survival_curves set as_of_date = '2026-01-30'"),
    ("n_rising", "update ml.survival_curves set survival_rate = 0.8 where lifetime_day = 1"),
    ("n_rate_outside", "update ml.survival_curves set hazard_rate = -0.1 where lifetime_day = 1"),
    ("n_rate_outside", "update ml.survival_curves set n_events = 9 where lifetime_day = 1"),
    ("n_days_beyond", "update ml.survival_curves set lifetime_day = 11 where lifetime_day = 1"),
    ("n_outside_interval", "update ml.survival_curves set ci_low = 0.76"),
]
