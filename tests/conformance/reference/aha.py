"""Aha moments as the descriptions of the tables say, person by person; the tests of significance are scipy's.

Not here: how events become a person's. A log is rows of (person, date, event, times, sessions begun), bots left out.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

from scipy import stats


class Day(NamedTuple):
    """What a person did of one event on one date."""

    person: str
    day: date
    event: str
    n: int
    sessions: int = 0


@dataclass(frozen=True)
class Rules:
    """The `aha` section of the config."""

    start_event: str | None = None
    counts: tuple[int, ...] = (1, 2, 3, 5)
    days: tuple[int, ...] = (1, 3, 7)
    retention_days: int = 7


@dataclass
class Person:
    """Somebody with a full window."""

    start: date
    is_retained: bool
    n_sessions: int
    times: dict[str, int]


def persons(log: Iterable[Day], as_of: date, rules: Rules, within: int) -> dict[str, Person]:
    """Everybody whose days of behaviour and of staying were over by as_of."""
    by_person: dict[str, list[Day]] = defaultdict(list)
    for row in log:
        by_person[row.person].append(row)
    has_sign_ups = any(row.event == "sign_up" for rows in by_person.values() for row in rows)
    start_event = rules.start_event or ("sign_up" if has_sign_ups else None)
    found = {}
    for person, rows in by_person.items():
        starts = [row.day for row in rows if start_event in (None, row.event)]
        if not starts or min(starts) + timedelta(days=within + rules.retention_days - 1) > as_of:
            continue
        start = min(starts)
        window = [row for row in rows if 0 <= (row.day - start).days < within]
        times: dict[str, int] = defaultdict(int)
        for row in window:
            times[row.event] += row.n
        found[person] = Person(
            start,
            any(within <= (row.day - start).days < within + rules.retention_days for row in rows),
            sum(row.sessions for row in window),
            dict(times),
        )
    return found


def halves(everybody: dict[str, Person]) -> tuple[list[Person], list[Person]]:
    """Persons of the earlier half of the start dates, the middle one included, and the others."""
    dates = sorted({person.start for person in everybody.values()})
    last = dates[(len(dates) - 1) // 2] if dates else None
    earlier = [person for person in everybody.values() if last and person.start <= last]
    return earlier, [person for person in everybody.values() if last and person.start > last]


def moments(log: list[Day], as_of: date, rules: Rules = Rules()) -> dict[tuple[str, int, int], dict]:
    """Figures by (event, count, days)."""
    grid = {}
    for within in rules.days:
        earlier, later = halves(persons(log, as_of, rules, within))
        for event in sorted({event for person in earlier for event in person.times} - {rules.start_event or "sign_up"}):
            for count in rules.counts:
                if any(person.times.get(event, 0) >= count for person in earlier):
                    grid[event, count, within] = _figures(earlier, later, event, count)
    tested = [key for key, row in grid.items() if row["p_value"] is not None]
    if tested:
        adjusted = stats.false_discovery_control([grid[key]["p_value"] for key in tested])
        for key, p_value in zip(tested, adjusted, strict=True):
            grid[key]["p_value_adjusted"] = float(p_value)
    return grid


def _figures(earlier: list[Person], later: list[Person], event: str, count: int) -> dict:
    a, b, c, d = _table(earlier, event, count)
    later_table = _table(later, event, count)
    excess, variance, risk_did, risk_did_not = _among_equals(earlier, event, count)
    return {
        "n_persons": a + b + c + d,
        "n_did": a + b,
        "n_did_not": c + d,
        "retention_rate_did": a / (a + b),
        "retention_rate_did_not": c / (c + d) if c + d else None,
        "lift": (a / (a + b)) / (c / (c + d)) if c else None,
        "phi": _phi(a, b, c, d),
        "precision": a / (a + b),
        "recall": a / (a + c) if a + c else None,
        "p_value": _p(a, b, c, d),
        "p_value_adjusted": None,
        "activity_adjusted_lift": risk_did / risk_did_not if risk_did_not else None,
        "activity_adjusted_p_value": math.erfc(abs(excess) / math.sqrt(2 * variance))
        if variance and _p(a, b, c, d) is not None
        else None,
        "later_n_persons": sum(later_table),
        "later_n_did": sum(later_table[:2]),
        "later_phi": _phi(*later_table),
        "later_p_value": _p(*later_table),
    }


def _table(persons: list[Person], event: str, count: int) -> tuple[int, int, int, int]:
    """Did and stayed, did and left, did not and stayed, did not and left."""
    cells = {(did, stayed): 0 for did in (True, False) for stayed in (True, False)}
    for person in persons:
        cells[person.times.get(event, 0) >= count, person.is_retained] += 1
    return cells[True, True], cells[True, False], cells[False, True], cells[False, False]


def _p(a: int, b: int, c: int, d: int) -> float | None:
    """scipy's chi-square test without continuity correction, where every expected count is at least 5."""
    if min((a + b) * (c + d), (a + c) * (b + d)) == 0:
        return None
    result = stats.chi2_contingency([[a, b], [c, d]], correction=False)
    return float(result.pvalue) if result.expected_freq.min() >= 5 else None


def _phi(a: int, b: int, c: int, d: int) -> float | None:
    product = (a + b) * (c + d) * (a + c) * (b + d)
    return (a * d - b * c) / math.sqrt(product) if product else None


def _among_equals(persons: list[Person], event: str, count: int) -> tuple[float, float, float, float]:
    """Mantel-Haenszel over strata of persons with as many sessions and about as many other events."""
    strata: dict[tuple[int, int], list[Person]] = defaultdict(list)
    for person in persons:
        others = sum(person.times.values()) - person.times.get(event, 0)
        strata[min(person.n_sessions, 15), (1 + others).bit_length()].append(person)
    excess = variance = risk_did = risk_did_not = 0.0
    for held in strata.values():
        a, b, c, _ = _table(held, event, count)
        n, did, stayed = len(held), a + b, a + c
        if 0 < did < n:
            excess += a - did * stayed / n
            variance += did * (n - did) * stayed * (n - stayed) / (n * n * (n - 1))
            risk_did += a * (n - did) / n
            risk_did_not += c * did / n
    return excess, variance, risk_did, risk_did_not
