"""Rates, drops and breakdowns of `funnel_conversion`, from entries whose way is given: worked out by hand.

Not here: which steps an entry reaches (`test_funnels.py`).
"""

from __future__ import annotations

from typing import Any

import duckdb
import pytest

from tests.conformance.harness import compiled, run_compiled

STEPS = [
    {"event": "view"},
    {"event": "wish", "optional": True},
    {"event": "cart"},
    {"event": "note", "optional": True},
    {"event": "buy"},
]
FUNNELS = [
    {"name": "optional", "window_s": 3600, "steps": STEPS},
    {"name": "of_events", "window_s": 3600, "steps": STEPS[::2], "breakdown": "category"},
    {"name": "of_sessions", "window_s": 3600, "steps": STEPS[::2], "breakdown": "channel"},
    {"name": "of_persons", "window_s": 3600, "steps": STEPS[::2], "breakdown": "lifecycle_stage"},
]
TABLES = {"category": "fct_events", "channel": "fct_sessions", "lifecycle_stage": "dim_users"}
REACHED = (
    "funnel_name varchar, entry_id varchar, person_id varchar, breakdown_value varchar, is_excluded boolean, "
    "step_number bigint, previous_step_number bigint, reached_at timestamp, reached_date date, "
    "since_previous_s double, since_entry_s double, revenue double, source varchar, event_id varchar, "
    "session_id varchar"
)
WAYS = {  # funnel -> entry (its person too) -> breakdown value in the event, steps reached
    "optional": {
        "a": (None, [1]),
        "b": (None, [1, 2]),
        "c": (None, [1, 3]),
        "d": (None, [1, 2, 3, 5]),
        "e": (None, [1, 3, 4]),
        "f": (None, [1, 3, 4, 5]),
        "g": (None, [1, 3, 5]),
    },
    "of_events": {"a": ("", [1, 2, 3]), "b": ("", [1]), "c": ("toys", [1, 2]), "d": (None, [1])},
    "of_sessions": {"a": (None, [1, 2, 3]), "b": (None, [1])},
    "of_persons": {"a": (None, [1, 2, 3]), "b": (None, [1])},
}


@pytest.fixture(scope="module")
def steps() -> list[tuple[str, str]]:
    funnels = [{**one, "breakdown_table": TABLES.get(str(one.get("breakdown")))} for one in FUNNELS]
    variables = {"funnels": funnels, "as_of_date": "2026-01-31", "timezone": "UTC", "week_start": "monday"}
    return compiled(["fct_funnel_entries", "funnel_conversion"], variables)


@pytest.fixture
def con(steps: list[tuple[str, str]]) -> duckdb.DuckDBPyConnection:
    rows: list[list[Any]] = []
    for funnel, ways in WAYS.items():
        for entry, (value, reached) in ways.items():
            for number, step in enumerate(reached):
                before = reached[number - 1] if number else None
                at, since = f"2026-01-05 10:00:{number:02}", float(number) or None
                key = f"{funnel}|{entry}"
                session = "another" if number else f"session of {entry}"
                way = [funnel, key, entry, value, False, step, before, at, at[:10], since, since]
                rows.append([*way, None, "s", f"{key}|{step}", session])
    return run_compiled(
        steps,
        {
            "marts.fct_funnel_steps": (REACHED, rows),
            "marts.fct_sessions": (
                "session_id varchar, channel varchar",
                [["session of a", "email"], ["session of b", "direct"], ["another", "paid_search"]],
            ),
            "marts.dim_users": (
                "person_id varchar, lifecycle_stage varchar",
                [["a", "active"], ["b", "dormant"]],
            ),
            "intermediate.int_order_lines": (
                "source varchar, event_id varchar, event_name varchar, order_key varchar",
                [],
            ),
            "marts.fct_orders": ("order_id varchar, is_suspicious boolean", []),
        },
    )


def test_rates_and_drops_around_optional_steps(con: duckdb.DuckDBPyConnection) -> None:
    """Seven entries. Of 7 at view 2 wish; 5 reach the cart, so 2 drop there (a, b). Of 5 at the cart 2 take a note and
    3 buy; 2 drop before buying (c, e). At `wish` only a has dropped, and at `note` only c: b and e end in those steps,
    the others skipped them.
    """
    found = con.execute(
        "select step_name, is_optional, n_reached, n_dropped, step_conversion_rate, overall_conversion_rate "
        "from marts.funnel_conversion where funnel_name = 'optional' and period = 'all' order by step_number"
    ).fetchall()
    assert found == [
        ("view", False, 7, 0, 1, 1),
        ("wish", True, 2, 1, pytest.approx(2 / 7), pytest.approx(2 / 7)),
        ("cart", False, 5, 2, pytest.approx(5 / 7), pytest.approx(5 / 7)),
        ("note", True, 2, 1, pytest.approx(2 / 5), pytest.approx(2 / 7)),
        ("buy", False, 3, 2, pytest.approx(3 / 5), pytest.approx(3 / 7)),
    ]


def _by_value(con: duckdb.DuckDBPyConnection, funnel: str) -> dict[str | None, list[int]]:
    rows = con.execute(
        "select breakdown_value, list(n_reached order by step_number) from marts.funnel_conversion "
        "where funnel_name = ? and period = 'week' group by all",
        [funnel],
    ).fetchall()
    return dict(rows)


def test_everyone_is_not_the_empty_text(con: duckdb.DuckDBPyConnection) -> None:
    assert _by_value(con, "of_events") == {None: [4, 2, 1], "": [2, 1, 1], "toys": [1, 1, 0], "(none)": [1, 0, 0]}


def test_a_breakdown_is_of_the_session_of_the_entry_or_of_the_person(con: duckdb.DuckDBPyConnection) -> None:
    assert _by_value(con, "of_sessions") == {None: [2, 1, 1], "email": [1, 1, 1], "direct": [1, 0, 0]}
    assert _by_value(con, "of_persons") == {None: [2, 1, 1], "active": [1, 1, 1], "dormant": [1, 0, 0]}
