"""Good and bad frames of marts.channel_attribution, and damage to the healthy warehouse that it finds."""

GOOD = {
    "sums": {
        "model": "linear",
        "period": "all",
        "conversions_off": 0.0,
        "revenue_off": 0.0,
        "n_negative": 0,
        "unexplained_share": 0.1,
    },
}
BAD = {"conversions_off": [1e-06], "revenue_off": [1e-06], "unexplained_share": [0.51]}
DAMAGE = [
    ("conversions_off", "delete from marts.channel_attribution where channel = 'email'"),
    ("conversions_off", "update marts.fct_orders set is_suspicious = true where order_id = 'e10'"),
    ("revenue_off", "update marts.channel_attribution set revenue = revenue + 0.000001"),
    ("n_negative", "update marts.channel_attribution set n_conversions = -1 where channel = 'email'"),
    ("unexplained_share", "update marts.channel_attribution set channel = 'no_touch'"),
]
