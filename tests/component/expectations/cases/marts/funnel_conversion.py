"""Good and bad frames of marts.funnel_conversion, and damage to the healthy warehouse that it finds."""

GOOD = {
    "rates": {
        "funnel_name": "purchase",
        "n_not_monotone": 0,
        "n_more_than_entered": 0,
        "n_first_step_off": 0,
        "n_overall_rate_outside": 0,
        "n_step_rate_outside": 0,
        "n_negative_time": 0,
        "n_dropped_outside": 0,
        "n_quantiles_crossed": 0,
        "excluded_rate": 0.1,
    },
    "definitions": {"funnel_name": None, "left_out": None, "n_left_out": 0},
}
BAD = {"excluded_rate": [0.91]}
DAMAGE = [
    ("n_not_monotone", "update marts.funnel_conversion set n_reached = 41 where step_number = 3"),
    ("n_more_than_entered", "update marts.funnel_conversion set n_reached = 101"),
    ("n_first_step_off", "update marts.funnel_conversion set n_reached = 99"),
    ("n_overall_rate_outside", "update marts.funnel_conversion set overall_conversion_rate = 1.01"),
    ("n_step_rate_outside", "update marts.funnel_conversion set step_conversion_rate = -0.1"),
    ("n_negative_time", "update marts.funnel_conversion set median_time_from_previous_s = -1"),
    ("n_dropped_outside", "update marts.funnel_conversion set n_dropped = -1"),
    ("n_quantiles_crossed", "update marts.funnel_conversion set p75_time_from_entry_s = 41"),
    ("excluded_rate", "update marts.funnel_conversion set n_excluded = 1000"),
    ("n_left_out", "select 'the config is what is damaged'"),
]
PARAMS = {"n_left_out": {"left_out_of_funnels": ({"funnel_name": "purchase", "left_out": "sign_up"},)}}
