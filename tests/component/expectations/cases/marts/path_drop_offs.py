"""Good and bad frames of marts.path_drop_offs, and damage to the healthy warehouse that it finds."""

GOOD = {
    "stakes": {"n_lost_off": 0, "n_more_lost_than_reached": 0, "n_stakes_unknown": 0},
}
DAMAGE = [
    ("n_lost_off", "update marts.path_drop_offs set n_sessions_lost = 0"),
    ("n_more_lost_than_reached", "update marts.path_drop_offs set n_sessions_reached = 0"),
    ("n_stakes_unknown", "update marts.path_drop_offs set revenue_at_stake = 'nan'"),
]
