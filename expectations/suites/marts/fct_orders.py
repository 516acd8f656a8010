"""Orders: amounts that fit together and with each source's own sum, few that look like brushing, one currency."""

from expectations.checks import ROUNDING, Probe, between, zero
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
                count(distinct given_order_id) filter (where n_buyers > 1) as n_ids_of_several_users,
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
            zero(
                "n_ids_of_several_users",
                "order ids that several users gave; each has an order of their own. Where a source numbers its orders "
                "by itself, `order_ids: own` in its config keeps them apart",
                look="select given_order_id, person_id, source, revenue from marts.fct_orders where n_buyers > 1 "
                "order by all limit 10",
                severity="warn",
            ),
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


def sources(params: GateParams) -> Probe:
    return Probe(
        sql="""
            with lines as (
                select
                    lines.source,
                    lines.order_key,
                    any_value(orders.revenue) as order_revenue,
                    any_value(orders.source) = lines.source as is_taken,
                    coalesce(sum(lines.revenue) filter (where lines.is_repeated), 0) as repeated,
                    coalesce(sum(lines.revenue) filter (where not lines.is_repeated), 0) as reported
                from intermediate.int_order_lines as lines
                left join marts.fct_orders as orders on lines.order_key = orders.order_id
                where lines.event_name = 'purchase'
                group by lines.source, lines.order_key
            ),
            sums as (
                select source, sum(repeated) as repeated,
                    coalesce(sum(reported) filter (where not is_taken), 0) as taken_elsewhere,
                    sum(abs(reported - order_revenue)) filter (where not is_taken) as differing,
                    sum(abs(order_revenue)) filter (where not is_taken) as reported_twice
                from lines
                group by source
            ),
            own as (
                select source, sum(revenue) as revenue, sum(abs(revenue)) as size
                from marts.fct_events where event_name = 'purchase' and person_id is not null group by source
            ),
            counted as (select source, sum(revenue) as revenue from marts.fct_orders group by source)
            select
                own.source,
                abs(coalesce(counted.revenue, 0) + sums.repeated + sums.taken_elsewhere - own.revenue)
                    / nullif(own.size, 0) as source_revenue_off_rate,
                abs(sums.repeated) / nullif(own.size, 0) as repeated_rate,
                coalesce(sums.differing / nullif(sums.reported_twice, 0), 0) as differing_rate
            from own
            left join sums using (source)
            left join counted using (source)
        """,
        keys=("source",),
        checks=[
            between(
                "source_revenue_off_rate",
                0,
                ROUNDING,
                "revenue of a source's purchases compared with that of its orders, repeated lines and orders taken "
                "from another source",
                may_be_empty=True,
            ),
            between(
                "repeated_rate",
                0,
                0.05,
                "share of a source's revenue that only repeats lines of the same order: a page that sends its purchase "
                "whenever it is loaded",
                look="select order_id, count(*) from marts.fct_events where event_name = 'purchase' "
                "and order_id is not null group by all having count(*) > 1 order by 2 desc limit 10",
                severity="warn",
                may_be_empty=True,
            ),
            between(
                "differing_rate",
                0,
                0.1,
                "difference in revenue of orders that two sources report, of which one is counted: taxes or shipping "
                "in one alone, or order ids of two numberings (`order_ids: own` in the config of a source)",
                look="select order_id, source, sum(revenue) from marts.fct_events where event_name = 'purchase' "
                "group by all order by all limit 10",
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


PROBES = (profile, sources, currency)
