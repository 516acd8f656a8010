"""Good and bad frames of marts.item_pairs, and damage to the healthy warehouse that it finds."""

GOOD = {
    "rates": {"n_not_in_order": 0, "n_more_than_the_whole": 0, "n_rate_outside": 0},
}
DAMAGE = [
    ("n_not_in_order", "update marts.item_pairs set item_a = 'b'"),
    ("n_more_than_the_whole", "update marts.item_pairs set n_together = 6"),
    ("n_more_than_the_whole", "update marts.item_pairs set n_baskets = 7"),
    ("n_rate_outside", "update marts.item_pairs set confidence_a_to_b = 1.2"),
]
