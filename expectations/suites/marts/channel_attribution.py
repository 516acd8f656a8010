"""Attribution: in each model and period, conversions and revenue add up to the orders."""

from expectations.checks import Probe, between, zero
from expectations.params import GateParams


def sums(params: GateParams) -> Probe:
    return Probe(
        sql="""
            with orders as (
                select count(*) as n, coalesce(sum(cast(net_revenue as decimal(38, 6))), 0) as revenue
                from marts.fct_orders
                where not is_suspicious and not is_bot
            )
            select
                attributed.model,
                attributed.period,
                cast(abs(sum(attributed.n_conversions) - any_value(orders.n)) as double) as conversions_off,
                cast(abs(sum(attributed.revenue) - any_value(orders.revenue)) as double) as revenue_off,
                count(*) filter (where attributed.n_conversions < 0) as n_negative,
                coalesce(sum(attributed.conversion_share) filter (where channel in ('unassigned', 'no_touch')), 0)
                    / count(distinct coalesce(attributed.period_start, date '1970-01-01')) as unexplained_share
            from marts.channel_attribution as attributed
            cross join orders
            group by attributed.model, attributed.period
        """,
        keys=("model", "period"),
        checks=[
            between("conversions_off", 0, 0, "conversions of all channels compared with the orders", may_be_empty=True),
            between(
                "revenue_off",
                0,
                0,
                "revenue of all channels compared with what is left of the orders",
                may_be_empty=True,
            ),
            zero("n_negative", "channels with a negative number of conversions", may_be_empty=True),
            # Links without a medium, or orders of a system that records no visits: worth a look, and not an error.
            between(
                "unexplained_share",
                0,
                0.5,
                "share of orders no visit explains: links without a medium, or orders of a system without visits",
                look="from marts.channel_attribution where channel in ('unassigned', 'no_touch')",
                severity="warn",
                may_be_empty=True,
            ),
        ],
    )


PROBES = (sums,)
