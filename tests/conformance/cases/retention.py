"""Logs of a few persons, one trap each, with the answers worked out by hand. All of them fit into one log of one site.

The site is in New York, its weeks begin on Sunday, as_of is 2026-02-24. Each case has cohort dates of its own, so that
its cells hold nobody else; months hold several cases and are only asked where they do not.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

AS_OF = date(2026, 2, 24)
BOT = {"context": {"userAgent": "curl/8.5.0"}}


@dataclass(frozen=True)
class Case:
    """log: person, event, UTC time and what else the line says; cells: (mode, grain, cohort, period) → what is known
    of it.
    """

    trap: str
    log: tuple[tuple[Any, ...], ...]
    cells: dict[tuple[str, str, str, int], dict[str, Any]] = field(default_factory=dict)
    periods: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)


def _on(cohort: str, *counts: int | None, mode: str = "calendar_on", grain: str = "day") -> dict[Any, dict[str, Any]]:
    return {(mode, grain, cohort, n): {"n_retained": count} for n, count in enumerate(counts) if count is not None}


CASES = {
    "month_ends": Case(
        "From the last of January to the first of March are two months, though 29 days.",
        (("jan", "view", "2025-01-31T17:00"), ("jan", "view", "2025-03-01T17:00")),
        {
            ("calendar_on", "day", "2025-01-31", 29): {"n_retained": 1, "is_warm_up": True},
            **_on("2025-01-01", 1, 0, 1, 0, grain="month"),
        },
    ),
    "warm_up_ends": Case(
        "The history begins on 31 January; 30 days later, on 2 March, a start is believed for the first time. A month "
        "that begins inside the warm-up is a warm-up cohort, whoever is in it.",
        (("late", "view", "2025-03-01T18:00"), ("late2", "view", "2025-03-02T18:00")),
        {
            ("calendar_on", "day", "2025-03-01", 0): {"n_cohort": 1, "is_warm_up": True},
            ("calendar_on", "day", "2025-03-02", 0): {"n_cohort": 1, "is_warm_up": False},
            ("calendar_on", "month", "2025-03-01", 0): {"is_warm_up": True},
        },
    ),
    "dst_23_hours": Case(
        "Noon to noon over the spring change are 23 hours: the next day, but the same window of 24 hours.",
        (("spring", "view", "2025-03-08T17:00"), ("spring", "view", "2025-03-09T16:00")),
        {**_on("2025-03-08", 1, 1, 0), **_on("2025-03-08", 1, 0, 0, mode="rolling_24h")},
    ),
    "dst_25_hours": Case(
        (
            "A date of 25 hours holds a whole window of 24 between its first and its last event: three windows are "
            "touched."
        ),
        (
            ("autumn", "view", "2025-11-01T04:30"),
            ("autumn", "view", "2025-11-02T04:10"),
            ("autumn", "view", "2025-11-02T17:00"),
            ("autumn", "view", "2025-11-03T04:50"),
        ),
        {**_on("2025-11-01", 1, 1, 0), **_on("2025-11-01", 1, 1, 1, 0, mode="rolling_24h")},
    ),
    "midnight_of_the_site": Case(
        "Two seconds over New York's midnight are the next day, though in UTC it is the same; no 24 hours have passed.",
        (("owl", "view", "2025-04-11T03:59:59"), ("owl", "view", "2025-04-11T04:00:01")),
        {**_on("2025-04-10", 1, 1, 0), **_on("2025-04-10", 1, 0, mode="rolling_24h")},
    ),
    "exactly_24_hours": Case(
        "24 hours to the second are in window 1, a second less in window 0.",
        (
            ("exact", "view", "2025-04-15T12:00:00"),
            ("exact", "view", "2025-04-16T12:00:00"),
            ("short", "view", "2025-04-15T12:00:00"),
            ("short", "view", "2025-04-16T11:59:59"),
        ),
        {**_on("2025-04-15", 2, 2), **_on("2025-04-15", 2, 1, mode="rolling_24h")},
    ),
    "weeks_begin_on_sunday": Case(
        "From Saturday to Sunday is the next week; from Sunday to the Saturday after it is none.",
        (
            ("sat", "view", "2025-05-10T16:00"),
            ("sat", "view", "2025-05-11T16:00"),
            ("sun", "view", "2025-05-18T16:00"),
            ("sun", "view", "2025-05-24T16:00"),
        ),
        {**_on("2025-05-04", 1, 1, 0, grain="week"), **_on("2025-05-18", 1, 0, grain="week")},
    ),
    "immature": Case(
        "As of 24 February a start on the 22nd has reached day 2; day 3 does not exist; bracket 1-3 and the week are "
        "not over. "
        "The window of hours 48 to 72 ends on the 25th. An event after as_of is not known.",
        (
            ("young", "view", "2026-02-22T16:00"),
            ("young", "view", "2026-02-23T16:00"),
            ("young", "view", "2026-02-25T12:00"),
        ),
        {
            ("calendar_on", "day", "2026-02-22", 2): {"n_retained": 0, "is_mature": True},
            ("calendar_on", "day", "2026-02-22", 3): {"absent": True},
            ("bracket", "day", "2026-02-22", 1): {"n_retained": 1, "is_mature": False},
            ("bracket", "day", "2026-02-22", 2): {"absent": True},
            ("calendar_on", "week", "2026-02-22", 0): {"n_cohort": 1, "is_mature": False},
            ("rolling_24h", "day", "2026-02-22", 1): {"n_retained": 1, "is_mature": True},
            ("rolling_24h", "day", "2026-02-22", 2): {"n_retained": 0, "is_mature": False},
            ("calendar_on_or_after", "day", "2026-02-22", 1): {"n_retained": 1, "is_mature": True},
        },
    ),
    "one_event": Case(
        "Somebody with a single event makes a cohort whose later cells are there, with nobody in them.",
        (("once", "view", "2025-06-10T16:00"),),
        {
            **_on("2025-06-10", 1, 0, 0, 0),
            **_on("2025-06-10", 1, 0, 0, mode="calendar_on_or_after"),
            **_on("2025-06-10", 1, 0, mode="rolling_24h"),
            **_on("2025-06-10", 1, 0, 0, 0, mode="bracket"),
        },
    ),
    "bracket_edges": Case(
        "Both ends of a bracket are in it; two returns in one bracket are one person; day 31 is in none.",
        (
            *((name, "view", "2025-07-01T16:00") for name in "abcdefg"),
            ("a", "view", "2025-07-04T16:00"),
            ("b", "view", "2025-07-05T16:00"),
            ("c", "view", "2025-07-08T16:00"),
            ("d", "view", "2025-07-09T16:00"),
            ("e", "view", "2025-07-31T16:00"),
            ("f", "view", "2025-08-01T16:00"),
            ("g", "view", "2025-07-02T16:00"),
            ("g", "view", "2025-07-03T16:00"),
        ),
        _on("2025-07-01", 7, 2, 2, 2, mode="bracket"),
    ),
    "bots": Case(
        "A program starts no cohort and comes back in none.",
        (
            ("robot", "view", "2025-08-05T16:00", BOT),
            ("robot", "view", "2025-08-06T16:00", BOT),
            ("human", "view", "2025-08-05T16:00"),
        ),
        {
            ("calendar_on", "day", "2025-08-05", 0): {"n_cohort": 1},
            ("calendar_on", "day", "2025-08-05", 1): {"n_retained": 0},
        },
    ),
    "unbounded": Case(
        "Whoever comes on day 40 was still there on every day before, also on the last one asked for.",
        (
            ("keen", "view", "2025-08-20T16:00"),
            ("keen", "view", "2025-08-25T16:00"),
            ("keen", "view", "2025-09-29T16:00"),
        ),
        {**_on("2025-08-20", 1, 0, 0, 0, 0, 1, 0), **_on("2025-08-20", *[1] * 31, mode="calendar_on_or_after")},
    ),
    "value": Case(
        "Revenue adds up from the start on; the one who never buys counts in the mean.",
        (
            ("buyer", "purchase", "2025-09-01T16:00", {"value": 10.10}),
            ("buyer", "purchase", "2025-09-04T15:59", {"value": 20.20}),
            ("idler", "view", "2025-09-01T16:00"),
        ),
        {
            ("calendar_on", "day", "2025-09-01", 0): {"revenue": 10.10, "cumulative_revenue": 10.10},
            ("calendar_on", "day", "2025-09-01", 2): {"revenue": 0, "cumulative_revenue": 10.10},
            ("calendar_on", "day", "2025-09-01", 3): {"revenue": 20.20, "cumulative_revenue": 30.30, "n_cohort": 2},
            ("calendar_on_or_after", "day", "2025-09-01", 1): {"revenue": 20.20, "cumulative_revenue": 10.10},
            ("bracket", "day", "2025-09-01", 1): {"revenue": 20.20, "cumulative_revenue": 30.30},
            ("bracket", "day", "2025-09-01", 2): {"revenue": 0, "cumulative_revenue": 30.30},
            ("rolling_24h", "day", "2025-09-01", 2): {"revenue": 20.20, "cumulative_revenue": 30.30},
        },
    ),
    "copies": Case(
        "The same line twice is one event, and neither its cohort nor its return counts twice.",
        (
            ("twin", "view", "2025-09-10T16:00", {"eventId": "t1"}),
            ("twin", "view", "2025-09-10T16:00", {"eventId": "t1"}),
            ("twin", "view", "2025-09-12T16:00", {"eventId": "t2"}),
            ("twin", "view", "2025-09-12T16:00", {"eventId": "t2"}),
        ),
        _on("2025-09-10", 1, 0, 1),
    ),
    "log_in_later": Case(
        "A device without a name that logs in on day 2 is one person from the first day on, and retained.",
        (
            ("known", "view", "2025-09-20T16:00", {"anonymousId": "dev-1", "user": None}),
            ("known", "login", "2025-09-22T16:00", {"anonymousId": "dev-1"}),
        ),
        {**_on("2025-09-20", 1, 0, 1), ("calendar_on", "day", "2025-09-22", 0): {"absent": True}},
    ),
    "lifecycle": Case(
        "Three come, one of them stays while one joins, one of the two lost comes back, then nobody is left: no quick "
        "ratio "
        "where nobody leaves, and 0 where nobody comes.",
        tuple(
            (person, "view", f"2025-12-{day:02}T17:00")
            for person, days in {"k": (7, 8, 15, 23), "l": (9, 24), "m": (10,), "n": (16, 17)}.items()
            for day in days
        ),
        periods={
            ("week", "2025-12-07"): {"new": 3, "returning": 0, "resurrected": 0, "dormant": 0, "quick_ratio": None},
            ("week", "2025-12-14"): {"new": 1, "returning": 1, "resurrected": 0, "dormant": 2, "quick_ratio": 0.5},
            ("week", "2025-12-21"): {"new": 0, "returning": 1, "resurrected": 1, "dormant": 1, "quick_ratio": 1.0},
            ("week", "2025-12-28"): {"new": 0, "returning": 0, "resurrected": 0, "dormant": 2, "quick_ratio": 0.0},
            ("week", "2026-01-04"): {"new": 0, "returning": 0, "resurrected": 0, "dormant": 0, "quick_ratio": None},
            ("month", "2025-12-01"): {"new": 4, "returning": 0, "resurrected": 0, "dormant": 1, "quick_ratio": 4.0},
            ("month", "2026-01-01"): {"new": 0, "returning": 0, "resurrected": 0, "dormant": 4, "quick_ratio": 0.0},
            ("week", "2026-02-22"): {"new": 1, "returning": 0, "resurrected": 0, "dormant": 0, "quick_ratio": None},
        },
    ),
}
# Of the case "lifecycle": persons by number of days active in December, and activity on three of its dates.
POWER_USERS = {1: 1, 2: 2, 3: 0, 4: 1}
ACTIVITY = {"2025-12-16": (1, 3, 4), "2025-12-24": (1, 2, 4), "2026-01-10": (0, 0, 3)}
