"""Logs and figures of public test suites of retention and lifecycle, in our own words: persons, days, counts.

Each says where it is from. Where our definition differs, `ours` stands beside `theirs` and `why` says so. PostHog's
tests are those of its MIT-licensed part. Dates of its retention tests are days and months from 10 June 2020, at 5:00
UTC.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from tests.conformance.reference.retention import Event, Rules

POSTHOG = "PostHog/posthog posthog/hogql_queries/insights/test/"
RETENTION = f"{POSTHOG}test_retention_query_runner.py"
LIFECYCLE = f"{POSTHOG}test_lifecycle_query_runner.py"
CLICKHOUSE = "ClickHouse/ClickHouse (and timeplus-io/proton) tests/queries/0_stateless/00688_aggregation_retention.sql"
BEHAVIORAL = "tomtom215/duckdb-behavioral test/sql/retention.test"
RECURRING = "their cohort of a date is everybody active on it; ours is everybody who began on it, once in a life"
Log = tuple[Event, ...]


def _of(days: dict[str, Iterable[date]], name: str = "view", hour: int = 5) -> Log:
    return tuple(Event(p, name, datetime(d.year, d.month, d.day, hour)) for p, dates in days.items() for d in dates)


def _june(days: dict[str, Iterable[int]], name: str = "view") -> Log:
    return _of({person: [date(2020, 6, 10) + timedelta(n) for n in numbers] for person, numbers in days.items()}, name)


def _at(moments: dict[str, str], month: str = "2020-01") -> Log:
    return tuple(
        Event(p, "view", datetime.fromisoformat(f"{month}-{m}:00"))
        for p, listed in moments.items()
        for m in listed.split()
    )


@dataclass(frozen=True)
class Rows:
    """Counts of one cohort by period; `ours` where they are not theirs."""

    cohort: date
    theirs: tuple[int, ...]
    mode: str = "calendar_on"
    grain: str = "day"
    ours: tuple[int, ...] | None = None


@dataclass(frozen=True)
class PublicCase:
    """A test of another project."""

    source: str
    test: str
    log: Log
    rows: tuple[Rows, ...]
    rules: Rules = field(default_factory=lambda: PLAIN)
    why: str = ""


PLAIN = Rules(as_of=date(2020, 12, 31))
SUNDAY = Rules(as_of=date(2020, 12, 31), week_start="sunday")
PACIFIC = Rules(as_of=date(2025, 12, 31), timezone="US/Pacific")
SIGN_UP_TO_VIEW = Rules(as_of=date(2020, 12, 31), week_start="sunday", start_event="sign_up", return_event="view")

_TWO = _june({"p1": (0, 1, 2, 5, 5, 6), "p2": (1, 2, 3, 6)})
_MONTHS = _of(
    {
        "p1": [date(2020, m, 10) for m in (1, 2, 3, 5, 6, 9)],
        "p2": [date(2020, m, 10) for m in (1, 2, 3, 6, 7, 11)],
    }
)
_WEEKS = _june({"p1": (0, 1, 7, 14, 24, 31), "p2": (0, 1, 7, 24, 31, 45)})
_ROLLING = _june({"p1": (0, 3, 4), "p2": (0, 1), "p3": (1, 2, 3), "p4": (3, 4), "p5": (4,)})
_FIRST_TIME = (
    *_june({"other": (-5, -1), "p1": (-1, 1, 2, 3, 4), "p2": (-1,), "p3": (0,), "p4": (2,)}, "sign_up"),
    *_june({"p1": (0, 1, 2, 5, 5, 6), "p2": (1, 2, 3, 6), "p3": (1, 3, 4, 5), "p4": (3, 5)}),
)
_NIGHTS = _at({"p1": "09T01 10T01 11T01", "p2": "16T01 16T09"}, "2020-06")
_AUGUST = _of(
    {f"u{n}": [date(2018, 8, day) for day, users in ((6, 80), (7, 50), (8, 60)) if n < users] for n in range(80)}
)
_GROWING = _of({f"u{n}": [date(2020, 1, day) for day in (1, 2, 3) if n < 5 * day] for n in range(15)})
_SIGNED = _of(
    {
        "u1": [date(2024, 1, day) for day in (1, 2, 3)],
        "u2": [date(2024, 1, day) for day in (1, 3)],
        "u3": [date(2024, 1, 1)],
    },
    hour=20,
)


def _june_day(n: int) -> date:
    return date(2020, 6, 10) + timedelta(n)


RETENTION_CASES = (
    PublicCase(
        RETENTION,
        "test_day_interval",
        _TWO,
        (
            Rows(_june_day(0), (1, 1, 1, 0, 0, 1, 1, 0, 0, 0, 0)),
            Rows(_june_day(1), (2, 2, 1, 0, 1, 2), ours=(1, 1, 1, 0, 0, 1)),
        ),
        why=RECURRING,
    ),
    PublicCase(
        RETENTION,
        "test_month_interval",
        _MONTHS,
        (Rows(date(2020, 1, 1), (2, 2, 2, 0, 1, 2, 1, 0, 1, 0, 1), grain="month"),),
    ),
    PublicCase(
        RETENTION,
        "test_week_interval, weeks from Sunday",
        _WEEKS,
        (Rows(date(2020, 6, 7), (2, 2, 1, 2, 2, 0, 1), grain="week"),),
        SUNDAY,
    ),
    PublicCase(
        RETENTION,
        "test_week_interval, weeks from Monday",
        _WEEKS,
        (Rows(date(2020, 6, 8), (2, 2, 1, 2, 2, 0, 1), grain="week"),),
    ),
    PublicCase(
        RETENTION,
        "test_rolling_retention_doesnt_double_count_same_user",
        _ROLLING,
        (Rows(_june_day(0), (2, 2, 1, 1, 1, 0), "calendar_on_or_after"),),
    ),
    PublicCase(
        RETENTION,
        "test_rolling_retention",
        _ROLLING,
        (Rows(_june_day(1), (2, 1, 1, 0, 0), "calendar_on_or_after", ours=(1, 1, 1, 0, 0)),),
        why=RECURRING,
    ),
    PublicCase(
        RETENTION,
        "test_all_events_target_first_time",
        _june({"p1": (0, 1, 2)}) + _june({"p1": (2, 3)}, "sign_up"),
        (Rows(_june_day(2), (1,)),),
        SIGN_UP_TO_VIEW,
    ),
    PublicCase(
        RETENTION,
        "test_retention_multiple_events",
        _june({"p1": range(4), "p2": range(4), "p3": (5,)}, "sign_up") + _june({"p1": (5, 6), "p2": (5,)}),
        (Rows(_june_day(0), (2, 0, 0, 0, 0, 2, 1)), Rows(_june_day(5), (1, 0))),
        SIGN_UP_TO_VIEW,
    ),
    PublicCase(
        RETENTION,
        "test_retention_any_event",
        _june({"p1": (0, 1, 2, 3, 5, 6), "p2": (0, 1, 2, 3, 5), "p3": (5,)}),
        (Rows(_june_day(0), (2, 2, 2, 2, 0, 2, 1)), Rows(_june_day(5), (3, 1), ours=(1, 0))),
        why=RECURRING,
    ),
    PublicCase(
        RETENTION,
        "test_retention_event_action",
        _june({"p1": range(4), "p2": range(4)}, "sign_up") + _june({"p1": (3,), "p2": (5,)}),
        (Rows(_june_day(0), (2, 0, 0, 1, 0, 1, 0)),),
        SIGN_UP_TO_VIEW,
    ),
    PublicCase(
        RETENTION,
        "test_first_time_retention",
        _FIRST_TIME,
        (
            Rows(_june_day(-1), (2, 1, 2, 2, 1, 0, 1)),
            Rows(_june_day(0), (1, 1, 0, 1, 1, 1)),
            Rows(_june_day(2), (1, 1, 0, 1)),
        ),
        SIGN_UP_TO_VIEW,
    ),
    PublicCase(
        RETENTION,
        "test_first_time_retention_weeks",
        _FIRST_TIME,
        (Rows(date(2020, 5, 31), (1, 0, 0), grain="week"), Rows(date(2020, 6, 7), (4, 4), grain="week")),
        SIGN_UP_TO_VIEW,
    ),
    PublicCase(
        RETENTION,
        "test_timezones, UTC",
        _NIGHTS,
        (Rows(_june_day(0), (1, 1), ours=()), Rows(_june_day(6), (1, 0, 0, 0, 0))),
        why=RECURRING,
    ),
    PublicCase(RETENTION, "test_timezones, US/Pacific", _NIGHTS, (Rows(_june_day(5), (1, 1, 0, 0, 0, 0)),), PACIFIC),
    PublicCase(
        CLICKHOUSE,
        "first and second day, first and third day, all three",
        _AUGUST,
        (Rows(date(2018, 8, 6), (80, 50, 60)),),
    ),
    PublicCase(
        "databendlabs/databend tests/suites/0_stateless/02_function/02_0000_function_aggregate_retention.sql",
        "a user of the second day alone",
        _AUGUST + _of({"u999": [date(2018, 8, 7)]}),
        (Rows(date(2018, 8, 6), (80, 50, 60)), Rows(date(2018, 8, 7), (0, 0), ours=(1, 0))),
        why=(
            "retention() knows one cohort, that of its first condition; here whoever begins a day later is a cohort too"
        ),
    ),
    PublicCase(
        "ClickHouse/ClickHouse docs, parametric functions, retention",
        "sums over three days",
        _GROWING,
        (Rows(date(2020, 1, 1), (5, 5, 5)),),
    ),
    PublicCase(BEHAVIORAL, "users 1 to 3 on three days", _SIGNED, (Rows(date(2024, 1, 1), (3, 1, 2)),), PACIFIC),
    PublicCase(
        BEHAVIORAL,
        "nobody where the first condition does not hold",
        _SIGNED,
        (Rows(date(2024, 1, 5), (), ours=()),),
        PACIFIC,
    ),
)


@dataclass(frozen=True)
class LifecycleCase:
    """Counts by period from `first` on."""

    test: str
    log: Log
    first: date
    new: tuple[int, ...]
    returning: tuple[int, ...]
    resurrected: tuple[int, ...]
    dormant: tuple[int, ...]
    grain: str = "day"
    rules: Rules = field(default_factory=lambda: PLAIN)


_FOUR = {"p1": "11T12 12T12 13T12 15T12 17T12 19T12", "p2": "09T12 12T12", "p3": "12T12", "p4": "15T12"}
_FEBRUARY = (
    *_at({"p1": "01T12 05T12 10T12 15T12 27T12", "p2": "11T12 18T12", "p3": "12T12", "p4": "27T12"}, "2020-02"),
    *_at({"p1": "02T12"}, "2020-03"),
)
_YEAR = _of(
    {
        "p1": [
            date(2020, 1, 11),
            date(2020, 2, 12),
            date(2020, 3, 13),
            date(2020, 5, 15),
            date(2020, 7, 17),
            date(2020, 9, 19),
        ],
        "p2": [date(2019, 12, 9), date(2020, 2, 12)],
        "p3": [date(2020, 2, 12)],
        "p4": [date(2020, 5, 15)],
    }
)
_MIDNIGHT = _at({**_FOUR, "p1": "11T23 12T01 13T12 15T12 17T12 19T12"})
_12TH = date(2020, 1, 12)

LIFECYCLE_CASES = (
    LifecycleCase(
        "test_lifecycle_trend_action",
        _at(_FOUR),
        _12TH,
        (1, 0, 0, 1, 0, 0, 0, 0),
        (1, 1, 0, 0, 0, 0, 0, 0),
        (1, 0, 0, 1, 0, 1, 0, 1),
        (0, 2, 1, 0, 2, 0, 1, 0),
    ),
    LifecycleCase(
        "test_lifecycle_trend_all_time",
        _at(_FOUR),
        date(2020, 1, 9),
        (1, 0, 1, 1, 0, 0, 1, 0, 0),
        (0, 0, 0, 1, 1, 0, 0, 0, 0),
        (0, 0, 0, 1, 0, 0, 1, 0, 1),
        (0, 1, 0, 0, 2, 1, 0, 2, 0),
    ),
    LifecycleCase(
        "test_lifecycle_trends_distinct_id_repeat",
        _at({"p1": "12T12 14T12 15T12 17T12 19T12"}),
        _12TH,
        (1, 0, 0, 0, 0, 0, 0, 0),
        (0, 0, 0, 1, 0, 0, 0, 0),
        (0, 0, 1, 0, 0, 1, 0, 1),
        (0, 1, 0, 0, 1, 0, 1, 0),
    ),
    LifecycleCase(
        "test_lifecycle_trend_weeks_sunday",
        _FEBRUARY,
        date(2020, 2, 2),
        (0, 2, 0, 1, 0, 0),
        (1, 1, 1, 0, 1, 0),
        (0, 0, 0, 1, 0, 0),
        (0, 0, 2, 1, 1, 1),
        "week",
        SUNDAY,
    ),
    LifecycleCase(
        "test_lifecycle_trend_weeks_monday",
        _FEBRUARY,
        date(2020, 2, 3),
        (0, 2, 0, 1, 0, 0),
        (1, 1, 1, 0, 1, 0),
        (0, 0, 0, 1, 0, 0),
        (0, 0, 2, 1, 1, 1),
        "week",
    ),
    LifecycleCase(
        "test_lifecycle_trend_months",
        _YEAR,
        date(2020, 2, 1),
        (1, 0, 0, 1, 0, 0, 0, 0),
        (1, 1, 0, 0, 0, 0, 0, 0),
        (1, 0, 0, 1, 0, 1, 0, 1),
        (0, 2, 1, 0, 2, 0, 1, 0),
        "month",
    ),
    LifecycleCase(
        "test_filter_test_accounts, the account left out as bots are",
        tuple(Event(e.person, e.name, e.at, is_bot=e.person == "p1") for e in _at(_FOUR)),
        _12TH,
        (1, 0, 0, 1, 0, 0, 0, 0),
        (0,) * 8,
        (1, 0, 0, 0, 0, 0, 0, 0),
        (0, 2, 0, 0, 1, 0, 0, 0),
    ),
    LifecycleCase(
        "test_timezones, UTC",
        _MIDNIGHT,
        _12TH,
        (1, 0, 0, 1, 0, 0, 0, 0),
        (1, 1, 0, 0, 0, 0, 0, 0),
        (1, 0, 0, 1, 0, 1, 0, 1),
        (0, 2, 1, 0, 2, 0, 1, 0),
    ),
    LifecycleCase(
        "test_timezones, US/Pacific",
        _MIDNIGHT,
        _12TH,
        (1, 0, 0, 1, 0, 0, 0, 0),
        (0,) * 8,
        (1, 1, 0, 1, 0, 1, 0, 1),
        (1, 2, 1, 0, 2, 0, 1, 0),
        rules=PACIFIC,
    ),
    LifecycleCase(
        "test_dormant_on_dst",
        _at({"p1": "09T12"}, "2025-03"),
        date(2025, 3, 9),
        (1, 0, 0),
        (0, 0, 0),
        (0, 0, 0),
        (0, 1, 0),
        rules=PACIFIC,
    ),
)
