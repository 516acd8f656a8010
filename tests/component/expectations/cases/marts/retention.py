"""Good and bad frames of marts.retention, and damage to the healthy warehouse that it finds."""

GOOD = {
    "rates": {
        "mode": "calendar_on",
        "grain": "day",
        "n_rate_outside": 0,
        "n_more_than_cohort": 0,
        "n_start_not_whole": 0,
        "n_value_off": 0,
        "n_cohort_sizes_differ": 0,
    },
}
DAMAGE = [
    ("n_rate_outside", "update marts.retention set retention_rate = 1.1"),
    ("n_more_than_cohort", "update marts.retention set n_retained = 11"),
    ("n_start_not_whole", "update marts.retention set n_retained = 9"),
    ("n_cohort_sizes_differ", "update marts.retention set n_cohort = n_cohort + period_number"),
    ("n_value_off", "update marts.retention set cumulative_revenue_per_person = 0.6"),
]
