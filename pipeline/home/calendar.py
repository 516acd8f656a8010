"""Dates of the site, and instants of the lake (naive UTC). Not here: the present time (`pipeline.home.clock`)."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

ONE_DAY = timedelta(days=1)


def naive_utc(moment: datetime) -> datetime:
    """An instant as the lake has it; a naive one is in UTC already."""
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


def local_date(moment: datetime, timezone: str) -> date:
    """The site's date at an instant.

    >>> local_date(datetime(2026, 1, 5, 23), "Asia/Shanghai")
    datetime.date(2026, 1, 6)
    """
    return naive_utc(moment).replace(tzinfo=UTC).astimezone(ZoneInfo(timezone)).date()


def start_of(day: date, timezone: str) -> datetime:
    """The first instant of a date of the site.

    >>> start_of(date(2026, 1, 6), "Asia/Shanghai")
    datetime.datetime(2026, 1, 5, 16, 0)
    """
    return naive_utc(datetime.combine(day, time(), ZoneInfo(timezone)))


def end_of(day: date, timezone: str) -> datetime:
    """The first instant after a date of the site."""
    return start_of(day + ONE_DAY, timezone)
