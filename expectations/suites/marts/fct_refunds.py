"""Refunds: amounts that are positive, of orders that are known, counted once in them."""

from expectations.checks import Probe, between, zero
from expectations.params import GateParams


def profile(params: GateParams) -> Probe:
    return Probe(
        sql="""
            select
                count(*) filter (where amount < 0) as n_negative_amount,
                avg(cast(not has_order as integer)) as no_order_rate,
                abs(count(*) filter (where is_counted) - (select coalesce(sum(n_refunds), 0) from marts.fct_orders))
                    as n_refunds_off
            from marts.fct_refunds
        """,
        checks=[
            zero("n_negative_amount", "refunds of a negative amount"),
            between(
                "no_order_rate",
                0,
                0.2,
                "share of refunds without an order: it is older than the history, or another source wrote its id",
                look="from marts.fct_refunds where not has_order limit 10",
                severity="warn",
                may_be_empty=True,
            ),
            zero("n_refunds_off", "refunds that count compared with those counted in marts.fct_orders"),
        ],
    )


PROBES = (profile,)
