"""Dates of the site, and instants of the lake (naive UTC). Not here: the present time (`pipeline.home.clock`).

The rules of time zones are those of DuckDB, which dates the events: Python's own, or the system's, may be of another
year, and a night in which two of them decide counts an event on two dates.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import cache, lru_cache

from pipeline.home.database import in_memory

ONE_DAY = timedelta(days=1)
_UTC = ("UTC", "Etc/UTC")


def naive_utc(moment: datetime) -> datetime:
    """An instant as the lake has it; a naive one is in UTC already."""
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


@cache
def timezones() -> frozenset[str]:
    """The names of all time zones that DuckDB has rules of; it takes 10 ms to list them."""
    names = _ask("select list(name) from pg_timezone_names()")
    assert isinstance(names, list)
    return frozenset(names)


def is_timezone(name: str) -> bool:
    """Whether DuckDB has rules of a time zone of this name."""
    return name in timezones()


def local_date(moment: datetime, timezone: str) -> date:
    """The site's date at an instant.

    >>> local_date(datetime(2026, 1, 5, 23), "Asia/Shanghai")
    datetime.date(2026, 1, 6)
    """
    return _local_time(naive_utc(moment), timezone).date()


def start_of(day: date, timezone: str) -> datetime:
    """The first instant of a date of the site; where clocks skip its midnight, or repeat it, that of the change.

    >>> start_of(date(2026, 1, 6), "Asia/Shanghai")
    datetime.datetime(2026, 1, 5, 16, 0)
    """
    midnight = datetime.combine(day, time())
    # Midnight by the offsets of the day before and of the day after: one of them is right, whatever changed between.
    offsets = (_local_time(near, timezone) - near for near in (midnight - ONE_DAY, midnight + ONE_DAY))
    return min(start for start in (midnight - offset for offset in offsets) if local_date(start, timezone) >= day)


def end_of(day: date, timezone: str) -> datetime:
    """The first instant after a date of the site."""
    return start_of(day + ONE_DAY, timezone)


@lru_cache(maxsize=10_000)
def _local_time(utc: datetime, timezone: str) -> datetime:
    if timezone in _UTC:
        return utc
    local = _ask("select timezone(?, timezone('UTC', ?::timestamp))", timezone, utc)
    assert isinstance(local, datetime)
    return local


def _ask(query: str, *values: object) -> object:
    with in_memory() as con:
        return con.execute(query, list(values)).fetchall()[0][0]
