"""Good and bad frames of activation.retention_breakdown, and damage to the healthy warehouse that it finds."""

GOOD = {
    "sums": {"breakdown": "segment", "n_cells_off": 0},
}
DAMAGE = [
    ("n_cells_off", "update activation.retention_breakdown set n_retained = n_retained + 1"),
    ("n_cells_off", "delete from activation.retention_breakdown where breakdown_value = 'new'"),
]
