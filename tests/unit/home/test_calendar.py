"""Dates of the site and the lake's naive UTC times, also on the days when clocks change."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import duckdb
import pytest

from pipeline.home.calendar import end_of, is_timezone, local_date, naive_utc, start_of


@pytest.mark.parametrize(
    ("moment", "zone", "day"),
    [
        (datetime(2026, 1, 5, 15, 59, 59), "Asia/Shanghai", 5),
        (datetime(2026, 1, 5, 16), "Asia/Shanghai", 6),
        (datetime(2026, 1, 5, 4), "America/New_York", 4),
        (datetime(2026, 1, 5, 16, tzinfo=UTC), "Asia/Shanghai", 6),
        (datetime(2026, 1, 6, 1, tzinfo=timezone(timedelta(hours=9))), "UTC", 5),
    ],
)
def test_an_instant_has_the_date_of_the_site(moment: datetime, zone: str, day: int) -> None:
    assert local_date(moment, zone) == date(2026, 1, day)


@pytest.mark.parametrize(("day", "hours"), [((2026, 3, 29), 23), ((2026, 10, 25), 25), ((2026, 7, 1), 24)])
def test_a_day_is_as_long_as_the_clocks_of_the_site_say(day: tuple[int, int, int], hours: int) -> None:
    start, end = start_of(date(*day), "Europe/Berlin"), end_of(date(*day), "Europe/Berlin")
    assert end - start == timedelta(hours=hours)
    assert [local_date(moment, "Europe/Berlin") for moment in (start, end - timedelta.resolution)] == [date(*day)] * 2
    assert local_date(end, "Europe/Berlin") == date(*day) + timedelta(days=1)


def test_naive_times_are_utc_already() -> None:
    assert naive_utc(datetime(2026, 1, 5, 10)) == datetime(2026, 1, 5, 10)
    assert naive_utc(datetime(2026, 1, 5, 10, tzinfo=timezone(timedelta(hours=2)))) == datetime(2026, 1, 5, 8)


HAVANA = "America/Havana"


@pytest.mark.parametrize(
    ("day", "zone", "start"),
    [
        (date(2026, 11, 1), HAVANA, datetime(2026, 11, 1, 4)),  # at 01:00 back to 00:00: the first of two midnights
        (date(2026, 3, 8), HAVANA, datetime(2026, 3, 8, 5)),  # at 00:00 forward to 01:00: there is no midnight
        (date(2011, 12, 30), "Pacific/Apia", datetime(2011, 12, 30, 10)),  # a date that was left out
    ],
)
def test_a_day_starts_once_where_clocks_change_at_midnight(day: date, zone: str, start: datetime) -> None:
    assert start_of(day, zone) == start
    assert local_date(start - timedelta.resolution, zone) < day <= local_date(start, zone)


def test_the_rules_of_zones_are_those_of_the_database_that_dates_events() -> None:
    """Winnipeg's rules of 2026 differ between releases of the zone database: pytz, zoneinfo and DuckDB had three."""
    zones = ("America/Winnipeg", "America/Vancouver", "Africa/Casablanca", HAVANA)
    days = [date(2026, month, day) for month in (3, 10, 11) for day in (1, 8, 10, 29)]
    for zone in zones:
        for moment in (start_of(day, zone) for day in days):
            (dated,) = duckdb.execute(
                "select timezone(?, timezone('UTC', ?::timestamp))::date", [zone, moment]
            ).fetchall()
            assert local_date(moment, zone) == dated[0]
            assert local_date(moment - timedelta.resolution, zone) == dated[0] - timedelta(days=1)


def test_a_zone_is_one_that_the_database_knows() -> None:
    assert is_timezone("Asia/Shanghai") and is_timezone("UTC")
    assert not is_timezone("Mars/Olympus") and not is_timezone("")
