"""The definition of a session, read word for word: one loop over a person's events. No SQL, no cleverness."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True)
class Event:
    """An event as sessions look at it; `at` is naive UTC."""

    person: str
    at: datetime
    event_id: str
    source: str = "web"
    campaign: str | None = None
    is_server: bool = False


@dataclass(frozen=True)
class Rules:
    """The config's `sessions` and the site's timezone."""

    timeout: timedelta = timedelta(minutes=30)
    max_length: timedelta = timedelta(hours=24)
    cut_at_midnight: bool = False
    cut_on_campaign: bool = False
    timezone: str = "UTC"
    max_engaged_gap: timedelta = timedelta(seconds=300)


Key = tuple[str, str]


def sessionize(events: Iterable[Event], rules: Rules) -> dict[Key, datetime | None]:
    """(source, event_id) -> start of the session the event is in; None where a server event falls into none."""
    placed: dict[Key, datetime | None] = {}
    by_person: dict[str, list[Event]] = defaultdict(list)
    for event in events:
        by_person[event.person].append(event)
    for theirs in by_person.values():
        # of one instant the server's events come last: what they are about has happened
        theirs.sort(key=lambda e: (e.at, e.is_server, e.event_id, e.source))
        _walk(theirs, rules, placed)
    return placed


def _walk(events: list[Event], rules: Rules, placed: dict[Key, datetime | None]) -> None:
    started: datetime | None = None
    latest: datetime | None = None
    campaign: str | None = None
    for event in events:
        is_over = latest is None or event.at - latest > rules.timeout or _crosses_midnight(latest, event.at, rules)
        if event.is_server:
            placed[event.source, event.event_id] = None if is_over else started
            continue
        is_new_campaign = rules.cut_on_campaign and event.campaign is not None and event.campaign != campaign
        if (
            latest is None
            or started is None
            or is_over
            or (is_new_campaign and event.at > latest)
            or event.at - started > rules.max_length
        ):
            started = event.at
        latest = event.at
        campaign = event.campaign or campaign
        placed[event.source, event.event_id] = started


def _crosses_midnight(earlier: datetime, later: datetime, rules: Rules) -> bool:
    zone = ZoneInfo(rules.timezone)
    return rules.cut_at_midnight and _date(earlier, zone) != _date(later, zone)


def _date(moment: datetime, zone: ZoneInfo) -> object:
    return moment.replace(tzinfo=UTC).astimezone(zone).date()


def engaged_time_s(moments: Iterable[datetime], rules: Rules) -> float:
    """Pauses between consecutive events of a session (the server's left out), each up to the limit."""
    ordered = sorted(moments)
    pauses = (later - earlier for earlier, later in itertools.pairwise(ordered))
    return sum((min(pause, rules.max_engaged_gap) for pause in pauses), timedelta()).total_seconds()
