"""The fact table of events: none lost, up to date, durations possible, few bots, purchases with revenue."""

from expectations.checks import Probe, at_least, at_most, between, zero
from expectations.lake import accepted_by_source
from expectations.params import GateParams


def profile(params: GateParams) -> Probe:
    return Probe(
        sql=f"""
            select
                count(*) as n_events,
                date_diff('day', max(event_date), date '{params.as_of_date}') as days_behind_as_of,
                count(*) filter (where duration_s < 0 or duration_s > {params.max_duration_s})
                    as n_duration_out_of_range,
                avg(cast(is_bot as integer)) as bot_rate,
                avg(cast(revenue is null as integer)) filter (where event_name = 'purchase') as purchase_no_revenue_rate
            from marts.fct_events
        """,
        checks=[
            at_least("n_events", 1, "events up to as_of"),
            at_least(
                "days_behind_as_of", 0, "days from the newest event to as_of; below 0 an event is later than as_of"
            ),
            at_most(
                "days_behind_as_of",
                1,
                "days from the newest event to as_of; deliveries are missing",
                look="select source, max(event_date) from marts.fct_events group by all",
                severity="warn",
            ),
            zero("n_duration_out_of_range", "events with a duration below 0 or above cleaning.max_duration_s"),
            between(
                "bot_rate",
                0,
                params.max_bot_rate,
                "share of events of bots, which are left out of every metric; where one id has most of them, it may be "
                "an address that many share",
                look="select person_id, user_agent, count(*) from marts.fct_events where is_bot "
                "group by all order by 3 desc limit 10",
                severity="warn",
            ),
            # Logs without prices are common, so this only warns.
            between(
                "purchase_no_revenue_rate",
                0,
                0.5,
                "share of purchases without revenue",
                look="from marts.fct_events where event_name = 'purchase' and revenue is null limit 10",
                severity="warn",
                may_be_empty=True,
            ),
        ],
    )


def reconciliation(params: GateParams) -> Probe:
    return Probe(
        sql=f"""
            with accepted as ({accepted_by_source(params)}),
            duplicates as (select source, count(*) as n from intermediate.int_duplicates group by source),
            loaded as (select source, count(*) as n from marts.fct_events group by source)
            select
                source,
                abs(coalesce(accepted.n, 0) - coalesce(duplicates.n, 0) - coalesce(loaded.n, 0)) as n_lost_or_invented
            from accepted
            full join duplicates using (source)
            full join loaded using (source)
        """,
        keys=("source",),
        checks=[
            zero(
                "n_lost_or_invented",
                "events of a source that ingest accepted, less duplicates, compared with those in the table",
            )
        ],
    )


PROBES = (profile, reconciliation)
