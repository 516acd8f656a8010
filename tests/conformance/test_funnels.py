"""Funnels against answers worked out by hand, against what other projects expect, and against a plain reading of the
definition.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from pipeline.build.funnels import Occurring, funnel_variables
from pipeline.settings import parse_settings
from tests.conformance.cases.funnels import CASES, Case
from tests.conformance.cases.funnels_clickhouse import CASES as CLICKHOUSE
from tests.conformance.cases.funnels_public import CASES as OTHERS
from tests.conformance.cases.funnels_public import Public
from tests.conformance.harness import build, compiled, line, run_compiled
from tests.conformance.reference.funnels import Entry, Event, Funnel, Step, entries

PUBLIC = (*CLICKHOUSE, *OTHERS)

START = datetime(2026, 1, 5, 10, tzinfo=UTC)
_TOLD = re.compile(r"(?P<name>\w+)@(?P<at>\d+)(?:\[(?P<values>[^]]*)\])?")
_COLUMNS = {"item_id": "productId"}
_CONDITIONS: dict[str, Callable[[Event], bool]] = {
    "price > 1": lambda event: event.values["price"] > 1,
    "price < 3": lambda event: event.values["price"] < 3,
    "price = 1": lambda event: event.values["price"] == 1,
}


def parse_log(log: str) -> list[tuple[str, int, dict[str, str]]]:
    """The events of a case's log."""
    return [
        (found["name"], int(found["at"]), dict(pair.split("=") for pair in (found["values"] or "").split(",") if pair))
        for found in _TOLD.finditer(log)
    ]


# -- through ingest and dbt ------------------------------------------------------------------------------------------


def _shape(case: Case | Public) -> str:
    """Cases with the same funnel share it: what the build costs is funnels, not persons."""
    keys = case.funnel if isinstance(case, Case) else {"steps": case.steps, **case.funnel}
    return repr(sorted(keys.items(), key=lambda item: item[0]))


SHAPES = {shape: f"f{number}" for number, shape in enumerate(dict.fromkeys(_shape(case) for case in (*CASES, *PUBLIC)))}


def _config() -> list[dict[str, Any]]:
    funnels: dict[str, dict[str, Any]] = {}
    for case in (*CASES, *PUBLIC):
        keys = case.funnel if isinstance(case, Case) else {"steps": case.steps, **case.funnel}
        name = SHAPES[_shape(case)]
        # every funnel sees every person, so its events carry its name
        steps = [{**step, "event": f"{name}_{step['event']}"} for step in keys["steps"]]
        excluded = [f"{name}_{event}" for event in keys.get("exclude", ())]
        funnels[name] = {**keys, "name": name, "steps": steps, "exclude": excluded}
    return list(funnels.values())


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    lines = []
    for case in (*CASES, *PUBLIC):
        for number, (name, at, values) in enumerate(parse_log(case.log)):
            more = {_COLUMNS.get(column, column): value for column, value in values.items()}
            moment = (START + timedelta(seconds=at)).isoformat()
            event = f"{SHAPES[_shape(case)]}_{name}"
            lines.append(line(f"case/{case.name}", event, moment, eventId=f"{case.name}/{number:03}", **more))
    random.Random(7).shuffle(lines)  # the order of delivery says nothing
    con = build(
        tmp_path_factory.mktemp("funnels") / "home",
        [*lines, *lines[:50]],
        {"funnels": _config()},
        ["fct_funnel_entries", "funnel_conversion"],
    )
    yield con
    con.close()


def _entries(con: duckdb.DuckDBPyConnection, case: Case | Public) -> dict[bool, list[tuple[tuple[int, int], ...]]]:
    """The steps of each entry as (number, second), by whether it is excluded."""
    rows = con.execute(
        "select is_excluded, list((step_number, cast(epoch(reached_at) - ? as integer)) order by step_number) "
        "from marts.fct_funnel_steps where funnel_name = ? and person_id = ? group by entry_id, is_excluded order by 2",
        [int(START.timestamp()), SHAPES[_shape(case)], f"case/{case.name}"],
    ).fetchall()
    return {kind: [tuple(steps) for is_excluded, steps in rows if is_excluded == kind] for kind in (False, True)}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_trap_worked_out_by_hand(warehouse: duckdb.DuckDBPyConnection, case: Case) -> None:
    found = _entries(warehouse, case)
    assert found == {False: list(case.expected), True: list(case.excluded)}


@pytest.mark.parametrize("case", PUBLIC, ids=lambda case: case.name)
def test_a_case_of_another_project(warehouse: duckdb.DuckDBPyConnection, case: Public) -> None:
    found = _entries(warehouse, case)
    assert max((steps[-1][0] for steps in found[False]), default=0) == case.expected


def test_the_page_about_conformance_counts_these_cases() -> None:
    page = (Path(__file__).parents[2] / "docs" / "conformance.md").read_text(encoding="utf-8")
    for source, n_tried in Counter(case.source for case in PUBLIC).items():
        n_differ = sum(case.source == source and case.ours is not None for case in PUBLIC)
        assert f"| {source} | {n_tried} | {n_tried - n_differ} | {n_differ} |" in page
    assert f"{len(CASES)} edge cases computed by hand" in page


# -- against the plain reading ---------------------------------------------------------------------------------------


def _plain(funnel: dict[str, Any]) -> Funnel:
    steps = tuple(
        Step(
            step["event"],
            _CONDITIONS.get(step.get("where", ""), lambda event: True),
            step.get("optional", False),
            step.get("within"),
        )
        for step in funnel["steps"]
    )
    keys = {key: funnel[key] for key in ("order", "entry", "scope") if key in funnel}
    return Funnel(
        steps,
        funnel["window"],
        exclude=tuple(funnel.get("exclude", ())),
        hold=tuple(funnel.get("hold_constant", ())),
        **keys,
    )


@pytest.mark.parametrize(
    "case", [case for case in CASES if "where" not in repr(case.funnel)], ids=lambda case: case.name
)
def test_the_plain_reading_gives_the_answer_worked_out_by_hand(case: Case) -> None:
    session, before, log = 0, 0, []
    for number, (name, at, values) in enumerate(parse_log(case.log), start=1):
        session, before = session + (at - before > 1800), at
        log.append(Event("p", number, name, at, str(session), dict(values)))
    log = [
        Event(e.person, n, e.name, e.at, e.session, e.values)
        for n, e in enumerate(sorted(log, key=lambda e: e.at), start=1)
    ]
    found = entries(_plain(case.funnel), log)
    assert found == {
        *(Entry("p", steps) for steps in case.expected),
        *(Entry("p", steps, True) for steps in case.excluded),
    }


def random_funnel(rng: random.Random, number: int) -> dict[str, Any]:
    """A funnel of a few steps over few events, so that everything meets."""
    order = rng.choice(("ordered", "ordered", "strict", "any"))
    n_steps, names = rng.randrange(1, 5), rng.choice(("aab", "abcd"))
    steps: list[dict[str, Any]] = []
    for place in range(n_steps):
        step: dict[str, Any] = {"event": rng.choice(names)}
        if rng.random() < 0.3:
            step["where"] = rng.choice(list(_CONDITIONS))
        if order != "any" and 0 < place < n_steps - 1 and rng.random() < 0.4:
            step["optional"] = True
        if order != "any" and place and rng.random() < 0.3:
            step["within"] = rng.choice((1, 3, 6))
        steps.append(step)
    funnel = {
        "name": f"f{number}",
        "order": order,
        "entry": ("best", "first", "every")[number % 3],
        "steps": steps,
        "window": rng.choice((1, 4, 8, 15, 40)),
        "scope": rng.choice(("person", "person", "session")),
    }
    if rng.random() < 0.35:
        funnel["exclude"] = ["x"]
    if rng.random() < 0.3:
        funnel["hold_constant"] = rng.choice((["item_id"], ["item_id", "category"]))
    return funnel


FUNNELS = [random_funnel(random.Random(seed), seed) for seed in range(15)]


@pytest.fixture(scope="module")
def sql() -> list[tuple[str, str]]:
    """The SQL of all random funnels, as the pipeline would ask for it."""
    text = repr({"site": {}, "sources": [{"name": "s", "path": "x"}], "funnels": FUNNELS})
    variables = {
        "funnels": funnel_variables(parse_settings(text), Occurring(())),
        "as_of_date": "2026-01-31",
        "timezone": "UTC",
    }
    return compiled(["fct_funnel_steps"], variables)


def people(rng: random.Random) -> list[Event]:
    """Logs of many persons at once: a query costs the same for one."""
    log = []
    for person in range(40):
        times = sorted(rng.randrange(rng.choice((3, 8, 30))) for _ in range(rng.randrange(1, 11)))
        cut = rng.choice(times)
        for number, at in enumerate(times, start=1):
            values = {
                "price": rng.randrange(4),
                "item_id": rng.choice(("i", "i", "j", None)),
                "category": rng.choice(("u", "v")),
            }
            session = None if rng.random() < 0.05 else f"p{person:02}s{int(at > cut)}"
            log.append(Event(f"p{person:02}", number, rng.choice("aaabbcdx"), at, session, values))
    rng.shuffle(log)
    return log


_COLUMNS_OF_EVENTS = (
    "person_id text, session_id text, source text, event_id text, event_number bigint, event_name text, event_at "
    "timestamp, "
    "event_date date, is_bot boolean, item_id text, category text, price double, revenue double"
)


@settings(max_examples=4, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(seed=st.integers(0, 2**32))
def test_any_log_gives_what_the_plain_reading_gives(sql: list[tuple[str, str]], seed: int) -> None:
    log = people(random.Random(seed))
    day = START.replace(tzinfo=None)
    rows = [
        (
            e.person,
            e.session,
            "s",
            f"{e.person}/{e.number}",
            e.number,
            e.name,
            day + timedelta(seconds=e.at),
            day.date(),
            False,
            e.values["item_id"],
            e.values["category"],
            e.values["price"],
            None,
        )
        for e in log
    ]
    con = run_compiled(sql, {"marts.fct_events": (_COLUMNS_OF_EVENTS, rows)})
    found = con.execute(
        "select funnel_name, person_id, is_excluded, list((step_number, cast(epoch(reached_at) - ? as integer)) order "
        "by step_number), "
        "count(distinct event_id) from marts.fct_funnel_steps group by funnel_name, person_id, is_excluded, entry_id",
        [int(START.timestamp())],
    ).fetchall()
    con.close()
    for funnel in FUNNELS:
        mine = [Entry(row[1], tuple(row[3]), row[2]) for row in found if row[0] == funnel["name"]]
        assert Counter(mine) == Counter(entries(_plain(funnel), log)), funnel
    # an event stands behind one step of an entry only
    assert [row for row in found if row[4] != len(row[3])] == []
