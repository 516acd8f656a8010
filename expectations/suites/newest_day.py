"""Gate raw: whether as_of is a day like those before. Not here: whole weeks, and sources that fell silent (raw.py).

as_of is the newest date of the data unless a person names one, and every score looks back from it: one stray event
dated ahead would make everybody look gone.
"""

from expectations.params import GateParams
from expectations.suites.base import Check, Probe, between, lake, until

MIN_SHARE_OF_USUAL_DAY = 0.1
_N_DATES = 7  # a week, so that each weekday is among them
_LOOK_BACK_DAYS = 35  # dates without any event are passed over, up to here


def _sql(params: GateParams) -> str:
    end, as_of = until(params), f"date '{params.as_of_date}'"
    return f"""
        with dates as (
            select {as_of} - cast(ceil(epoch({end} - event_at) / 86400) - 1 as integer) as event_date, count(*) as n
            from {lake(params)}
            where event_month >= strftime({end} - interval {_LOOK_BACK_DAYS + 1} day, '%Y-%m')
                and event_at >= {end} - interval {_LOOK_BACK_DAYS} day
                and event_at < {end}
            group by all
        ),
        newest as (select coalesce(any_value(n), 0) as n from dates where event_date = {as_of}),
        earlier as (from dates where event_date < {as_of} order by event_date desc limit {_N_DATES}),
        usual as (select cast(median(n) as bigint) as n, count(*) = {_N_DATES} as is_known from earlier),
        last_full as (select max(event_date) as day from earlier where n >= {MIN_SHARE_OF_USUAL_DAY} * (select n from usual))
        select
            case when usual.is_known then newest.n / usual.n end as share_of_usual_day,
            format(
                '{{}} has {{:,}} event{{}}, the median of the {_N_DATES} dates with events before it is {{:,}}: is the day complete? '
                    || '`growthhouse run --as-of {{}}` builds up to the last date that is',
                {as_of}::varchar, newest.n, case when newest.n = 1 then '' else 's' end, usual.n, last_full.day::varchar
            ) as note
        from newest, usual, last_full
    """


def _checks(params: GateParams) -> list[Check]:
    # A warning: a shop may close for a day, and less than a week of history says nothing about a usual day.
    return [between("share_of_usual_day", low=MIN_SHARE_OF_USUAL_DAY, severity="warn", may_be_empty=True)]


NEWEST_DAY = Probe("newest_day", _sql, _checks, keys=("note",))
