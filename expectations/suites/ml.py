"""Gate ml: model output, untyped until here. Judges plausibility; whether a model is good enough, models/ decides."""

from collections.abc import Callable

from expectations.params import GateParams
from expectations.suites.base import Check, Probe, Suite, between, in_set, none_of, none_of_each


def _scores_sql(table: str, label: str) -> Callable[[GateParams], str]:
    def sql(params: GateParams) -> str:
        # The base rate is that of the newest snapshot whose horizon is over; the mean is over persons the label is for.
        return f"""
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
                count(*) filter (where probability is null or isnan(cast(probability as double))) as n_without_probability,
                count(*) filter (where probability not between 0 and 1) as n_outside_0_1,
                count(*) filter (where model_version is null) as n_without_version,
                count(*) filter (where as_of_date <> date '{params.as_of_date}') as n_other_date,
                greatest(0, count(*) - (select count(*) from marts.dim_users)) as n_persons_invented,
                (
                    select count(*)
                    from marts.user_labels
                    where is_eligible and as_of_date = date '{params.as_of_date}'
                        and person_id not in (select person_id from {table})
                ) as n_eligible_without_score,
                case when count(*) >= 20 then count(distinct round(probability, 6)) end as n_distinct_probabilities,
                abs((select mean_probability from eligible) - (select base_rate from labelled)) as gap_to_base_rate
            from {table}
        """

    return sql


def _scores_checks(params: GateParams) -> list[Check]:
    columns = (
        "n_without_probability", "n_outside_0_1", "n_without_version", "n_other_date", "n_persons_invented",
        # With too little history to train, the recency rule scores.
        "n_eligible_without_score",
    )  # fmt: skip
    return [
        *(none_of(column) for column in columns),
        # One value for everybody is a model that learnt nothing.
        between("n_distinct_probabilities", low=2, severity="warn", may_be_empty=True),
        between("gap_to_base_rate", 0, params.max_base_rate_gap, severity="warn", may_be_empty=True),
    ]


def _segments_sql(params: GateParams) -> str:
    return f"""
        select
            segment,
            count(*) as n_persons,
            -- after years most people are dormant; one segment for all the others means a rule that is broken
            case when segment <> 'dormant'
                then count(*) / sum(count(*)) filter (where segment <> 'dormant') over ()
            end as segment_share,
            count(*) filter (where as_of_date <> date '{params.as_of_date}') as n_other_date,
            count(*) filter (where model_version is null or segment_reason is null) as n_unexplained,
            count(*) filter (where rfm_score is distinct from concat(rfm_recency, rfm_frequency, rfm_monetary)
                and (rfm_score is not null or rfm_recency is not null)) as n_rfm_off,
            count(*) filter (where least(rfm_recency, rfm_frequency, rfm_monetary) < 1
                or greatest(rfm_recency, rfm_frequency, rfm_monetary) > 5) as n_rfm_outside,
            abs(sum(count(*)) over () - (
                select count(*) from marts.user_features where as_of_date = date '{params.as_of_date}'
            )) as n_persons_off
        from ml.user_segments
        group by segment
    """


def _segments_checks(params: GateParams) -> list[Check]:
    return [
        Check("ExpectColumnValuesToNotBeNull", "segment"),
        in_set("segment", params.segments),
        between("segment_share", 0, 0.98, severity="warn", may_be_empty=True),
        none_of("n_other_date"),
        none_of("n_unexplained"),
        none_of("n_rfm_off"),
        none_of("n_rfm_outside"),
        none_of("n_persons_off"),
    ]


def _migrations_sql(params: GateParams) -> str:
    return f"""
        select
            -- nothing to compare with on the first night
            case when count(*) > 0 then abs(
                coalesce(sum(n_persons) filter (where to_segment <> '(gone)'), 0) - (select count(*) from ml.user_segments)
            ) end as n_persons_off,
            count(*) filter (where as_of_date <> date '{params.as_of_date}') as n_other_date,
            count(*) filter (where previous_as_of_date >= as_of_date) as n_backwards,
            count(*) filter (where n_persons < 1 or (from_segment = '(new)' and to_segment = '(gone)')) as n_nobody
        from ml.segment_migrations
    """


def _migrations_checks(params: GateParams) -> list[Check]:
    return [
        none_of("n_persons_off", may_be_empty=True),
        *(none_of(column) for column in ("n_other_date", "n_backwards", "n_nobody")),
    ]


def _profiles_sql(params: GateParams) -> str:
    return f"""
        select
            abs(count(*) - (select count(*) from marts.dim_users)) as n_persons_off,
            count(*) filter (where as_of_date <> date '{params.as_of_date}') as n_other_date,
            abs(count(segment) - (select count(*) from ml.user_segments)) as n_segments_lost,
            abs(count(churn_probability) - (select count(*) from ml.churn_scores)) as n_churn_scores_lost,
            abs(count(purchase_probability) - (select count(*) from ml.purchase_scores)) as n_purchase_scores_lost,
            abs(count(expected_orders) - (select count(*) from ml.customer_value)) as n_customer_values_lost,
            abs(count(top_recommendation) - (select count(*) from ml.recommendations where rank = 1))
                as n_recommendations_lost
        from activation.user_profiles
    """


_profiles_checks = none_of_each(
    "n_persons_off",
    "n_other_date",
    "n_segments_lost",
    "n_churn_scores_lost",
    "n_purchase_scores_lost",
    "n_customer_values_lost",
    "n_recommendations_lost",
)


def _breakdown_sql(params: GateParams) -> str:
    return """
        with summed as (
            select breakdown, mode, grain, cohort_start, period_number, sum(n_cohort) as n_cohort, sum(n_retained) as n_retained
            from activation.retention_breakdown
            group by all
        ),
        breakdowns as (select distinct breakdown from summed),
        wanted as (select * from breakdowns cross join marts.retention)
        select
            breakdown,
            count(*) filter (
                where wanted.n_cohort is distinct from summed.n_cohort or wanted.n_retained is distinct from summed.n_retained
            ) as n_cells_off
        from wanted
        full join summed using (breakdown, mode, grain, cohort_start, period_number)
        group by breakdown
    """


_breakdown_checks = none_of_each("n_cells_off", may_be_empty=True)


def _history_sql(params: GateParams) -> str:
    return f"""
        with in_order as (
            select
                *,
                lag(coalesce(valid_to, date 'infinity')) over (partition by person_id, attribute order by valid_from) as before_ended
            from activation.user_history
        ),
        profiles as (
            select person_id, 'segment' as attribute, segment as value from activation.user_profiles where segment is not null
            union all
            select person_id, 'lifecycle_stage', lifecycle_stage from activation.user_profiles
        )
        select
            count(*) filter (where valid_to <= valid_from) as n_empty,
            count(*) filter (where valid_from > date '{params.as_of_date}' or valid_to > date '{params.as_of_date}') as n_after_as_of,
            count(*) filter (where valid_from < before_ended) as n_overlapping,
            avg(cast(valid_from > before_ended as integer)) as gap_rate,
            (select count(*) from profiles full join (from in_order where valid_to is null) as current using (person_id, attribute)
                where profiles.value is distinct from current.value) as n_other_than_the_profile
        from in_order
    """


def _history_checks(params: GateParams) -> list[Check]:
    columns = ("n_empty", "n_after_as_of", "n_overlapping", "n_other_than_the_profile")
    return [
        *(none_of(column) for column in columns),
        # Persons who were programs, or nobody, for some nights.
        between("gap_rate", 0, 0.05, severity="warn", may_be_empty=True),
    ]


def _metrics_sql(params: GateParams) -> str:
    return """
        select
            model,
            split,
            count(*) filter (where value is null or isnan(cast(value as double)) or isinf(cast(value as double))) as n_without_value,
            -- an interval that could not be estimated is NaN, which DuckDB sorts above every number
            count(*) filter (where (ci_low > value and not isnan(cast(ci_low as double))) or ci_high < value)
                as n_outside_interval,
            count(*) filter (where regexp_matches(metric, '(auc|brier|precision|recall|ndcg|map_at|coverage|diversity)') and value not between 0 and 1)
                as n_rate_outside,
            min(value) filter (where is_promoted and split = 'test' and metric like '%roc_auc%') as promoted_roc_auc
        from ml.model_metrics
        group by model, split
    """


def _metrics_checks(params: GateParams) -> list[Check]:
    return [
        in_set("split", ("validation", "test"), may_be_empty=True),
        none_of("n_without_value", severity="warn", may_be_empty=True),
        none_of("n_outside_interval", severity="warn", may_be_empty=True),
        none_of("n_rate_outside", may_be_empty=True),
        # Exactly 1 is what a leaked label looks like.
        between("promoted_roc_auc", 0.5, 0.999, severity="warn", may_be_empty=True),
    ]


def _drift_sql(params: GateParams) -> str:
    return """
        select
            model,
            count(*) filter (where psi is null or isnan(cast(psi as double)) or psi < 0) as n_psi_off,
            count(*) filter (where missing_rate not between 0 and 1 or reference_missing_rate not between 0 and 1)
                as n_rates_off,
            avg(cast(is_drifted as integer)) filter (where feature <> '(score)') as drifted_share,
            max(case when is_drifted then psi else 0 end) filter (where feature = '(score)') as score_psi
        from ml.feature_drift
        group by model
    """


def _drift_checks(params: GateParams) -> list[Check]:
    return [
        none_of("n_psi_off", may_be_empty=True),
        none_of("n_rates_off", may_be_empty=True),
        # The limits at which a model is trained again (models/drift.py); scores of few persons move by chance.
        between("drifted_share", 0, 0.25, severity="warn", may_be_empty=True),
        between("score_psi", 0, 0.2, severity="warn", may_be_empty=True),
    ]


SUITES: tuple[Suite, ...] = (
    Suite("ml.user_segments", "ml", (Probe("shares", _segments_sql, _segments_checks, keys=("segment",)),)),
    Suite("ml.segment_migrations", "ml", (Probe("flows", _migrations_sql, _migrations_checks),)),
    Suite("ml.churn_scores", "ml", (Probe("scores", _scores_sql("ml.churn_scores", "label_churned"), _scores_checks),)),
    Suite(
        "ml.purchase_scores",
        "ml",
        (Probe("scores", _scores_sql("ml.purchase_scores", "label_purchased"), _scores_checks),),
    ),
    Suite("ml.model_metrics", "ml", (Probe("metrics", _metrics_sql, _metrics_checks, keys=("model", "split")),)),
    Suite("ml.feature_drift", "ml", (Probe("shift", _drift_sql, _drift_checks, keys=("model",)),)),
    Suite("activation.user_history", "ml", (Probe("intervals", _history_sql, _history_checks),)),
    Suite("activation.user_profiles", "ml", (Probe("reconciliation", _profiles_sql, _profiles_checks),)),
    Suite(
        "activation.retention_breakdown", "ml", (Probe("sums", _breakdown_sql, _breakdown_checks, keys=("breakdown",)),)
    ),
)
