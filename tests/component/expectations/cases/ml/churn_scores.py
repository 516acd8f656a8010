"""Good and bad frames of ml.churn_scores, and damage to the healthy warehouse that it finds."""

GOOD = {
    "scores": {
        "n_without_probability": 0,
        "n_outside_0_1": 0,
        "n_without_version": 0,
        "n_other_date": 0,
        "n_persons_invented": 0,
        "n_eligible_without_score": 0,
        "n_distinct_probabilities": 40,
        "gap_to_base_rate": 0.02,
    },
}
BAD = {"n_distinct_probabilities": [1], "gap_to_base_rate": [0.16]}
DAMAGE = [
    ("n_persons_invented", "insert into ml.churn_scores from ml.churn_scores"),
    (
        "n_distinct_probabilities",
        "insert into ml.churn_scores from ml.churn_scores; update ml.churn_scores set probability = 0.4",
    ),
    ("gap_to_base_rate", "update ml.churn_scores set probability = 0.9"),
    ("n_eligible_without_score", "delete from ml.churn_scores"),
    ("n_without_probability", "update ml.churn_scores set probability = null"),
    ("n_without_probability", "update ml.churn_scores set model_version = 'recency-rule-unlabelled'"),
    ("n_outside_0_1", "update ml.churn_scores set probability = 1.01"),
    ("n_without_version", "update ml.churn_scores set model_version = null"),
    ("n_other_date", "update ml.churn_scores set as_of_date = '2026-01-30'"),
    ("n_eligible_without_score", "delete from ml.churn_scores where person_id = 'p3'"),
]
