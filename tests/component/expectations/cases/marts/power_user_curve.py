"""Good and bad frames of marts.power_user_curve, and damage to the healthy warehouse that it finds."""

GOOD = {
    "months": {"n_months_off": 0},
}
DAMAGE = [
    ("n_months_off", "delete from marts.power_user_curve where n_active_days = 2"),
    ("n_months_off", "delete from marts.power_user_curve where month_start = '2026-01-01'"),
]
