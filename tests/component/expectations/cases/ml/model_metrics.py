"""Good and bad frames of ml.model_metrics, and damage to the healthy warehouse that it finds."""

GOOD = {
    "metrics": {
        "model": "churn",
        "split": "test",
        "n_without_value": 0,
        "n_outside_interval": 0,
        "n_rate_outside": 0,
        "promoted_roc_auc": 0.8,
    },
}
BAD = {"split": ["train"], "promoted_roc_auc": [0.49, 1.0]}
DAMAGE = [
    ("split", "update ml.model_metrics set split = 'train'"),
    ("n_without_value", "update ml.model_metrics set value = null"),
    ("n_outside_interval", "update ml.model_metrics set ci_low = 0.85"),
    ("n_rate_outside", "update ml.model_metrics set value = 1.5"),
    ("promoted_roc_auc", "update ml.model_metrics set value = 0.45"),
]
