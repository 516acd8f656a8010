"""Good and bad frames of marts.fct_refunds, and damage to the healthy warehouse that it finds."""

GOOD = {
    "profile": {"n_negative_amount": 0, "no_order_rate": 0.1, "n_refunds_off": 0},
}
BAD = {"no_order_rate": [0.21]}
DAMAGE = [
    ("n_negative_amount", "update marts.fct_refunds set amount = -1"),
    ("no_order_rate", "update marts.fct_refunds set has_order = false"),
    ("n_refunds_off", "update marts.fct_refunds set is_counted = false"),
]
