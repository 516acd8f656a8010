"""Gate marts, what was bought: orders, what was given back of them, their items, and items bought or viewed together."""

from expectations.params import GateParams
from expectations.suites.base import Check, Probe, Suite, between, none_of, none_of_each, quoted


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


def _currency_sql(params: GateParams) -> str:
    site = quoted(params.currency)
    return f"""
        with counted as (
            select coalesce(upper(currency), {site}) as currency, count(*) as n
            from marts.fct_orders
            where not is_suspicious and not is_bot
            group by all
        ),
        shares as (
            select coalesce(sum(n) filter (where currency <> {site}), 0) / sum(n) as other_currency_rate,
                string_agg(format('{{:,}} orders in {{}}', n, currency), ', ' order by n desc, currency)
                    filter (where currency <> {site}) as others
            from counted
        )
        select other_currency_rate, others || ', site.currency is ' || {site}
            || ': sums of revenue add amounts of different currencies as they are' as note
        from shares
    """


def _currency_checks(params: GateParams) -> list[Check]:
    # Amounts are never converted; whoever wants one currency converts or filters before.
    return [between("other_currency_rate", 0, 0, severity="warn", may_be_empty=True)]


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


_item_pairs_checks = none_of_each("n_not_in_order", "n_more_than_the_whole", "n_rate_outside")


SUITES: tuple[Suite, ...] = (
    Suite(
        "marts.fct_orders",
        "marts",
        (
            Probe("profile", _fct_orders_sql, _fct_orders_checks),
            Probe("currency", _currency_sql, _currency_checks, keys=("note",)),
        ),
    ),
    Suite("marts.fct_refunds", "marts", (Probe("profile", _refunds_sql, _refunds_checks),)),
    Suite("marts.fct_order_items", "marts", (Probe("profile", _order_items_sql, _order_items_checks),)),
    Suite("marts.item_pairs", "marts", (Probe("rates", _item_pairs_sql, _item_pairs_checks),)),
)
