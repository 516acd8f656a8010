"""Retention and lifecycle: traps worked out by hand, through ingest and SQL, and held against the plain reading of the
definitions.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

import duckdb
import pytest

from tests.conformance.cases.retention import ACTIVITY, AS_OF, BOT, CASES, POWER_USERS
from tests.conformance.harness import Line, build, line
from tests.conformance.reference import lifecycle as plain_lifecycle
from tests.conformance.reference.retention import Cell, Event, Key, Rules, curve, retention
from tests.conformance.retention_tables import rows_of, sql_cells, sql_lifecycle

RULES = Rules(as_of=AS_OF, timezone="America/New_York", week_start="sunday")
CONFIG = {"site": {"timezone": RULES.timezone, "currency": "USD", "week_start": RULES.week_start}}
MODELS = ("retention_curve", "lifecycle_periods", "power_user_curve", "user_activity")


def _lines() -> Iterator[Line]:
    for case, given in CASES.items():
        for person, event, at, *more in given.log:
            yield line(f"{case}/{person}", event, f"{at}Z", **(more[0] if more else {}))


def _events() -> list[Event]:
    """The same log as the reference takes it: each event once, with its person, up to as_of."""
    found: dict[Any, Event] = {}
    for case, given in CASES.items():
        for number, (person, name, at, *more) in enumerate(given.log):
            given = more[0] if more else {}
            event = Event(f"{case}/{person}", name, datetime.fromisoformat(at), given.get("value", 0.0), given == BOT)
            if RULES.local(event.at) <= AS_OF:
                found[case, given.get("eventId", number)] = event
    return list(found.values())


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    with build(tmp_path_factory.mktemp("retention") / "home", _lines(), CONFIG, MODELS, as_of=AS_OF) as con:
        yield con


@pytest.fixture(scope="module")
def counted(built: duckdb.DuckDBPyConnection) -> dict[Key, Cell]:
    return sql_cells(built)


@pytest.fixture(scope="module")
def plain() -> dict[Key, Cell]:
    return retention(_events(), RULES)


@pytest.mark.parametrize("reader", ["counted", "plain"])
@pytest.mark.parametrize("case", [case for case, given in CASES.items() if given.cells])
def test_cells_worked_out_by_hand(case: str, reader: str, request: pytest.FixtureRequest) -> None:
    cells: dict[Key, Cell] = request.getfixturevalue(reader)
    for (mode, grain, cohort, period), known in CASES[case].cells.items():
        cell = cells.get((mode, grain, date.fromisoformat(cohort), period))
        if known.get("absent"):
            assert cell is None, (mode, grain, cohort, period)
            continue
        assert cell is not None, (mode, grain, cohort, period)
        found = {**cell._asdict(), "n_retained": len(cell.retained)}
        assert {name: found[name] for name in known} == known, (mode, grain, cohort, period)


def test_every_cell_and_every_person_in_it_is_that_of_the_plain_reading(
    counted: dict[Key, Cell], plain: dict[Key, Cell]
) -> None:
    assert counted == plain
    assert len(counted) > 2000


def test_the_curve_sums_mature_cells_only(built: duckdb.DuckDBPyConnection, plain: dict[Key, Cell]) -> None:
    rows = rows_of(
        built,
        "select mode, grain, period_number, n_cohorts, n_cohort, n_retained, cumulative_revenue, n_warm_up_cohorts, "
        "retention_rate_after_warm_up from marts.retention_curve",
    )
    assert {tuple(row[:3]): (*row[3:6], round(row[6], 6)) for row in rows} == {
        key: (*sums[:3], round(sums[3], 6)) for key, sums in curve(plain).items()
    }
    settled = curve({key: cell for key, cell in plain.items() if not cell.is_warm_up})
    for *key, n_cohorts, _, _, _, n_warm_up, rate in rows:
        n, n_cohort, n_retained, _ = settled.get(tuple(key), (0, 0, 0, 0.0))
        assert (n_cohorts - n_warm_up, rate) == (n, pytest.approx(n_retained / n_cohort) if n else None)


def test_rates_have_the_cohort_as_their_base(built: duckdb.DuckDBPyConnection) -> None:
    assert (
        rows_of(
            built,
            "select * from marts.retention where retention_rate <> n_retained / n_cohort "
            "or cumulative_revenue_per_person <> cumulative_revenue / n_cohort",
        )
        == []
    )


def test_lifecycle_worked_out_by_hand(built: duckdb.DuckDBPyConnection) -> None:
    for (grain, start), known in CASES["lifecycle"].periods.items():
        columns = ", ".join(name if name == "quick_ratio" else f"n_{name}" for name in known)
        query = f"select {columns} from marts.lifecycle_periods where grain = '{grain}' and period_start = '{start}'"
        assert rows_of(built, query) == [tuple(known.values())], (grain, start)


def test_lifecycle_is_that_of_the_plain_reading(built: duckdb.DuckDBPyConnection) -> None:
    found = sql_lifecycle(built)
    assert found == plain_lifecycle.lifecycle(_events(), RULES)
    for (grain, start), known in CASES["lifecycle"].periods.items():
        period = found[grain, date.fromisoformat(start)]
        counts = [len(period.new), len(period.returning), len(period.resurrected), len(period.dormant)]
        assert counts == list(known.values())[:4]


def test_days_of_lifecycle_are_those_of_user_activity(built: duckdb.DuckDBPyConnection) -> None:
    columns = "n_new, n_returning, n_resurrected, n_dormant, is_warm_up"
    days = rows_of(
        built, f"select period_start, n_active, {columns} from marts.lifecycle_periods where grain = 'day' order by 1"
    )
    assert days == rows_of(built, f"select activity_date, dau, {columns} from marts.user_activity order by 1")
    assert len(days) == (AS_OF - date(2025, 1, 31)).days + 1


def test_activity_by_hand_and_by_the_plain_reading(built: duckdb.DuckDBPyConnection) -> None:
    rows = rows_of(built, "select activity_date, dau, wau, mau, stickiness from marts.user_activity")
    found = {day: tuple(counts) for day, *counts, _ in rows}
    assert {day: found[date.fromisoformat(day)] for day in ACTIVITY} == ACTIVITY
    assert found == plain_lifecycle.activity(_events(), RULES)
    assert [row for row in rows if row[4] != (row[1] / row[3] if row[3] else None)] == []


def test_power_users_by_hand_and_by_the_plain_reading(built: duckdb.DuckDBPyConnection) -> None:
    rows = rows_of(built, "select month_start, n_active_days, n_persons, person_share from marts.power_user_curve")
    found = {(month, n): count for month, n, count, _ in rows}
    assert {n: found[date(2025, 12, 1), n] for n in POWER_USERS} == POWER_USERS
    assert {key: count for key, count in found.items() if count} == plain_lifecycle.power_users(_events(), RULES)
    assert [n for month, n, _, _ in sorted(rows) if month == date(2025, 2, 1)] == []
    assert sorted(n for month, n, _, _ in rows if month == date(2026, 2, 1)) == list(range(1, 29))
    for month in {row[0] for row in rows}:
        assert sum(share for start, _, _, share in rows if start == month) == pytest.approx(1)
