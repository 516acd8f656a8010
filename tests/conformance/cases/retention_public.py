"""Logs and figures of public test suites of retention, in our own words: persons, days, counts. Not here: lifecycle
(lifecycle_public.py).

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
CLICKHOUSE = "ClickHouse/ClickHouse (and timeplus-io/proton) tests/queries/0_stateless/00688_aggregation_retention.sql"
BEHAVIORAL = "tomtom215/duckdb-behavioral test/sql/retention.test"
RECURRING = "their cohort of a date is everybody active on it; ours is everybody who began on it, once in a life"
Log = tuple[Event, ...]


def of(days: dict[str, Iterable[date]], name: str = "view", hour: int = 5) -> Log:
    return tuple(Event(p, name, datetime(d.year, d.month, d.day, hour)) for p, dates in days.items() for d in dates)


def june(days: dict[str, Iterable[int]], name: str = "view") -> Log:
    return of({person: [date(2020, 6, 10) + timedelta(n) for n in numbers] for person, numbers in days.items()}, name)


def at(moments: dict[str, str], month: str = "2020-01") -> Log:
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

_TWO = june({"p1": (0, 1, 2, 5, 5, 6), "p2": (1, 2, 3, 6)})
_MONTHS = of(
    {
        "p1": [date(2020, m, 10) for m in (1, 2, 3, 5, 6, 9)],
        "p2": [date(2020, m, 10) for m in (1, 2, 3, 6, 7, 11)],
    }
)
_WEEKS = june({"p1": (0, 1, 7, 14, 24, 31), "p2": (0, 1, 7, 24, 31, 45)})
_ROLLING = june({"p1": (0, 3, 4), "p2": (0, 1), "p3": (1, 2, 3), "p4": (3, 4), "p5": (4,)})
_FIRST_TIME = (
    *june({"other": (-5, -1), "p1": (-1, 1, 2, 3, 4), "p2": (-1,), "p3": (0,), "p4": (2,)}, "sign_up"),
    *june({"p1": (0, 1, 2, 5, 5, 6), "p2": (1, 2, 3, 6), "p3": (1, 3, 4, 5), "p4": (3, 5)}),
)
_NIGHTS = at({"p1": "09T01 10T01 11T01", "p2": "16T01 16T09"}, "2020-06")
_AUGUST = of(
    {f"u{n}": [date(2018, 8, day) for day, users in ((6, 80), (7, 50), (8, 60)) if n < users] for n in range(80)}
)
_GROWING = of({f"u{n}": [date(2020, 1, day) for day in (1, 2, 3) if n < 5 * day] for n in range(15)})
_SIGNED = of(
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
        june({"p1": (0, 1, 2)}) + june({"p1": (2, 3)}, "sign_up"),
        (Rows(_june_day(2), (1,)),),
        SIGN_UP_TO_VIEW,
    ),
    PublicCase(
        RETENTION,
        "test_retention_multiple_events",
        june({"p1": range(4), "p2": range(4), "p3": (5,)}, "sign_up") + june({"p1": (5, 6), "p2": (5,)}),
        (Rows(_june_day(0), (2, 0, 0, 0, 0, 2, 1)), Rows(_june_day(5), (1, 0))),
        SIGN_UP_TO_VIEW,
    ),
    PublicCase(
        RETENTION,
        "test_retention_any_event",
        june({"p1": (0, 1, 2, 3, 5, 6), "p2": (0, 1, 2, 3, 5), "p3": (5,)}),
        (Rows(_june_day(0), (2, 2, 2, 2, 0, 2, 1)), Rows(_june_day(5), (3, 1), ours=(1, 0))),
        why=RECURRING,
    ),
    PublicCase(
        RETENTION,
        "test_retention_event_action",
        june({"p1": range(4), "p2": range(4)}, "sign_up") + june({"p1": (3,), "p2": (5,)}),
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
        _AUGUST + of({"u999": [date(2018, 8, 7)]}),
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
