"""Good and bad frames of ml.customer_value, and damage to the healthy warehouse that it finds."""

GOOD = {
    "values": {
        "n_persons_off": 0,
        "n_other_date": 0,
        "n_probability_outside": 0,
        "n_orders_outside": 0,
        "n_revenue_off": 0,
    },
}
DAMAGE = [
    ("n_persons_off", "delete from ml.customer_value"),
    ("n_other_date", "update ml.customer_value set as_of_date = '2026-01-30'"),
    ("n_probability_outside", "update ml.customer_value set probability_alive = 1.01"),
    ("n_probability_outside", "update ml.customer_value set probability_of_order = 0.9"),
    ("n_orders_outside", "update ml.customer_value set expected_orders = 91"),
    ("n_orders_outside", "update ml.customer_value set expected_orders = 'nan'::double"),
    ("n_orders_outside", "update ml.customer_value set expected_orders = 0.5"),
    ("n_revenue_off", "update ml.customer_value set expected_revenue = 31"),
]
