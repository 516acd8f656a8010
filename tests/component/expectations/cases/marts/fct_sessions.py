"""Good and bad frames of marts.fct_sessions, and damage to the healthy warehouse that it finds."""

GOOD = {
    "profile": {
        "n_duration_out_of_range": 0,
        "n_without_events": 0,
        "n_events_off": 0,
        "n_purchases_off": 0,
        "revenue_off_rate": 0.0,
        "conversion_rate": 0.03,
    },
}
BAD = {"revenue_off_rate": [1e-06], "conversion_rate": [0.95]}
DAMAGE = [
    ("n_duration_out_of_range", "update marts.fct_sessions set duration_s = -1"),
    ("n_without_events", "update marts.fct_sessions set n_events = 0"),
    ("n_events_off", "update marts.fct_sessions set n_events = n_events + 1"),
    ("n_purchases_off", "update marts.fct_sessions set n_purchases = 0"),
    ("conversion_rate", "update marts.fct_sessions set is_converted = true"),
    ("revenue_off_rate", "update marts.fct_sessions set revenue = revenue + 1"),
]
