"""Lifecycle, activity and the power-user curve as their definitions read, period by period. Independent of the SQL."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from tests.conformance.reference.retention import DAY, Event, Rules, later

Days = dict[str, set[date]]


class Period(NamedTuple):
    """Who was what in a period; whoever is nothing was not there."""

    new: frozenset[str]
    returning: frozenset[str]
    resurrected: frozenset[str]
    dormant: frozenset[str]
    is_mature: bool
    is_warm_up: bool


def active_days(events: Sequence[Event], rules: Rules) -> Days:
    """The dates of each person."""
    days: Days = {}
    for event in events:
        if not event.is_bot:
            days.setdefault(event.person, set()).add(rules.local(event.at))
    return days


def lifecycle(events: Sequence[Event], rules: Rules) -> dict[tuple[str, date], Period]:
    """Period by (grain, its first date), from the first active date to as_of."""
    days = active_days(events, rules)
    periods = {}
    for grain in ("day", "week", "month"):
        held = {person: {rules.period_start(grain, day) for day in dates} for person, dates in days.items()}
        start = min(min(starts) for starts in held.values())
        while start <= rules.as_of:
            before = later(grain, start, -1)
            here = {person for person, starts in held.items() if start in starts}
            ever = {person for person, starts in held.items() if min(starts) < start}
            just = {person for person, starts in held.items() if before in starts}
            periods[grain, start] = Period(
                frozenset(here - ever),
                frozenset(here & just),
                frozenset((here & ever) - just),
                frozenset(just - here),
                later(grain, start, 1) - DAY <= rules.as_of,
                rules.is_warm_up(start, [event for event in events if not event.is_bot]),
            )
            start = later(grain, start, 1)
    return periods


def activity(events: Sequence[Event], rules: Rules) -> dict[date, tuple[int, int, int]]:
    """Persons active on a date, in the 7 and in the 30 days that end with it."""
    days = active_days(events, rules)

    def persons(last: date, length: int) -> int:
        window = {last - n * DAY for n in range(length)}
        return sum(1 for dates in days.values() if dates & window)

    found = {}
    day = min(min(dates) for dates in days.values())
    while day <= rules.as_of:
        found[day] = (persons(day, 1), persons(day, 7), persons(day, 30))
        day += DAY
    return found


def power_users(events: Sequence[Event], rules: Rules) -> dict[tuple[date, int], int]:
    """Persons by month and number of dates active in it, where there are any."""
    counts: Counter[tuple[date, int]] = Counter()
    for dates in active_days(events, rules).values():
        for month, n_days in Counter(day.replace(day=1) for day in dates).items():
            counts[month, n_days] += 1
    return dict(counts)
