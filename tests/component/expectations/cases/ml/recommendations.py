"""Good and bad frames of ml.recommendations, and damage to the healthy warehouse that it finds."""

GOOD = {
    "lists": {
        "n_unexplained": 0,
        "n_without_version": 0,
        "n_other_date": 0,
        "n_score_outside": 0,
        "n_lists_with_gaps": 0,
        "n_lists_too_long": 0,
        "n_not_for_persons": 0,
        "n_bought_before": 0,
        "n_items_unknown": 0,
        "without_list_rate": 0,
    },
}
BAD = {"without_list_rate": [0.06]}
DAMAGE = [
    ("n_unexplained", "update ml.recommendations set reason = '' where person_id = 'p3'"),
    ("n_without_version", "update ml.recommendations set model_version = null"),
    ("n_other_date", "update ml.recommendations set as_of_date = '2026-01-30'"),
    ("n_score_outside", "update ml.recommendations set score = 'nan'"),
    ("n_lists_with_gaps", "delete from ml.recommendations where person_id = 'p3' and rank = 1"),
    (
        "n_lists_too_long",
        "insert into ml.recommendations select person_id, as_of_date, i, item_id, score, strategy, reason, "
        "model_version from ml.recommendations, range(3, 12) as r(i) where rank = 1",
    ),
    ("n_not_for_persons", "update marts.dim_users set is_bot = true where person_id = 'p3'"),
    ("n_bought_before", "update ml.recommendations set item_id = 'i' where person_id = 'p0' and rank = 2"),
    ("n_items_unknown", "update ml.recommendations set item_id = 'x' where person_id = 'p3' and rank = 2"),
    ("without_list_rate", "delete from ml.recommendations where person_id = 'p3'"),
    ("without_list_rate", "delete from ml.recommendations"),
]
