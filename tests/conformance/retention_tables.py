"""Retention and lifecycle tables as the SQL makes them from events, in memory; read back in the shape of the reference.

Belongs here: getting events in and figures out. Not here: cases, expected answers, the reference.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from functools import cache
from typing import Any

import duckdb

from tests.conformance.harness import compiled, run_compiled
from tests.conformance.reference.lifecycle import Period
from tests.conformance.reference.retention import Cell, Event, Key, Rules

MODELS = (
    "int_person_event_days",
    "int_person_days",
    "retention_persons",
    "retention",
    "retention_curve",
    "lifecycle_persons",
    "lifecycle_periods",
    "power_user_curve",
    "user_activity",
    "retention_breakdown",
)
_OWN = ("as_of", "timezone", "week_start")


@cache
def _steps(rules: Rules) -> list[tuple[str, str]]:
    given = asdict(rules)
    retention = {name: value for name, value in given.items() if name not in _OWN}
    retention |= {"breakdowns": ["acquisition_channel"], "history_start": _text(rules.history_start)}
    variables = {"as_of_date": _text(rules.as_of), "timezone": rules.timezone, "week_start": rules.week_start}
    return compiled(MODELS, {**variables, "retention": retention})


def _text(day: date | None) -> str | None:
    return day.isoformat() if day else None


def tables(events: Sequence[Event], rules: Rules, channels: dict[str, str] | None = None) -> duckdb.DuckDBPyConnection:
    """A connection to the tables of a log; `channels` tells persons apart in retention_breakdown."""
    rows = [
        (event.person, event.name, event.at, rules.local(event.at), rules.local(event.at), False, None, event.is_bot)
        for event in events
        if rules.local(event.at) <= rules.as_of
    ]
    orders = [
        (event.person, rules.local(event.at), event.at, event.revenue, event.revenue, event.is_bot, False)
        for event in events
        if event.name == "purchase" and rules.local(event.at) <= rules.as_of
    ]
    persons = sorted({event.person for event in events})
    return run_compiled(
        _steps(rules),
        {
            "marts.fct_events": (
                "person_id varchar, event_name varchar, event_at timestamp, event_date date, known_date date, "
                "is_session_start boolean, device_type varchar, is_bot boolean",
                rows,
            ),
            "marts.fct_orders": (
                (
                    "person_id varchar, order_date date, ordered_at timestamp, revenue double, net_revenue double, "
                    "is_bot boolean, is_suspicious boolean"
                ),
                orders,
            ),
            "marts.fct_refunds": (
                "person_id varchar, refund_date date, refunded_at timestamp, amount double, has_order boolean, "
                "is_counted boolean, is_bot boolean",
                [],
            ),
            "marts.dim_users": (
                "person_id varchar, acquisition_channel varchar, lifecycle_stage varchar, favourite_category varchar, "
                "is_known_user boolean",
                [(person, (channels or {}).get(person, "direct"), "new", None, True) for person in persons],
            ),
            "ml.user_segments": ("person_id varchar, segment varchar, cluster_name varchar", []),
        },
    )


def sql_cells(con: duckdb.DuckDBPyConnection) -> dict[Key, Cell]:
    """marts.retention, its persons counted again from marts.retention_persons by the words of that table's
    description.
    """
    persons = con.execute(
        "select mode, grain, cohort_start, period_number, person_id, is_last_period from marts.retention_persons "
        "where is_retained"
    ).fetchall()
    found = {}
    for row in con.execute("""
        select mode, grain, cohort_start, period_number, period_label, n_cohort, n_retained, revenue,
            cumulative_revenue,
            is_mature, is_warm_up
        from marts.retention
    """).fetchall():
        mode, grain, cohort, period, label, n_cohort, n_retained, revenue, cumulative, is_mature, is_warm_up = row
        first, _, last = label.partition("-")
        counted = ("rolling_24h" if mode == "rolling_24h" else "calendar_on", grain, cohort)
        own = [(number, person, is_last) for *key, number, person, is_last in persons if tuple(key) == counted]
        if mode == "calendar_on_or_after":
            retained = [person for number, person, is_last in own if is_last and number >= period]
        else:
            retained = [person for number, person, _ in own if int(first) <= number <= int(last or first)]
        assert len(set(retained)) == n_retained, row
        found[mode, grain, cohort, period] = Cell(
            n_cohort, tuple(sorted(set(retained))), round(revenue, 6), round(cumulative, 6), is_mature, is_warm_up
        )
    return found


def sql_lifecycle(con: duckdb.DuckDBPyConnection) -> dict[tuple[str, date], Period]:
    """marts.lifecycle_periods, its persons looked up in marts.lifecycle_persons."""
    persons = con.execute("select grain, period_start, state, dormant_from, person_id from marts.lifecycle_persons")
    states: dict[tuple[str, str, date], list[str]] = {}
    for grain, start, state, dormant_from, person in persons.fetchall():
        states.setdefault((grain, state, start), []).append(person)
        states.setdefault((grain, "dormant", dormant_from), []).append(person)
    found = {}
    for grain, start, *counts, is_mature, is_warm_up in con.execute("""
        select grain, period_start, n_new, n_returning, n_resurrected, n_dormant, is_mature, is_warm_up
        from marts.lifecycle_periods
    """).fetchall():
        groups = [states.get((grain, s, start), []) for s in ("new", "returning", "resurrected", "dormant")]
        assert [len(group) for group in groups] == counts, (grain, start)
        new, returning, resurrected, dormant = map(frozenset, groups)
        found[grain, start] = Period(new, returning, resurrected, dormant, is_mature, is_warm_up)
    return found


def rows_of(con: duckdb.DuckDBPyConnection, query: str) -> list[Any]:
    """The rows of a query, each as a tuple."""
    return con.execute(query).fetchall()
