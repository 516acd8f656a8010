"""The profile of every person: nobody and no score lost on the way."""

from expectations.checks import Probe, zero
from expectations.params import GateParams


def reconciliation(params: GateParams) -> Probe:
    return Probe(
        sql=f"""
            select
                abs(count(*) - (select count(*) from marts.dim_users)) as n_persons_off,
                count(*) filter (where as_of_date <> date '{params.as_of_date}') as n_other_date,
                abs(count(segment) - (select count(*) from ml.user_segments)) as n_segments_lost,
                abs(count(churn_probability) - (select count(probability) from ml.churn_scores)) as n_churn_scores_lost,
                abs(count(purchase_probability) - (select count(probability) from ml.purchase_scores))
                    as n_purchase_scores_lost,
                abs(count(expected_orders) - (select count(*) from ml.customer_value)) as n_customer_values_lost,
                abs(count(top_recommendation) - (select count(*) from ml.recommendations where rank = 1))
                    as n_recommendations_lost
            from activation.user_profiles
        """,
        checks=[
            zero("n_persons_off", "profiles compared with the persons of marts.dim_users"),
            zero("n_other_date", "rows of another date than as_of"),
            zero("n_segments_lost", "profiles with a segment compared with ml.user_segments"),
            zero("n_churn_scores_lost", "profiles with a churn probability compared with ml.churn_scores"),
            zero("n_purchase_scores_lost", "profiles with a purchase probability compared with ml.purchase_scores"),
            zero("n_customer_values_lost", "profiles with expected orders compared with ml.customer_value"),
            zero("n_recommendations_lost", "profiles with a recommendation compared with the lists' first items"),
        ],
    )


PROBES = (reconciliation,)
