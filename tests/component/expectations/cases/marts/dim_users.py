"""Good and bad frames of marts.dim_users, and damage to the healthy warehouse that it finds."""

GOOD = {
    "profile": {
        "n_persons": 5,
        "n_events_off": 0,
        "n_orders_off": 0,
        "n_suspicious_orders_off": 0,
        "revenue_off_rate": 0.0,
        "net_revenue_off_rate": 0.0,
        "largest_visitor_rate": 0.4,
        "n_seen_backwards": 0,
        "n_score_out_of_range": 0,
        "n_active_after_as_of": 0,
    },
}
BAD = {"n_persons": [0], "revenue_off_rate": [1e-06], "net_revenue_off_rate": [1e-06], "largest_visitor_rate": [0.51]}
DAMAGE = [
    ("n_suspicious_orders_off", "update marts.dim_users set n_suspicious_orders = 0"),
    ("revenue_off_rate", "update marts.dim_users set revenue = revenue + 1"),
    ("net_revenue_off_rate", "update marts.dim_users set net_revenue = revenue"),
    (
        "net_revenue_off_rate",
        "insert into marts.fct_refunds (amount, has_order, is_counted, is_bot) values (3, false, true, false)",
    ),
    ("largest_visitor_rate", "update marts.dim_users set person_id = 'anon:a', n_events = 999 where person_id = 'p3'"),
    ("n_persons", "delete from marts.dim_users"),
    ("n_events_off", "update marts.dim_users set n_events = n_events + 1"),
    ("n_events_off", "delete from marts.dim_users where person_id = 'p3'"),
    ("n_orders_off", "update marts.dim_users set n_orders = n_orders + 9"),
    ("n_seen_backwards", "update marts.dim_users set last_seen_at = '2020-01-01'"),
    ("n_score_out_of_range", "update marts.dim_users set activity_score = 101"),
    ("n_active_after_as_of", "update marts.dim_users set days_since_last_active = -1"),
]
