"""Refunds: amounts that are positive and known, of known orders, each counted once."""

from expectations.checks import Probe, between, zero
from expectations.params import GateParams


def profile(params: GateParams) -> Probe:
    return Probe(
        sql="""
            select
                count(*) filter (where amount < 0) as n_negative_amount,
                avg(cast(not has_order as integer)) as no_order_rate,
                avg(cast(amount is null as integer)) filter (where is_counted) as unknown_amount_rate,
                coalesce(sum(amount) filter (where is_counted and not is_bot), 0)
                    / (select nullif(sum(revenue), 0) from marts.fct_orders where not is_bot) as refunded_rate,
                abs(
                    count(*) filter (where is_counted and has_order)
                    - (select coalesce(sum(n_refunds), 0) from marts.fct_orders)
                ) as n_refunds_off
            from marts.fct_refunds
        """,
        checks=[
            zero("n_negative_amount", "refunds of a negative amount"),
            between(
                "no_order_rate",
                0,
                0.2,
                "share of refunds without an order, deducted from their person: it is older than the history, or "
                "another source wrote its id",
                look="from marts.fct_refunds where not has_order limit 10",
                severity="warn",
                may_be_empty=True,
            ),
            between(
                "unknown_amount_rate",
                0,
                0.2,
                "share of refunds that nothing says the amount of: they are deducted nowhere",
                look="from marts.fct_refunds where is_counted and amount is null limit 10",
                severity="warn",
                may_be_empty=True,
            ),
            between(
                "refunded_rate",
                0,
                0.5,
                "refunds compared with the revenue of all orders: what separates net from gross",
                look="select refund_date, has_order, sum(amount) from marts.fct_refunds where is_counted "
                "group by all order by 3 desc limit 10",
                severity="warn",
                may_be_empty=True,
            ),
            zero("n_refunds_off", "refunds of known orders compared with those counted in marts.fct_orders"),
        ],
    )


PROBES = (profile,)
