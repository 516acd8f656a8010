"""A two-step path and the strict funnel within a session count the same persons, through ingest and the whole SQL.

On a log where it could go wrong: equal times, repeats, pauses of exactly the timeout and a second more, copies, a
program.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise, product
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.conformance.harness import Line, build, line

EVENTS = ("x", "y", "z")
PAIRS = tuple(product(EVENTS, EVENTS))
TIMEOUT_S = 30 * 60


def _log() -> list[Line]:
    rng = random.Random(5)
    lines = []
    for person in range(40):
        moment = datetime(2026, 1, 5, 8)
        for number in range(rng.randrange(1, 9)):
            moment += timedelta(seconds=rng.choice((0, 0, 1, 60, TIMEOUT_S, TIMEOUT_S + 1)))
            at = moment.isoformat() + "Z"
            lines.append(
                line(f"p{person}", rng.choice(EVENTS), at, eventId=f"{rng.randrange(100):02}-{person}-{number}")
            )
    program = [
        line("bot", event, "2026-01-05T09:00:00Z", eventId=f"bot-{i}", context={"userAgent": "curl/8.5.0"})
        for i, event in enumerate("xyzzyx")
    ]
    copies = [dict(one) for one in rng.sample(lines, 20)]
    together = [*lines, *program, *copies]
    rng.shuffle(together)
    return together


def _next_in_session(lines: list[Line], first: str, second: str) -> int:
    """Persons of whom an event `first` is directly followed, within the session, by a `second`: by the definitions
    alone.
    """
    unique = {one["eventId"]: one for one in lines if one["userId"] != "bot"}.values()
    found = set()
    for person in {one["userId"] for one in unique}:
        ordered = sorted(
            (datetime.fromisoformat(one["timestamp"]), one["eventId"], one["event"])
            for one in unique
            if one["userId"] == person
        )
        for (at, _, event), (next_at, _, next_event) in pairwise(ordered):
            if (event, next_event) == (first, second) and (next_at - at).total_seconds() <= TIMEOUT_S:
                found.add(person)
    return len(found)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    funnels: list[dict[str, Any]] = [
        {"name": f"{a}_{b}", "steps": [{"event": a}, {"event": b}], "order": "strict", "scope": "session"}
        for a, b in PAIRS
    ]
    folder: Path = tmp_path_factory.mktemp("paths") / "home"
    con = build(folder, _log(), {"funnels": funnels}, ["path_transitions", "funnel_conversion"])
    yield con
    con.close()


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_a_transition_and_the_strict_funnel_of_a_session_count_the_same_persons(
    first: str, second: str, built: duckdb.DuckDBPyConnection
) -> None:
    by_path = built.execute(
        "select n_persons from marts.path_transitions where from_event = ? and to_event = ?", [first, second]
    ).fetchone()
    by_funnel = built.execute(
        "select n_reached from marts.funnel_conversion where funnel_name = ? and period = 'all' and step_number = 2",
        [f"{first}_{second}"],
    ).fetchone()
    assert by_path == by_funnel == (_next_in_session(_log(), first, second),)


def test_the_log_tells_them_apart(built: duckdb.DuckDBPyConnection) -> None:
    counted = [_next_in_session(_log(), first, second) for first, second in PAIRS]
    assert min(counted) > 0 and len(set(counted)) > 3
    assert built.execute(
        "select count(distinct n_sessions - n_persons) > 1 from marts.path_transitions"
    ).fetchone() == (True,)
