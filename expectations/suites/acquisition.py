"""Gate marts, the tables about where persons came from: attribution adds up to the orders, the log of identities to the latest table."""

from expectations.params import GateParams
from expectations.suites.base import Check, Probe, Suite, between, none_of, none_of_each


def _attribution_sql(params: GateParams) -> str:
    return """
        with orders as (
            select count(*) as n, coalesce(sum(cast(revenue as decimal(38, 6))), 0) as revenue
            from marts.fct_orders
            where not is_suspicious and not is_bot
        )
        select
            owed.model,
            owed.period,
            cast(abs(sum(owed.n_conversions) - any_value(orders.n)) as double) as conversions_off,
            cast(abs(sum(owed.revenue) - any_value(orders.revenue)) as double) as revenue_off,
            count(*) filter (where owed.n_conversions < 0) as n_negative,
            coalesce(sum(owed.conversion_share) filter (where owed.channel in ('unassigned', 'no_touch')), 0)
                / count(distinct coalesce(owed.period_start, date '1970-01-01')) as unexplained_share
        from marts.channel_attribution as owed
        cross join orders
        group by owed.model, owed.period
    """


def _attribution_checks(params: GateParams) -> list[Check]:
    return [
        between("conversions_off", 0, 0, may_be_empty=True),
        between("revenue_off", 0, 0, may_be_empty=True),
        none_of("n_negative", may_be_empty=True),
        # Links without a medium, or orders of a system that knows no visits: worth a look, no fault.
        between("unexplained_share", 0, 0.5, severity="warn", may_be_empty=True),
    ]


def _history_sql(params: GateParams) -> str:
    return """
        select
            count(*) filter (where known_until <= known_from) as n_backwards,
            count(*) filter (where known_until is null and latest.person_id is distinct from history.person_id)
                + abs(count(*) filter (where known_until is null) - (select count(*) from marts.dim_identities))
                as n_not_the_latest
        from marts.dim_identities_history as history
        left join marts.dim_identities as latest using (anonymous_id)
    """


_history_checks = none_of_each("n_backwards", "n_not_the_latest")


SUITES: tuple[Suite, ...] = (
    Suite(
        "marts.channel_attribution",
        "marts",
        (Probe("sums", _attribution_sql, _attribution_checks, keys=("model", "period")),),
    ),
    Suite("marts.dim_identities_history", "marts", (Probe("intervals", _history_sql, _history_checks),)),
)
