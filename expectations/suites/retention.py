"""Gate marts, who stays: cohorts, the states of a life with the shop, and how often people come in a month."""

from expectations.params import GateParams
from expectations.suites.base import Check, Probe, Suite, none_of, none_of_each


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


_retention_persons_checks = none_of_each("n_persons_off", may_be_empty=True)


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


_lifecycle_checks = none_of_each("n_states_off", "n_flow_off", "n_persons_off", may_be_empty=True)


def _power_users_sql(params: GateParams) -> str:
    return """
        select count(*) as n_months_off
        from (select month_start, sum(n_persons) as n_persons from marts.power_user_curve group by month_start)
        full join (select period_start as month_start, n_active from marts.lifecycle_periods where grain = 'month')
            using (month_start)
        where coalesce(n_active, 1) > 0 and n_persons is distinct from n_active
    """


_power_users_checks = none_of_each("n_months_off")


SUITES: tuple[Suite, ...] = (
    Suite("marts.retention", "marts", (Probe("rates", _retention_sql, _retention_checks, keys=("mode", "grain")),)),
    Suite(
        "marts.retention_persons",
        "marts",
        (Probe("cells", _retention_persons_sql, _retention_persons_checks, keys=("mode", "grain")),),
    ),
    Suite("marts.lifecycle_periods", "marts", (Probe("flow", _lifecycle_sql, _lifecycle_checks, keys=("grain",)),)),
    Suite("marts.power_user_curve", "marts", (Probe("months", _power_users_sql, _power_users_checks),)),
)
