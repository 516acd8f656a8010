"""Good and bad frames of marts.path_transitions, and damage to the healthy warehouse that it finds."""

GOOD = {
    "ends": {"n_entries_off": 0, "n_exits_off": 0},
}
DAMAGE = [
    ("n_entries_off", "delete from marts.path_transitions where from_event = '(entry)'"),
    ("n_exits_off", "delete from marts.path_transitions"),
]
