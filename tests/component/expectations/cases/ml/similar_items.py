"""Good and bad frames of ml.similar_items, and damage to the healthy warehouse that it finds."""

GOOD = {
    "pairs": {"n_like_themselves": 0, "n_similarity_outside": 0, "n_of_no_night": 0, "n_out_of_order": 0},
}
DAMAGE = [
    ("n_like_themselves", "update ml.similar_items set similar_item_id = 'i' where rank = 1"),
    ("n_similarity_outside", "update ml.similar_items set similarity = 0"),
    ("n_of_no_night", "update ml.similar_items set as_of_date = '2026-01-30'"),
    ("n_out_of_order", "update ml.similar_items set similarity = 0.9 where rank = 2"),
]
