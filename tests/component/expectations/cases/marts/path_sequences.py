"""Good and bad frames of marts.path_sequences, and damage to the healthy warehouse that it finds."""

GOOD = {
    "shares": {"n_sessions_off": 0, "n_more_persons_than_sessions": 0, "n_rate_outside": 0},
}
DAMAGE = [
    ("n_sessions_off", "delete from marts.path_sequences"),
    ("n_more_persons_than_sessions", "update marts.path_sequences set n_persons = 10000"),
    ("n_rate_outside", "update marts.path_sequences set conversion_rate = 1.1"),
]
