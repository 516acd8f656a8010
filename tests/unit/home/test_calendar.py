"""Dates of the site and the lake's naive UTC times, also on the days when clocks change."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from pipeline.home.calendar import end_of, local_date, naive_utc, start_of


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
