"""Good and bad frames of marts.fct_refunds, and damage to the healthy warehouse that it finds."""

GOOD = {
    "profile": {
        "n_negative_amount": 0,
        "no_order_rate": 0.1,
        "unknown_amount_rate": 0.1,
        "refunded_rate": 0.1,
        "n_refunds_off": 0,
    },
}
BAD = {"no_order_rate": [0.21], "unknown_amount_rate": [0.21], "refunded_rate": [0.51]}
DAMAGE = [
    ("n_negative_amount", "update marts.fct_refunds set amount = -1"),
    ("no_order_rate", "update marts.fct_refunds set has_order = false"),
    ("unknown_amount_rate", "update marts.fct_refunds set amount = null"),
    ("refunded_rate", "update marts.fct_refunds set amount = 1000"),
    ("n_refunds_off", "update marts.fct_refunds set is_counted = false"),
]
