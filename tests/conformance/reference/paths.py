"""Paths as the descriptions of the tables say, event by event.

Not here: how a log becomes sessions. An event is (session, person, number, name, page); events of one session in any
order.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

KEPT = 10


class Event(NamedTuple):
    """One event of a person that is no bot; `number` is its place in the person's order."""

    session: str
    person: str
    number: int
    name: str
    page: str | None = None


@dataclass(frozen=True)
class Rules:
    """The `paths` section of the config."""

    start: str | None = None
    end: str = "purchase"
    groups: tuple[str, ...] = ()
    page_events: tuple[str, ...] = ("page_view",)


@dataclass
class Paths:
    """Every table, as dicts from key to figures."""

    sequences: dict[str, tuple[int, int, float, float]] = field(default_factory=dict)
    flows: dict[tuple[str, int, str, str], tuple[int, int]] = field(default_factory=dict)
    transitions: dict[tuple[str, str], tuple[int, int, int]] = field(default_factory=dict)
    drop_offs: dict[str, tuple[int, int, int, int, float]] = field(default_factory=dict)


def step_of(event: Event, rules: Rules) -> str:
    """The name of the step an event is."""
    if not rules.groups or event.name not in rules.page_events or event.page is None:
        return event.name
    page = event.page.rstrip("/") or "/"
    for group in rules.groups:
        pattern = ".*".join(re.escape(part) for part in group.split("*"))
        if re.fullmatch(pattern, page, re.DOTALL):
            return group
    return page


def collapsed(steps: Sequence[str]) -> list[str]:
    """Steps without direct repeats."""
    kept: list[str] = []
    for step in steps:
        if not kept or kept[-1] != step:
            kept.append(step)
    return kept


def paths(events: Sequence[Event], revenue: Mapping[str, float], rules: Rules = Rules()) -> Paths:
    """All path tables of a log."""
    sessions: dict[str, list[Event]] = defaultdict(list)
    for event in events:
        sessions[event.session].append(event)
    raw = {
        name: [step_of(event, rules) for event in sorted(held, key=lambda event: event.number)]
        for name, held in sessions.items()
    }
    person = {event.session: event.person for event in events}
    return Paths(
        _sequences(raw, person, rules),
        _flows(raw, person, rules),
        _transitions(raw, person),
        _drop_offs(raw, person, revenue, rules),
    )


def _sequences(raw: Mapping[str, list[str]], person: Mapping[str, str], rules: Rules) -> dict[str, tuple]:
    by_path: dict[str, list[str]] = defaultdict(list)
    for session, steps in raw.items():
        by_path[" → ".join(collapsed(steps)[:KEPT])].append(session)
    return {
        path: (
            len(held),
            len({person[session] for session in held}),
            len(held) / len(raw),
            sum(rules.end in raw[session] for session in held) / len(held),
        )
        for path, held in by_path.items()
    }


def _flows(raw: Mapping[str, list[str]], person: Mapping[str, str], rules: Rules) -> dict[tuple, tuple[int, int]]:
    seen: dict[tuple[str, int, str, str], list[str]] = defaultdict(list)
    for session, steps in raw.items():
        whole = collapsed(steps)
        anchored = [("entry", whole)]
        if rules.start in whole:
            anchored.append(("start", whole[whole.index(rules.start) :]))
        for anchor, walk in anchored:
            for number, (one, other) in enumerate(zip(walk, [*walk[1:], "(exit)"], strict=True), start=1):
                if number < KEPT:
                    seen[anchor, number, one, other].append(session)
        if rules.end in whole:
            back = whole[: whole.index(rules.end) + 1][::-1]
            for number, (to, came_from) in enumerate(zip(back, [*back[1:], "(entry)"], strict=True), start=1):
                if number < KEPT:
                    seen["end", number, came_from, to].append(session)
    return {key: (len(held), len({person[session] for session in held})) for key, held in seen.items()}


def _transitions(raw: Mapping[str, list[str]], person: Mapping[str, str]) -> dict[tuple, tuple[int, int, int]]:
    times: Counter[tuple[str, str]] = Counter()
    sessions: dict[tuple[str, str], set[str]] = defaultdict(set)
    for session, steps in raw.items():
        for pair in zip(["(entry)", *steps], [*steps, "(exit)"], strict=True):
            times[pair] += 1
            sessions[pair].add(session)
    return {
        pair: (n, len(sessions[pair]), len({person[session] for session in sessions[pair]}))
        for pair, n in times.items()
    }


def _drop_offs(
    raw: Mapping[str, list[str]], person: Mapping[str, str], revenue: Mapping[str, float], rules: Rules
) -> dict[str, tuple[int, int, int, int, float]]:
    """reached, lost, persons lost, of them never converted, money at stake."""
    converted = {session for session, steps in raw.items() if rules.end in steps}
    buyers = {person[session] for session in converted}
    found = {}
    for step in {step for steps in raw.values() for step in steps}:
        reached = [
            s for s, steps in raw.items() if step in (steps[: steps.index(rules.end)] if s in converted else steps)
        ]
        if not reached:
            continue
        lost = [session for session in reached if session not in converted and raw[session][-1] == step]
        went_on = [session for session in reached if session not in lost]
        leavers = {person[session] for session in lost}
        each = sum(revenue.get(session, 0) for session in went_on) / len(went_on) if went_on else 0.0
        found[step] = (len(reached), len(lost), len(leavers), len(leavers - buyers), len(lost) * each)
    return found
