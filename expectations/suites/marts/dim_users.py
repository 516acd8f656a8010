"""Persons: their events, orders and revenue add up to the facts, dates and scores are possible, none is a crowd."""

from expectations.checks import ROUNDING, Probe, at_least, between, zero
from expectations.params import GateParams


def profile(params: GateParams) -> Probe:
    return Probe(
        sql="""
            select
                case
                    when exists (select 1 from marts.fct_events where person_id is not null) then count(*)
                end as n_persons,
                abs(coalesce(sum(n_events), 0) - (select count(*) from marts.fct_events where person_id is not null))
                    as n_events_off,
                abs(coalesce(sum(n_orders), 0) - (select count(*) from marts.fct_orders)) as n_orders_off,
                abs(coalesce(sum(n_suspicious_orders), 0) - (select count(*) from marts.fct_orders where is_suspicious))
                    as n_suspicious_orders_off,
                abs(coalesce(sum(revenue), 0) / (
                    select nullif(sum(revenue), 0) from marts.fct_orders where not is_suspicious
                ) - 1) as revenue_off_rate,
                abs(
                    coalesce(sum(net_revenue), 0)
                    - (select coalesce(sum(net_revenue), 0) from marts.fct_orders where not is_suspicious)
                    + (select coalesce(sum(amount), 0) from marts.fct_refunds where is_counted and not has_order)
                ) / (select nullif(sum(abs(revenue)), 0) from marts.fct_orders) as net_revenue_off_rate,
                coalesce(max(n_events) filter (where person_id like 'anon:%' and not is_bot and n_events > 300), 0)
                    / sum(n_events) as largest_visitor_rate,
                count(*) filter (where last_seen_at < first_seen_at) as n_seen_backwards,
                count(*) filter (
                    where activity_score < 0 or activity_score > 100 or isnan(cast(activity_score as double))
                ) as n_score_out_of_range,
                count(*) filter (where days_since_last_active < 0) as n_active_after_as_of
            from marts.dim_users
        """,
        checks=[
            at_least("n_persons", 1, "persons in the table, if any event is somebody's", may_be_empty=True),
            zero("n_events_off", "events of all persons compared with those of marts.fct_events that have one"),
            zero("n_orders_off", "orders of all persons compared with marts.fct_orders"),
            zero("n_suspicious_orders_off", "suspicious orders of all persons compared with marts.fct_orders"),
            between(
                "revenue_off_rate",
                0,
                ROUNDING,
                "revenue of all persons compared with marts.fct_orders, suspicious orders left out",
                may_be_empty=True,
            ),
            between(
                "net_revenue_off_rate",
                0,
                ROUNDING,
                "net revenue of all persons compared with that of the orders that are not suspicious, less refunds "
                "without an order",
                may_be_empty=True,
            ),
            between(
                "largest_visitor_rate",
                0,
                0.5,
                "share of all events of one unknown visitor, who is then no person but an address or a device that "
                "many share: sessions, funnels and retention of it describe nobody",
                look="select person_id, n_events from marts.dim_users where not is_known_user and not is_bot "
                "order by n_events desc limit 3",
                severity="warn",
                may_be_empty=True,
            ),
            zero("n_seen_backwards", "persons last seen before they were first seen"),
            zero("n_score_out_of_range", "persons with an activity score outside 0 to 100"),
            zero("n_active_after_as_of", "persons last active after as_of"),
        ],
    )


PROBES = (profile,)
