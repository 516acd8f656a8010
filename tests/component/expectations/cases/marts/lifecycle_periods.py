"""Good and bad frames of marts.lifecycle_periods, and damage to the healthy warehouse that it finds."""

GOOD = {
    "flow": {"grain": "week", "n_states_off": 0, "n_flow_off": 0, "n_persons_off": 0},
}
DAMAGE = [
    ("n_states_off", "update marts.lifecycle_periods set n_new = n_new + 1"),
    ("n_flow_off", "update marts.lifecycle_periods set n_dormant = 3"),
    ("n_persons_off", "delete from marts.lifecycle_periods where n_new = 2"),
]
