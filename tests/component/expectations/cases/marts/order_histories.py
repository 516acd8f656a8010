"""Good and bad frames of marts.order_histories, and damage to the healthy warehouse that it finds."""

GOOD = {
    "histories": {"n_persons_off": 0, "n_after_as_of": 0, "n_impossible": 0, "n_knowing_the_future": 0},
}
DAMAGE = [
    ("n_persons_off", "delete from marts.order_histories"),
    ("n_persons_off", "update marts.order_histories set n_order_days = n_order_days - 1"),
    ("n_after_as_of", "update marts.order_histories set as_of_date = '2026-02-01'"),
    ("n_impossible", "update marts.order_histories set recency_days = age_days + 1"),
    ("n_impossible", "update marts.order_histories set n_order_days = recency_days + 2"),
    ("n_knowing_the_future", "update marts.order_histories set n_days_after = 7"),
]
