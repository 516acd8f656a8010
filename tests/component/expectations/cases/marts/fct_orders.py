"""Good and bad frames of marts.fct_orders, and damage to the healthy warehouse that it finds."""

GOOD = {
    "profile": {
        "n_more_than_purchases": 0,
        "n_after_as_of": 0,
        "n_negative_revenue": 0,
        "n_refunded_beyond_revenue": 0,
        "n_net_revenue_off": 0,
        "n_suspicious_without_reason": 0,
        "n_ids_of_several_users": 0,
        "suspicious_rate": 0.01,
    },
    "sources": {"source": "shop", "source_revenue_off_rate": 0.0, "repeated_rate": 0.01, "differing_rate": 0.05},
    "currency": {"other_currency_rate": 0.0, "note": None},
}
BAD = {
    "suspicious_rate": [0.21],
    "other_currency_rate": [0.001],
    "source_revenue_off_rate": [1e-6],
    "repeated_rate": [0.06],
    "differing_rate": [0.11],
}
DAMAGE = [
    ("n_more_than_purchases", "insert into marts.fct_orders from marts.fct_orders"),
    ("n_after_as_of", "update marts.fct_orders set order_date = '2026-02-01'"),
    ("n_negative_revenue", "update marts.fct_orders set revenue = -1"),
    ("n_refunded_beyond_revenue", "update marts.fct_orders set refunded_amount = 10, net_revenue = -0.5"),
    ("n_net_revenue_off", "update marts.fct_orders set net_revenue = revenue"),
    ("n_suspicious_without_reason", "update marts.fct_orders set suspicion_reason = null"),
    ("n_ids_of_several_users", "update marts.fct_orders set n_buyers = 2 where order_id = 'e20'"),
    ("source_revenue_off_rate", "update marts.fct_orders set revenue = revenue - 1 where order_id = 'e20'"),
    ("source_revenue_off_rate", "delete from marts.fct_orders where order_id = 'e20'"),
    ("repeated_rate", "update intermediate.int_order_lines set is_repeated = true"),
    ("differing_rate", "update marts.fct_orders set source = 'erp', revenue = revenue - 4 where order_id = 'e20'"),
    ("suspicious_rate", "update marts.fct_orders set is_suspicious = true"),
    ("other_currency_rate", "update marts.fct_orders set currency = 'CNY' where order_id = 'e20'"),
]
