"""Orders: amounts that fit together, few that look like brushing, one currency."""

from expectations.checks import Probe, between, zero
from expectations.lake import quoted
from expectations.params import GateParams


def profile(params: GateParams) -> Probe:
    return Probe(
        sql=f"""
            select
                greatest(0, count(*) - (select count(*) from marts.fct_events where event_name = 'purchase'))
                    as n_more_than_purchases,
                count(*) filter (where order_date > date '{params.as_of_date}') as n_after_as_of,
                count(*) filter (where revenue < 0) as n_negative_revenue,
                count(*) filter (where refunded_amount < 0 or refunded_amount > greatest(revenue, 0))
                    as n_refunded_beyond_revenue,
                count(*) filter (
                    -- a double holds fifteen digits
                    where abs(revenue - refunded_amount - net_revenue) > 0.005 + 1e-12 * abs(revenue)
                ) as n_net_revenue_off,
                count(*) filter (where is_suspicious <> (suspicion_reason is not null)) as n_suspicious_without_reason,
                case when count(*) > 0 then avg(cast(is_suspicious as integer)) end as suspicious_rate
            from marts.fct_orders
        """,
        checks=[
            zero("n_more_than_purchases", "orders beyond the purchase events of marts.fct_events"),
            zero("n_after_as_of", "orders later than as_of"),
            zero(
                "n_negative_revenue",
                "orders of negative revenue",
                look="from marts.fct_orders where revenue < 0",
                severity="warn",
            ),
            zero("n_refunded_beyond_revenue", "orders of which more was refunded than they were worth, or less than 0"),
            zero("n_net_revenue_off", "orders whose net revenue is not their revenue less refunds"),
            zero("n_suspicious_without_reason", "suspicious orders without a reason, or orders with one that are not"),
            between(
                "suspicious_rate",
                0,
                0.2,
                "share of orders that look like brushing, left out of revenue",
                look="select suspicion_reason, count(*) from marts.fct_orders where is_suspicious group by all",
                severity="warn",
                may_be_empty=True,
            ),
        ],
    )


def currency(params: GateParams) -> Probe:
    site = quoted(params.currency)
    return Probe(
        sql=f"""
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
        """,
        keys=("note",),
        # Amounts are never converted; whoever wants one currency converts or filters before.
        checks=[
            between(
                "other_currency_rate",
                0,
                0,
                "share of orders in another currency than the site's; amounts are never converted",
                look="select currency, count(*), sum(revenue) from marts.fct_orders group by all",
                severity="warn",
                may_be_empty=True,
            )
        ],
    )


PROBES = (profile, currency)
