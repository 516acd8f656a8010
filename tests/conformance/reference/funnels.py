"""The definition of a funnel read word by word: every way is tried, nothing is clever. Slow; for tiny logs.

Independent of the SQL. Here stand the words of the definition as loops; not here: how logs get into the warehouse.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any


@dataclass(frozen=True)
class Event:
    """An event of a person; `number` is its place in the person's order (event_at, then event_id)."""

    person: str
    number: int
    name: str
    at: int
    session: str | None = None
    values: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Step:
    """An event name, and a condition on the event."""

    event: str
    where: Callable[[Event], bool] = lambda event: True
    optional: bool = False
    within: int | None = None


@dataclass(frozen=True)
class Funnel:
    """The keys of the config, in seconds."""

    steps: tuple[Step, ...]
    window: int
    order: str = "ordered"
    entry: str = "best"
    scope: str = "person"
    exclude: tuple[str, ...] = ()
    hold: tuple[str, ...] = ()

    @property
    def positions(self) -> range:
        """Steps are counted from 1."""
        return range(1, len(self.steps) + 1)


@dataclass(frozen=True)
class Entry:
    """What became of an entry: the steps reached, as (number, time)."""

    person: str
    steps: tuple[tuple[int, int], ...]
    is_excluded: bool = False


Way = tuple[tuple[int, Event], ...]  # positions of the steps reached, and their events


def entries(funnel: Funnel, events: Sequence[Event]) -> set[Entry]:
    """Every counted and every excluded entry."""
    found: set[Entry] = set()
    for _, persons_events in groupby(sorted(events, key=lambda e: (e.person, e.number)), key=lambda e: e.person):
        mine = [event for event in persons_events if funnel.scope == "person" or event.session is not None]
        if funnel.entry == "best":
            found |= _best(funnel, mine)
        else:
            found |= {_judged(funnel, mine, _walk(funnel, mine, start), start) for start in _starts(funnel, mine)}
    return found


def _serves(funnel: Funnel, position: int, event: Event) -> bool:
    step = funnel.steps[position - 1]
    return event.name == step.event and step.where(event)


def _starts_here(funnel: Funnel, event: Event) -> bool:
    return any(_serves(funnel, k, event) for k in (funnel.positions if funnel.order == "any" else (1,)))


def _base(funnel: Funnel, event: Event) -> str:
    """Who, or in which session."""
    return event.person if funnel.scope == "person" else str(event.session)


def _unit(funnel: Funnel, event: Event) -> str:
    """Only events of one unit meet: every step has the entry's values, and a null matches nothing."""
    values = [event.values.get(column) for column in funnel.hold]
    if None in values:
        return f"{_base(funnel, event)}|null:{event.number}"
    return _base(funnel, event) + "".join(f"|{len(str(value))}:{value}" for value in values)


def _meet(funnel: Funnel, start: Event, events: Sequence[Event]) -> list[Event]:
    """The events that may be steps of the start's way: not before it, inside its window."""
    return [
        event
        for event in events
        if _unit(funnel, event) == _unit(funnel, start) and start.at <= event.at <= start.at + funnel.window
    ]


def _may_follow(funnel: Funnel, last: int) -> Iterator[int]:
    """The positions that may come directly after one: the next, and later ones while those skipped are optional."""
    for position in range(last + 1, len(funnel.steps) + 1):
        yield position
        if not funnel.steps[position - 1].optional:
            return


def _in_time(funnel: Funnel, position: int, before: int, at: int) -> bool:
    within = funnel.steps[position - 1].within
    return within is None or at - before <= within


# -- entry `first` and `every` ---------------------------------------------------------------------------------------


def _starts(funnel: Funnel, events: list[Event]) -> list[Event]:
    """The events at which a counted entry begins, in order."""
    starts = [event for event in events if _starts_here(funnel, event)]
    if funnel.entry == "first":
        return starts[:1]
    counted: list[Event] = []
    for start in starts:
        before = [one for one in counted if _base(funnel, one) == _base(funnel, start)]
        if not before or start.at > before[-1].at + funnel.window:
            counted.append(start)
    return counted


def _walk(funnel: Funnel, events: list[Event], start: Event) -> tuple[tuple[int, int], ...]:
    if funnel.order == "any":
        return _different_steps(funnel, _meet(funnel, start, events))
    if funnel.order == "strict":
        return _strict_walk(funnel, events, start)
    reached = [(1, start.at)]
    rows = _meet(funnel, start, events)
    while True:
        last, at = reached[-1]
        choices = []
        for position in _may_follow(funnel, last):
            for event in rows:
                # others of the same instant stand in any order: it is enough that each step can have an event of its
                # own
                together = [k for k, reached_at in reached if reached_at == event.at] + [position]
                alike = [row for row in rows if row.at == event.at]
                if (
                    event.at >= at
                    and _serves(funnel, position, event)
                    and _matching(funnel, together, alike) == len(together)
                ):
                    choices.append((event.at, position))
        choices = [(t, k) for t, k in choices if _in_time(funnel, k, at, t)]
        if not choices:
            return tuple(reached)
        reached.append(min(choices)[::-1])


def _strict_walk(funnel: Funnel, events: list[Event], start: Event) -> tuple[tuple[int, int], ...]:
    reached, last = [(1, start.at)], start
    while True:
        following = [e for e in events if e.number == last.number + 1 and e in _meet(funnel, start, events)]
        choices = [
            k
            for event in following
            for k in _may_follow(funnel, reached[-1][0])
            if _serves(funnel, k, event) and _in_time(funnel, k, last.at, event.at)
        ]
        if not choices:
            return tuple(reached)
        last = following[0]
        reached.append((min(choices), last.at))


def _judged(funnel: Funnel, events: list[Event], steps: tuple[tuple[int, int], ...], start: Event) -> Entry:
    is_converted = steps[-1][0] == len(funnel.steps)
    return Entry(start.person, steps, _is_removed(funnel, events, start, steps[-1][1] if is_converted else None))


def _is_removed(funnel: Funnel, events: list[Event], start: Event, converted_at: int | None) -> bool:
    """An excluded event after the entry, and before the conversion or else before the window ends."""
    end = start.at + funnel.window if converted_at is None else converted_at
    return any(
        event.name in funnel.exclude and start.at < event.at < end
        for event in events
        if _base(funnel, event) == _base(funnel, start)
    )


# -- any order -------------------------------------------------------------------------------------------------------


def _matching(funnel: Funnel, positions: Sequence[int], rows: Sequence[Event]) -> int:
    """How many of the steps can have an event of their own."""
    if not positions:
        return 0
    first, rest = positions[0], positions[1:]
    most = _matching(funnel, rest, rows)
    for row in rows:
        if _serves(funnel, first, row):
            most = max(most, 1 + _matching(funnel, rest, [other for other in rows if other is not row]))
    return most


def _different_steps(funnel: Funnel, rows: list[Event]) -> tuple[tuple[int, int], ...]:
    """The k-th different step and when there were k: one event serves one step, in the order of the config."""
    times = []
    for at in sorted({row.at for row in rows}):
        seen = [row for row in rows if row.at <= at]
        times += [at] * (_matching(funnel, list(funnel.positions), seen) - len(times))
    return tuple(enumerate(times, start=1))


# -- entry `best` ----------------------------------------------------------------------------------------------------


def _best(funnel: Funnel, events: list[Event]) -> set[Entry]:
    """The deepest level over all entries; the way that ends first; of those the one that starts last."""
    candidates = []
    for start in events:
        if not _starts_here(funnel, start):
            continue
        if funnel.order == "any":
            steps = _different_steps(funnel, _meet(funnel, start, events))
            removed = _judged(funnel, events, steps, start).is_excluded
            rank = (removed, -steps[-1][0], steps[-1][1], -start.at)
            candidates.append((rank, _unit(funnel, start), 0, (), Entry(start.person, steps, removed)))
            continue
        # rows of one instant stand in any order, so an entry is an instant (in a strict funnel they stand in one order)
        alike = [start] if funnel.order == "strict" else [e for e in _meet(funnel, start, events) if e.at == start.at]
        ways = [way for one in alike if _serves(funnel, 1, one) for way in _ways(funnel, events, one, ((1, one),))]
        ends = [way[-1][1].at for way in ways if way[-1][0] == len(funnel.steps)]
        removed = _is_removed(funnel, events, start, min(ends) if ends else None)
        for way in ways:
            rank = (removed, -way[-1][0], way[-1][1].at, -start.at, -len(way))
            backwards = tuple((event.at, -position) for position, event in reversed(way))
            entry = Entry(start.person, tuple((position, event.at) for position, event in way), removed)
            candidates.append((rank, _unit(funnel, start), way[-1][1].number, backwards, entry))
    if not candidates:
        return set()
    least = min(rank for rank, *_ in candidates)
    # what the definition leaves open: of equal ways that of the last unit, and its steps as early as they can be
    unit = max(one for rank, one, *_ in candidates if rank == least)
    rest = [tuple(more) for rank, one, *more in candidates if rank == least and one == unit]
    by_end = (lambda way: (way[0], way[1])) if funnel.order == "strict" else (lambda way: way[1])
    return {min(rest, key=by_end)[2]}


def _ways(funnel: Funnel, events: list[Event], start: Event, way: Way) -> Iterator[Way]:
    """Every way that begins so, this one included."""
    yield way
    last, latest = way[-1]
    for position in _may_follow(funnel, last):
        for event in _meet(funnel, start, events):
            is_next = event.number == latest.number + 1 if funnel.order == "strict" else event.at >= latest.at
            is_used = any(event is used for _, used in way)
            if not is_next or is_used or not _serves(funnel, position, event):
                continue
            if _in_time(funnel, position, latest.at, event.at):
                yield from _ways(funnel, events, start, (*way, (position, event)))
