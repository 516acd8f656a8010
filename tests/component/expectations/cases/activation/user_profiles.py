"""Good and bad frames of activation.user_profiles, and damage to the healthy warehouse that it finds."""

GOOD = {
    "reconciliation": {
        "n_persons_off": 0,
        "n_other_date": 0,
        "n_segments_lost": 0,
        "n_churn_scores_lost": 0,
        "n_purchase_scores_lost": 0,
        "n_customer_values_lost": 0,
        "n_recommendations_lost": 0,
    },
}
DAMAGE = [
    ("n_persons_off", "delete from activation.user_profiles where person_id = 'p3'"),
    ("n_other_date", "update activation.user_profiles set as_of_date = '2026-01-30'"),
    ("n_segments_lost", "update activation.user_profiles set segment = null"),
    ("n_churn_scores_lost", "update activation.user_profiles set churn_probability = null where person_id = 'p3'"),
    ("n_purchase_scores_lost", "delete from ml.purchase_scores where person_id = 'p3'"),
    ("n_recommendations_lost", "update activation.user_profiles set top_recommendation = null where person_id = 'p3'"),
    ("n_customer_values_lost", "update activation.user_profiles set expected_orders = null"),
]
