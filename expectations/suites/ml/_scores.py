"""What holds of the scores of every model: one probability for each person that the label is for."""

from expectations.checks import Probe, at_least, between, zero
from expectations.params import GateParams

_METRICS = "from ml.model_metrics where split = 'test'"


def scores_of(table: str, label: str, params: GateParams, predicted_if: str = "true") -> Probe:
    """The probe of a table of scores; `label` is the column of marts.user_labels that they predict.

    `predicted_if`: SQL on marts.user_features that holds of somebody at as_of, or else nobody is scored.
    """
    # The base rate is that of the newest snapshot whose horizon is over; the mean is over persons the label is for.
    return Probe(
        sql=f"""
            with labelled as (
                select as_of_date, avg(cast({label} as integer)) as base_rate
                from marts.user_labels
                where is_eligible and {label} is not null
                group by as_of_date
                order by as_of_date desc
                limit 1
            ),
            eligible as (
                select avg(scores.probability) as mean_probability
                from {table} as scores
                inner join marts.user_labels as labels using (person_id, as_of_date)
                where labels.is_eligible
            )
            select
                -- before anything is labelled the recency rule only ranks
                count(*) filter (
                    where isnan(cast(probability as double))
                        or (probability is null) <> (model_version = 'recency-rule-unlabelled')
                ) as n_without_probability,
                count(*) filter (where probability not between 0 and 1) as n_outside_0_1,
                count(*) filter (where model_version is null) as n_without_version,
                count(*) filter (where as_of_date <> date '{params.as_of_date}') as n_other_date,
                greatest(0, count(*) - (select count(*) from marts.dim_users)) as n_persons_invented,
                (
                    select count(*)
                    from marts.user_labels
                    where is_eligible and as_of_date = date '{params.as_of_date}'
                        and person_id not in (select person_id from {table})
                        and exists (
                            select 1 from marts.user_features
                            where as_of_date = date '{params.as_of_date}' and {predicted_if}
                        )
                ) as n_eligible_without_score,
                case when count(probability) >= 20 then count(distinct round(probability, 6)) end
                    as n_distinct_probabilities,
                abs((select mean_probability from eligible) - (select base_rate from labelled)) as gap_to_base_rate
            from {table}
        """,
        checks=[
            zero("n_without_probability", "persons without a probability, or with one before anything was labelled"),
            zero("n_outside_0_1", "probabilities outside 0 to 1"),
            zero("n_without_version", "rows without the version of the model"),
            zero("n_other_date", "rows of another date than as_of"),
            zero("n_persons_invented", "persons beyond those of marts.dim_users"),
            # With too little history to train, the recency rule scores.
            zero("n_eligible_without_score", "persons that the label is for at as_of and who have no score"),
            at_least(
                "n_distinct_probabilities",
                2,
                "every person got the same probability, so the model learnt nothing",
                look=_METRICS,
                severity="warn",
                may_be_empty=True,
            ),
            between(
                "gap_to_base_rate",
                0,
                params.max_base_rate_gap,
                "mean probability and rate of the last labelled snapshot are far apart",
                look=_METRICS,
                severity="warn",
                may_be_empty=True,
            ),
        ],
    )
