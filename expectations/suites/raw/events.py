"""Events as ingest accepted them: some up to as_of, each with a time and an identity, and about as many as usual.

as_of is the newest date of the data unless a person names one, and every score looks back from it: one stray event
dated ahead would make everybody look gone.
"""

from expectations.checks import Probe, at_least, at_most, between, zero
from expectations.lake import events, ledger, new_events, quoted_list, until
from expectations.params import GateParams

MIN_SHARE_OF_USUAL_DAY = 0.1
_N_DATES = 7  # a week, so that each weekday is among them
_LOOK_BACK_DAYS = 35  # dates without any event are passed over, up to here
_REBUILD_LAKE = "The lake is damaged: move data/lake away and run again, it is rebuilt from the source files"


def total(params: GateParams) -> Probe:
    return Probe(
        sql=f"""
            select
                (
                    select coalesce(sum(n_accepted), 0) from {ledger(params)}
                    where status = 'loaded' and min_event_at < {until(params)}
                ) as n_events_to_as_of,
                count(*) filter (where event_at is null) as n_without_event_at,
                count(*) filter (
                    where user_id is null and anonymous_id is null
                        and not list_contains({quoted_list(params.unidentified_sources)}::varchar[], source)
                ) as n_without_identity
            from {new_events(params)}
        """,
        checks=[
            at_least(
                "n_events_to_as_of",
                1,
                "events of all loaded files that begin by as_of",
                action="No event up to as_of: check as_of and the sources in growth.yaml",
            ),
            zero("n_without_event_at", "events in the lake without a time", action=_REBUILD_LAKE),
            zero(
                "n_without_identity",
                "events in the lake with neither user_id nor anonymous_id, of sources that must have one",
                action=_REBUILD_LAKE,
            ),
        ],
    )


def volume(params: GateParams) -> Probe:
    end = until(params)
    return Probe(
        sql=f"""
            with recent as (
                select source, event_at >= {end} - interval 7 day as is_last_week, cast(event_at as date) as event_date
                from {events(params)}
                where event_month >= strftime({end} - interval 36 day, '%Y-%m')
                    and event_at >= {end} - interval 35 day
                    and event_at < {end}
            ),
            days as (
                select source, event_date, count(*) as n, bool_and(is_last_week) as is_last_week,
                    date_diff('day', lag(event_date) over (partition by source order by event_date), event_date)
                        as gap_days
                from recent
                group by source, event_date
            )
            select
                source,
                -- less than two weeks of history say nothing about a usual week
                case when count(*) filter (where not is_last_week) >= 14
                    then sum(n) filter (where is_last_week) / (sum(n) filter (where not is_last_week) / 4.0)
                end as last_week_volume_ratio,
                case when count(*) >= 14
                    then date_diff('day', max(event_date), cast({end} as date)) / greatest(max(gap_days), 1)
                end as silence_over_longest_gap
            from days
            group by source
        """,
        keys=("source",),
        # Warnings: a source may end, a campaign may triple a week, and the data's last days are often partial.
        checks=[
            between(
                "last_week_volume_ratio",
                params.min_volume_ratio,
                params.max_volume_ratio,
                "events of the last 7 days compared with a usual week before",
                look="select event_date, source, count(*) from marts.fct_events group by all order by 1 desc",
                severity="warn",
                may_be_empty=True,
            ),
            # Other sources go on, so as_of does, and this one has long been silent.
            at_most(
                "silence_over_longest_gap",
                params.max_silence_ratio,
                "days since the last event of a source, in multiples of its longest gap before",
                look="select source, max(event_date) from marts.fct_events group by all",
                severity="warn",
                may_be_empty=True,
            ),
        ],
    )


def newest_day(params: GateParams) -> Probe:
    """Whether as_of is a day like those before it."""
    return Probe(
        sql=_newest_day_sql(params),
        keys=("note",),
        # A warning: a shop may close for a day, and less than a week of history says nothing about a usual day.
        checks=[
            at_least(
                "share_of_usual_day",
                MIN_SHARE_OF_USUAL_DAY,
                "events of as_of compared with the median of the dates before",
                look="select event_date, count(*) from marts.fct_events group by all order by 1 desc limit 10",
                severity="warn",
                may_be_empty=True,
            )
        ],
    )


def _newest_day_sql(params: GateParams) -> str:
    end, as_of = until(params), f"date '{params.as_of_date}'"
    return f"""
        with dates as (
            select {as_of} - cast(ceil(epoch({end} - event_at) / 86400) - 1 as integer) as event_date, count(*) as n
            from {events(params)}
            where event_month >= strftime({end} - interval {_LOOK_BACK_DAYS + 1} day, '%Y-%m')
                and event_at >= {end} - interval {_LOOK_BACK_DAYS} day
                and event_at < {end}
            group by all
        ),
        newest as (select coalesce(any_value(n), 0) as n from dates where event_date = {as_of}),
        earlier as (from dates where event_date < {as_of} order by event_date desc limit {_N_DATES}),
        usual as (select cast(median(n) as bigint) as n, count(*) = {_N_DATES} as is_known from earlier),
        last_full as (
            select max(event_date) as day from earlier where n >= {MIN_SHARE_OF_USUAL_DAY} * (select n from usual)
        )
        select
            case when usual.is_known then newest.n / usual.n end as share_of_usual_day,
            format(
                '{{}} has {{:,}} event{{}}, the median of the {_N_DATES} dates with events before it is {{:,}}: '
                    || 'is the day complete? `growthhouse run --as-of {{}}` builds up to the last date that is',
                {as_of}::varchar, newest.n, case when newest.n = 1 then '' else 's' end, usual.n, last_full.day::varchar
            ) as note
        from newest, usual, last_full
    """


PROBES = (total, volume, newest_day)
