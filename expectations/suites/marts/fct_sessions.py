"""Sessions: possible durations, and events, purchases and revenue that add up to the facts."""

from expectations.checks import ROUNDING, Probe, between, zero
from expectations.params import GateParams


def profile(params: GateParams) -> Probe:
    return Probe(
        sql=f"""
            select
                count(*) filter (where duration_s < 0 or duration_s > {params.session_max_hours * 3600})
                    as n_duration_out_of_range,
                count(*) filter (where n_events < 1) as n_without_events,
                abs(coalesce(sum(n_events), 0) - (select count(*) from marts.fct_events where session_id is not null))
                    as n_events_off,
                abs(coalesce(sum(n_purchases), 0) - (
                    select count(*) from marts.fct_events where session_id is not null and event_name = 'purchase'
                )) as n_purchases_off,
                abs(coalesce(sum(revenue), 0) / (
                    select nullif(sum(revenue), 0)
                    from marts.fct_orders
                    where session_id is not null and not is_suspicious
                ) - 1) as revenue_off_rate,
                avg(cast(is_converted as integer)) filter (where not is_bot) as conversion_rate
            from marts.fct_sessions
        """,
        checks=[
            zero("n_duration_out_of_range", "sessions with a duration below 0 or above the longest allowed"),
            zero("n_without_events", "sessions without an event"),
            zero("n_events_off", "events of all sessions compared with the events of marts.fct_events in a session"),
            zero("n_purchases_off", "purchases of all sessions compared with those of marts.fct_events in a session"),
            between(
                "revenue_off_rate",
                0,
                ROUNDING,
                "revenue of all sessions compared with that of the orders placed in one, suspicious ones left out",
                may_be_empty=True,
            ),
            between(
                "conversion_rate",
                0,
                0.9,
                "share of sessions with a purchase; another event may have been mapped to purchase",
                look="from marts.fct_sessions where is_converted limit 10",
                severity="warn",
                may_be_empty=True,
            ),
        ],
    )


PROBES = (profile,)
