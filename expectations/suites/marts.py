"""Gate marts, what everything else is made of: events, sessions, persons, features. Keys and enums are dbt tests.

Orders, funnels, retention, paths (behaviour) and acquisition have modules of their own.
"""

from expectations.params import GateParams
from expectations.suites.base import Check, Probe, Suite, accepted_by_source, between, none_of, none_of_each

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


_reconciliation_checks = none_of_each("n_lost_or_invented")


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


def _features_sql(params: GateParams) -> str:
    return f"""
        select
            as_of_date,
            count(*) as n_persons,
            -- persons of an earlier snapshot may have turned out to be others since
            case when as_of_date = date '{params.as_of_date}'
                then greatest(0, count(*) - (select count(*) from marts.dim_users)) else 0 end as n_persons_invented,
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
    Suite("marts.dim_users", "marts", (Probe("profile", _dim_users_sql, _dim_users_checks),)),
    Suite("marts.user_features", "marts", (Probe("snapshots", _features_sql, _features_checks, keys=("as_of_date",)),)),
)
