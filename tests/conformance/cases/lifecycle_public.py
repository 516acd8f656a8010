"""Logs and figures of a public test suite of lifecycle, in our own words: persons, days, counts."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from tests.conformance.cases.retention_public import PACIFIC, PLAIN, POSTHOG, SUNDAY, Log, at, of
from tests.conformance.reference.retention import Event, Rules

LIFECYCLE = f"{POSTHOG}test_lifecycle_query_runner.py"


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
    *at({"p1": "01T12 05T12 10T12 15T12 27T12", "p2": "11T12 18T12", "p3": "12T12", "p4": "27T12"}, "2020-02"),
    *at({"p1": "02T12"}, "2020-03"),
)
_YEAR = of(
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
_MIDNIGHT = at({**_FOUR, "p1": "11T23 12T01 13T12 15T12 17T12 19T12"})
_12TH = date(2020, 1, 12)

LIFECYCLE_CASES = (
    LifecycleCase(
        "test_lifecycle_trend_action",
        at(_FOUR),
        _12TH,
        (1, 0, 0, 1, 0, 0, 0, 0),
        (1, 1, 0, 0, 0, 0, 0, 0),
        (1, 0, 0, 1, 0, 1, 0, 1),
        (0, 2, 1, 0, 2, 0, 1, 0),
    ),
    LifecycleCase(
        "test_lifecycle_trend_all_time",
        at(_FOUR),
        date(2020, 1, 9),
        (1, 0, 1, 1, 0, 0, 1, 0, 0),
        (0, 0, 0, 1, 1, 0, 0, 0, 0),
        (0, 0, 0, 1, 0, 0, 1, 0, 1),
        (0, 1, 0, 0, 2, 1, 0, 2, 0),
    ),
    LifecycleCase(
        "test_lifecycle_trends_distinct_id_repeat",
        at({"p1": "12T12 14T12 15T12 17T12 19T12"}),
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
        tuple(Event(e.person, e.name, e.at, is_bot=e.person == "p1") for e in at(_FOUR)),
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
        at({"p1": "09T12"}, "2025-03"),
        date(2025, 3, 9),
        (1, 0, 0),
        (0, 0, 0),
        (0, 0, 0),
        (0, 1, 0),
        rules=PACIFIC,
    ),
)
