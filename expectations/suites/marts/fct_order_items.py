"""Items of orders: together not worth more than the order."""

from expectations.checks import Probe, zero
from expectations.params import GateParams


def profile(params: GateParams) -> Probe:
    return Probe(
        sql="""
            with items as (
                select order_id, sum(revenue) as revenue, sum(quantity) as quantity
                from marts.fct_order_items
                group by order_id
            )
            select count(*) filter (where items.revenue > greatest(orders.revenue, 0) + 0.005)
                as n_worth_more_than_the_order
            from marts.fct_orders as orders inner join items using (order_id)
        """,
        # A line with a negative amount (a voucher without an item) makes an order worth less than its items.
        checks=[
            zero(
                "n_worth_more_than_the_order",
                "orders whose items together are worth more than the order",
                look="select order_id, any_value(orders.revenue) as order_revenue, sum(items.revenue) as items_revenue "
                "from marts.fct_orders as orders inner join marts.fct_order_items as items using (order_id) "
                "group by all having items_revenue > order_revenue limit 10",
                severity="warn",
                may_be_empty=True,
            )
        ],
    )


PROBES = (profile,)
