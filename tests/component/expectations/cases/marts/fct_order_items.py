"""Good and bad frames of marts.fct_order_items, and damage to the healthy warehouse that it finds."""

GOOD = {
    "profile": {"n_worth_more_than_the_order": 0},
}
DAMAGE = [
    ("n_worth_more_than_the_order", "update marts.fct_order_items set revenue = 9.9"),
]
