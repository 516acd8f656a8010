"""Retention as its definition reads, person by person and cell by cell. Slow, and independent of the SQL."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import product
from typing import NamedTuple
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass(frozen=True)
class Event:
    """What a person did; `at` is UTC without saying so; a purchase is an order of its own."""

    person: str
    name: str
    at: datetime
    revenue: float = 0.0
    is_bot: bool = False


@dataclass(frozen=True)
class Rules:
    """The part of the config that retention and lifecycle read."""

    as_of: date
    timezone: str = "UTC"
    week_start: str = "monday"
    start_event: str | None = None
    return_event: str | None = None
    max_days: int = 30
    max_weeks: int = 12
    max_months: int = 12
    brackets: tuple[tuple[int, int], ...] = ((1, 3), (4, 7), (8, 30))
    warm_up_days: int = 30
    history_start: date | None = None

    def local(self, moment: datetime) -> date:
        """The site's calendar date of a UTC time."""
        return moment.replace(tzinfo=ZoneInfo("UTC")).astimezone(ZoneInfo(self.timezone)).date()

    def end_of_as_of(self) -> datetime:
        """The first UTC time after as_of."""
        midnight = datetime.combine(self.as_of + DAY, time(), ZoneInfo(self.timezone))
        return midnight.astimezone(ZoneInfo("UTC")).replace(tzinfo=None)

    def period_start(self, grain: str, day: date) -> date:
        """The first date of the day, week or month that holds a date."""
        if grain == "month":
            return day.replace(day=1)
        if grain == "week":
            while WEEKDAYS[day.weekday()] != self.week_start:
                day -= DAY
        return day

    def is_warm_up(self, day: date, events: Sequence[Event]) -> bool:
        """Whether less than warm_up_days of history lie before a date."""
        begun = self.history_start or min(self.local(event.at) for event in events)
        return (day - begun).days < self.warm_up_days


def later(grain: str, start: date, periods: int) -> date:
    """The start of the period so many periods later."""
    if grain == "month":
        months = start.year * 12 + start.month - 1 + periods
        return date(months // 12, months % 12 + 1, 1)
    return start + periods * (7 if grain == "week" else 1) * DAY


class Cell(NamedTuple):
    """One cell of retention and the persons who stand behind it."""

    n_cohort: int
    retained: tuple[str, ...]
    revenue: float
    cumulative_revenue: float
    is_mature: bool
    is_warm_up: bool


Key = tuple[str, str, date, int]


class _Look(NamedTuple):
    """Where a cell looks: so many windows of 24 hours since the start, or from one date to another."""

    rules: Rules
    mode: str
    period: int
    first_date: date
    last_date: date

    def holds(self, event: Event, started_at: datetime) -> bool:
        """The event falls into the cell."""
        if self.mode == "rolling_24h":
            return started_at + self.period * DAY <= event.at < started_at + (self.period + 1) * DAY
        day = self.rules.local(event.at)
        if day < self.rules.local(started_at) or day < self.first_date:
            return False
        return self.mode == "calendar_on_or_after" or day <= self.last_date

    def is_until(self, event: Event, started_at: datetime) -> bool:
        """The event falls between the start and the end of the cell."""
        if self.mode == "rolling_24h":
            return started_at <= event.at < started_at + (self.period + 1) * DAY
        return self.rules.local(started_at) <= self.rules.local(event.at) <= self.last_date

    def is_over(self, starts: Sequence[datetime]) -> bool:
        """Nothing that is still to come can fall into the cell (but see calendar_on_or_after)."""
        if self.mode == "rolling_24h":
            return max(starts) + (self.period + 1) * DAY <= self.rules.end_of_as_of()
        return self.last_date <= self.rules.as_of


def retention(events: Sequence[Event], rules: Rules) -> dict[Key, Cell]:
    """Cell by (mode, grain, cohort_start, period_number)."""
    events = [event for event in events if not event.is_bot]
    starts: dict[str, datetime] = {}
    for event in sorted(events, key=lambda event: event.at):
        if rules.start_event in (None, event.name):
            starts.setdefault(event.person, event.at)
    cells = {}
    for mode, grain, period, first, last in _asked(rules):
        for cohort in {rules.period_start(grain, rules.local(at)) for at in starts.values()}:
            first_date, last_date = later(grain, cohort, first), later(grain, cohort, last + 1) - DAY
            if first_date > rules.as_of:
                continue
            look = _Look(rules, mode, period, first_date, last_date)
            members = {p: at for p, at in starts.items() if rules.period_start(grain, rules.local(at)) == cohort}
            own = [(event, members[event.person]) for event in events if event.person in members]
            back = {e.person for e, at in own if rules.return_event in (None, e.name) and look.holds(e, at)}
            orders = [(event, at) for event, at in own if event.name == "purchase"]
            cells[mode, grain, cohort, period] = Cell(
                len(members),
                tuple(sorted(members if first == 0 else back)),
                round(sum(e.revenue for e, at in orders if look.holds(e, at)), 6),
                round(sum(e.revenue for e, at in orders if look.is_until(e, at)), 6),
                look.is_over(list(members.values())),
                rules.is_warm_up(cohort, events),
            )
    return cells


def _asked(rules: Rules) -> Iterator[tuple[str, str, int, int, int]]:
    """Mode, grain, period_number, first and last period since the start."""
    longest = {"day": rules.max_days, "week": rules.max_weeks, "month": rules.max_months}
    for mode, grain in product(("calendar_on", "calendar_on_or_after"), longest):
        yield from ((mode, grain, period, period, period) for period in range(longest[grain] + 1))
    yield from (("rolling_24h", "day", period, period, period) for period in range(rules.max_days + 1))
    for number, (first, last) in enumerate([(0, 0), *rules.brackets]):
        yield "bracket", "day", number, first, last


def curve(cells: dict[Key, Cell]) -> dict[tuple[str, str, int], tuple[int, int, int, float]]:
    """Cohorts, persons, the retained and their revenue until then, by mode, grain and period; mature cells only."""
    sums: dict[tuple[str, str, int], tuple[int, int, int, float]] = {}
    for (mode, grain, _, period), cell in cells.items():
        if cell.is_mature:
            n, persons, retained, revenue = sums.get((mode, grain, period), (0, 0, 0, 0.0))
            more = (n + 1, persons + cell.n_cohort, retained + len(cell.retained), revenue + cell.cumulative_revenue)
            sums[mode, grain, period] = more
    return sums
