"""Gate marts: what analysts will read. Volume, distribution and reconciliation; keys and enums are dbt tests."""

from expectations.params import GateParams
from expectations.suites.base import Check, Probe, Suite, accepted_by_source, between, none_of, quoted_list

_ROUNDING = 1e-9  # of sums of doubles added in another order


def _fct_events_sql(params: GateParams) -> str:
    return f"""
        select
            count(*) as n_events,
            date_diff('day', max(event_date), date '{params.as_of_date}') as days_behind_as_of,
            count(*) filter (where duration_s < 0 or duration_s > {params.max_duration_s}) as n_duration_out_of_range,
            avg(cast(is_bot as integer)) as bot_rate,
            avg(cast(revenue is null as integer)) filter (where event_name = 'purchase') as purchase_no_revenue_rate
        from marts.fct_events
    """


def _fct_events_checks(params: GateParams) -> list[Check]:
    return [
        between("n_events", low=1),
        between("days_behind_as_of", low=0),
        between("days_behind_as_of", high=1, severity="warn"),
        none_of("n_duration_out_of_range"),
        between("bot_rate", 0, params.max_bot_rate, severity="warn"),
        # Logs without prices are common, so this only warns.
        between("purchase_no_revenue_rate", 0, 0.5, severity="warn", may_be_empty=True),
    ]


def _reconciliation_sql(params: GateParams) -> str:
    return f"""
        with accepted as ({accepted_by_source(params)}),
        duplicates as (select source, count(*) as n from intermediate.int_duplicates group by source),
        loaded as (select source, count(*) as n from marts.fct_events group by source)
        select
            source,
            abs(coalesce(accepted.n, 0) - coalesce(duplicates.n, 0) - coalesce(loaded.n, 0)) as n_lost_or_invented
        from accepted
        full join duplicates using (source)
        full join loaded using (source)
    """


def _reconciliation_checks(params: GateParams) -> list[Check]:
    return [none_of("n_lost_or_invented")]


def _fct_sessions_sql(params: GateParams) -> str:
    return f"""
        select
            count(*) filter (where duration_s < 0 or duration_s > {params.session_max_hours * 3600})
                as n_duration_out_of_range,
            count(*) filter (where n_events < 1) as n_without_events,
            abs(coalesce(sum(n_events), 0) - (select count(*) from marts.fct_events where session_id is not null))
                as n_events_off,
            abs(coalesce(sum(n_purchases), 0) - (
                select count(*) from marts.fct_events where session_id is not null and event_name = 'purchase'
            )) as n_purchases_off,
            abs(coalesce(sum(revenue), 0) / (
                select nullif(sum(revenue), 0) from marts.fct_orders where session_id is not null and not is_suspicious
            ) - 1) as revenue_off_rate,
            avg(cast(is_converted as integer)) filter (where not is_bot) as conversion_rate
        from marts.fct_sessions
    """


def _fct_sessions_checks(params: GateParams) -> list[Check]:
    return [
        none_of("n_duration_out_of_range"),
        none_of("n_without_events"),
        none_of("n_events_off"),
        none_of("n_purchases_off"),
        between("revenue_off_rate", 0, _ROUNDING, may_be_empty=True),
        between("conversion_rate", 0, 0.9, severity="warn", may_be_empty=True),
    ]


def _fct_orders_sql(params: GateParams) -> str:
    return f"""
        select
            greatest(0, count(*) - (select count(*) from marts.fct_events where event_name = 'purchase'))
                as n_more_than_purchases,
            count(*) filter (where order_date > date '{params.as_of_date}') as n_after_as_of,
            count(*) filter (where revenue < 0) as n_negative_revenue,
            count(*) filter (where refunded_amount < 0 or refunded_amount > greatest(revenue, 0)) as n_refunded_beyond_revenue,
            count(*) filter (where abs(revenue - refunded_amount - net_revenue) > 0.005) as n_net_revenue_off,
            count(*) filter (where is_suspicious <> (suspicion_reason is not null)) as n_suspicious_without_reason,
            case when count(*) > 0 then avg(cast(is_suspicious as integer)) end as suspicious_rate
        from marts.fct_orders
    """


def _fct_orders_checks(params: GateParams) -> list[Check]:
    return [
        none_of("n_more_than_purchases"),
        none_of("n_after_as_of"),
        none_of("n_negative_revenue", severity="warn"),
        none_of("n_refunded_beyond_revenue"),
        none_of("n_net_revenue_off"),
        none_of("n_suspicious_without_reason"),
        between("suspicious_rate", 0, 0.2, severity="warn", may_be_empty=True),
    ]


def _refunds_sql(params: GateParams) -> str:
    return """
        select
            count(*) filter (where amount < 0) as n_negative_amount,
            avg(cast(not has_order as integer)) as no_order_rate,
            abs(count(*) filter (where is_counted) - (select coalesce(sum(n_refunds), 0) from marts.fct_orders)) as n_refunds_off
        from marts.fct_refunds
    """


def _refunds_checks(params: GateParams) -> list[Check]:
    return [
        none_of("n_negative_amount"),
        # Of orders older than the history, or of a source whose ids are not the orders'.
        between("no_order_rate", 0, 0.2, severity="warn", may_be_empty=True),
        none_of("n_refunds_off"),
    ]


def _order_items_sql(params: GateParams) -> str:
    return """
        with items as (select order_id, sum(revenue) as revenue, sum(quantity) as quantity from marts.fct_order_items group by order_id)
        select count(*) filter (where items.revenue > greatest(orders.revenue, 0) + 0.005) as n_worth_more_than_the_order
        from marts.fct_orders as orders inner join items using (order_id)
    """


def _order_items_checks(params: GateParams) -> list[Check]:
    # A line with a negative amount (a voucher without an item) makes an order worth less than its items.
    return [none_of("n_worth_more_than_the_order", severity="warn", may_be_empty=True)]


def _item_pairs_sql(params: GateParams) -> str:
    return """
        select
            count(*) filter (where item_a >= item_b) as n_not_in_order,
            count(*) filter (where n_together > least(n_baskets_a, n_baskets_b) or greatest(n_baskets_a, n_baskets_b) > n_baskets)
                as n_more_than_the_whole,
            count(*) filter (where least(support, confidence_a_to_b, confidence_b_to_a) <= 0
                or greatest(support, confidence_a_to_b, confidence_b_to_a) > 1 or lift <= 0) as n_rate_outside
        from marts.item_pairs
    """


def _item_pairs_checks(params: GateParams) -> list[Check]:
    return [none_of(column) for column in ("n_not_in_order", "n_more_than_the_whole", "n_rate_outside")]


def _dim_users_sql(params: GateParams) -> str:
    return """
        select
            count(*) as n_persons,
            abs(coalesce(sum(n_events), 0) - (select count(*) from marts.fct_events)) as n_events_off,
            abs(coalesce(sum(n_orders), 0) - (select count(*) from marts.fct_orders)) as n_orders_off,
            abs(coalesce(sum(n_suspicious_orders), 0) - (select count(*) from marts.fct_orders where is_suspicious))
                as n_suspicious_orders_off,
            abs(coalesce(sum(revenue), 0) / (
                select nullif(sum(revenue), 0) from marts.fct_orders where not is_suspicious
            ) - 1) as revenue_off_rate,
            abs(coalesce(sum(net_revenue), 0) / (
                select nullif(sum(net_revenue), 0) from marts.fct_orders where not is_suspicious
            ) - 1) as net_revenue_off_rate,
            count(*) filter (where last_seen_at < first_seen_at) as n_seen_backwards,
            count(*) filter (where activity_score < 0 or activity_score > 100 or isnan(cast(activity_score as double)))
                as n_score_out_of_range,
            count(*) filter (where days_since_last_active < 0) as n_active_after_as_of
        from marts.dim_users
    """


def _dim_users_checks(params: GateParams) -> list[Check]:
    return [
        between("n_persons", low=1),
        none_of("n_events_off"),
        none_of("n_orders_off"),
        none_of("n_suspicious_orders_off"),
        between("revenue_off_rate", 0, _ROUNDING, may_be_empty=True),
        between("net_revenue_off_rate", 0, _ROUNDING, may_be_empty=True),
        none_of("n_seen_backwards"),
        none_of("n_score_out_of_range"),
        none_of("n_active_after_as_of"),
    ]


def _funnel_sql(params: GateParams) -> str:
    # An optional step may be reached by fewer people than the one after it, so those funnels need not be monotone.
    optional = quoted_list(params.funnels_with_optional_steps or ("",))
    return f"""
        with steps as (
            select *,
                lag(n_reached) over (
                    partition by funnel_name, period, period_start, breakdown_value order by step_number
                ) as n_reached_before
            from marts.funnel_conversion
        )
        select
            funnel_name,
            count(*) filter (where n_reached > n_reached_before and funnel_name not in {optional}) as n_not_monotone,
            count(*) filter (where n_reached > n_entered) as n_more_than_entered,
            count(*) filter (where step_number = 1 and n_reached <> n_entered and funnel_name not in {optional})
                as n_first_step_off,
            count(*) filter (where overall_conversion_rate not between 0 and 1) as n_overall_rate_outside,
            count(*) filter (where step_conversion_rate not between 0 and 1 and funnel_name not in {optional})
                as n_step_rate_outside,
            count(*) filter (where median_time_from_previous_s < 0) as n_negative_time,
            count(*) filter (where n_dropped < 0 or n_dropped > n_entered) as n_dropped_outside,
            count(*) filter (
                where p25_time_from_entry_s > median_time_from_entry_s or median_time_from_entry_s > p75_time_from_entry_s
                or p75_time_from_entry_s > p90_time_from_entry_s
            ) as n_quantiles_crossed,
            coalesce(
                sum(n_excluded) filter (where period = 'all' and breakdown_value is null)
                / nullif(sum(n_excluded + n_entered) filter (where period = 'all' and breakdown_value is null), 0), 0
            ) as excluded_rate
        from steps
        group by funnel_name
    """


def _funnel_checks(params: GateParams) -> list[Check]:
    columns = (
        "n_not_monotone",
        "n_more_than_entered",
        "n_first_step_off",
        "n_overall_rate_outside",
        "n_step_rate_outside",
        "n_negative_time",
        "n_dropped_outside",
        "n_quantiles_crossed",
    )
    return [
        *(none_of(column, may_be_empty=True) for column in columns),
        # An event that removes nearly everybody is more likely a wrong name in `exclude` than the truth.
        between("excluded_rate", 0, 0.9, severity="warn", may_be_empty=True),
    ]


def _retention_sql(params: GateParams) -> str:
    return """
        select
            mode,
            grain,
            count(*) filter (where retention_rate not between 0 and 1 or isnan(cast(retention_rate as double))) as n_rate_outside,
            count(*) filter (where n_retained > n_cohort) as n_more_than_cohort,
            count(*) filter (where period_number = 0 and n_retained <> n_cohort) as n_start_not_whole,
            count(*) filter (where cumulative_revenue_per_person <> cumulative_revenue / n_cohort) as n_value_off,
            count(distinct (cohort_start, n_cohort)) - count(distinct cohort_start) as n_cohort_sizes_differ
        from marts.retention
        group by mode, grain
    """


def _retention_checks(params: GateParams) -> list[Check]:
    columns = ("n_rate_outside", "n_more_than_cohort", "n_start_not_whole", "n_value_off")
    return [
        *(none_of(column, may_be_empty=True) for column in columns),
        none_of("n_cohort_sizes_differ", severity="warn", may_be_empty=True),
    ]


def _retention_persons_sql(params: GateParams) -> str:
    return """
        with asked as (select mode, grain, max(period_number) as last from marts.retention group by mode, grain),
        cells as (select mode, grain, sum(n_retained) as n from marts.retention group by mode, grain),
        persons as (
            select mode, grain, count(*) filter (where is_retained and period_number <= last) as n
            from marts.retention_persons
            inner join asked using (mode, grain)
            group by mode, grain
        )
        select mode, grain, abs(coalesce(cells.n, 0) - persons.n) as n_persons_off
        from persons
        left join cells using (mode, grain)
    """


def _retention_persons_checks(params: GateParams) -> list[Check]:
    return [none_of("n_persons_off", may_be_empty=True)]


def _lifecycle_sql(params: GateParams) -> str:
    return """
        with periods as (
            select *, lag(n_active, 1, 0) over (partition by grain order by period_start) as n_active_before
            from marts.lifecycle_periods
        )
        select
            grain,
            count(*) filter (where n_new + n_returning + n_resurrected <> n_active) as n_states_off,
            count(*) filter (where n_returning + n_dormant <> n_active_before) as n_flow_off,
            abs(sum(n_new) - (select count(*) from marts.dim_users where not is_bot)) as n_persons_off
        from periods
        group by grain
    """


def _lifecycle_checks(params: GateParams) -> list[Check]:
    return [none_of(column, may_be_empty=True) for column in ("n_states_off", "n_flow_off", "n_persons_off")]


def _power_users_sql(params: GateParams) -> str:
    return """
        select count(*) as n_months_off
        from (select month_start, sum(n_persons) as n_persons from marts.power_user_curve group by month_start)
        full join (select period_start as month_start, n_active from marts.lifecycle_periods where grain = 'month')
            using (month_start)
        where coalesce(n_active, 1) > 0 and n_persons is distinct from n_active
    """


def _power_users_checks(params: GateParams) -> list[Check]:
    return [none_of("n_months_off")]


def _features_sql(params: GateParams) -> str:
    return f"""
        select
            as_of_date,
            count(*) as n_persons,
            greatest(0, count(*) - (select count(*) from marts.dim_users)) as n_persons_invented,
            count(*) filter (where as_of_date > date '{params.as_of_date}') as n_after_as_of,
            count(*) filter (where days_since_last_active < 0) as n_seeing_the_future,
            count(*) filter (where activity_score < 0 or activity_score > 100 or isnan(cast(activity_score as double)))
                as n_score_out_of_range,
            count(*) filter (where activity_score is null or purchase_frequency is null) as n_missing,
            cast(bool_or(as_of_date = date '{params.as_of_date}') as integer) as is_current
        from marts.user_features
        group by as_of_date
    """


def _features_checks(params: GateParams) -> list[Check]:
    columns = ("n_persons_invented", "n_after_as_of", "n_seeing_the_future", "n_score_out_of_range", "n_missing")
    return [
        *(none_of(column) for column in columns),
        Check("ExpectColumnMaxToBeBetween", "is_current", {"min_value": 1}),
    ]


SUITES: tuple[Suite, ...] = (
    Suite(
        "marts.fct_events",
        "marts",
        (
            Probe("profile", _fct_events_sql, _fct_events_checks),
            Probe("reconciliation", _reconciliation_sql, _reconciliation_checks, keys=("source",)),
        ),
    ),
    Suite("marts.fct_sessions", "marts", (Probe("profile", _fct_sessions_sql, _fct_sessions_checks),)),
    Suite("marts.fct_orders", "marts", (Probe("profile", _fct_orders_sql, _fct_orders_checks),)),
    Suite("marts.fct_refunds", "marts", (Probe("profile", _refunds_sql, _refunds_checks),)),
    Suite("marts.fct_order_items", "marts", (Probe("profile", _order_items_sql, _order_items_checks),)),
    Suite("marts.item_pairs", "marts", (Probe("rates", _item_pairs_sql, _item_pairs_checks),)),
    Suite("marts.dim_users", "marts", (Probe("profile", _dim_users_sql, _dim_users_checks),)),
    Suite("marts.funnel_conversion", "marts", (Probe("rates", _funnel_sql, _funnel_checks, keys=("funnel_name",)),)),
    Suite("marts.retention", "marts", (Probe("rates", _retention_sql, _retention_checks, keys=("mode", "grain")),)),
    Suite(
        "marts.retention_persons",
        "marts",
        (Probe("cells", _retention_persons_sql, _retention_persons_checks, keys=("mode", "grain")),),
    ),
    Suite("marts.lifecycle_periods", "marts", (Probe("flow", _lifecycle_sql, _lifecycle_checks, keys=("grain",)),)),
    Suite("marts.power_user_curve", "marts", (Probe("months", _power_users_sql, _power_users_checks),)),
    Suite("marts.user_features", "marts", (Probe("snapshots", _features_sql, _features_checks, keys=("as_of_date",)),)),
)
