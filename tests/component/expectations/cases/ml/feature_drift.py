"""Good and bad frames of ml.feature_drift, and damage to the healthy warehouse that it finds."""

GOOD = {
    "shift": {"model": "churn", "n_psi_off": 0, "n_rates_off": 0, "drifted_share": 0.1, "score_psi": 0.02},
}
BAD = {"drifted_share": [0.9], "score_psi": [0.5]}
DAMAGE = [
    ("n_psi_off", "update ml.feature_drift set psi = null"),
    ("n_psi_off", "update ml.feature_drift set psi = -0.1 where feature = '(score)'"),
    ("n_rates_off", "update ml.feature_drift set missing_rate = 1.2"),
    ("drifted_share", "update ml.feature_drift set is_drifted = true"),
    ("score_psi", "update ml.feature_drift set psi = 0.4, is_drifted = true where feature = '(score)'"),
]
