"""Good and bad frames of marts.aha_moments, and damage to the healthy warehouse that it finds."""

GOOD = {
    "grid": {"n_groups_off": 0, "n_rate_outside": 0, "n_adjusted_below": 0, "n_ranks_twice": 0},
}
DAMAGE = [
    ("n_groups_off", "update marts.aha_moments set n_did = 5"),
    ("n_rate_outside", "update marts.aha_moments set retention_rate_did = 1.1"),
    ("n_adjusted_below", "update marts.aha_moments set p_value_adjusted = 0.001"),
    ("n_ranks_twice", "insert into marts.aha_moments from marts.aha_moments"),
]
