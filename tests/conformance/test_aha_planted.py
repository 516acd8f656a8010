"""What the simulated shop plants is found: the behaviour that keeps people comes first, the impostor is flagged.

On a shop far larger than a test can build a warehouse of: its days in memory, straight into the SQL of the model.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from pipeline.simulate.people import HUMAN, churn_tonight, make_population, record_day
from pipeline.simulate.run import DEFAULT_START
from pipeline.simulate.sessions import simulate_day
from pipeline.simulate.world import DAY_MS, EFFECTS, EVENTS, make_catalogue
from tests.conformance.harness import compiled, run_compiled

USERS, DAYS, SEED = 12_000, 60, 7
TIMEOUT_MS = 30 * 60_000
BEST = min(EFFECTS, key=lambda effect: effect.hazard_multiplier)
IMPOSTOR = next(effect for effect in EFFECTS if not effect.is_causal)


@pytest.fixture(scope="module")
def moments() -> list[dict[str, Any]]:
    """Rows of aha_moments, first ranked first."""
    import duckdb

    aha = {"start_event": None, "counts": [1, 2, 3, 5], "days": [1, 3, 7], "retention_days": 7}
    steps = compiled(
        ["aha_persons", "aha_moments"], {"aha": aha, "as_of_date": str(DEFAULT_START + timedelta(DAYS - 1))}
    )
    con: duckdb.DuckDBPyConnection = run_compiled([], {})
    log = _events()
    con.register("log", {name: log[place] for place, name in enumerate(("person", "code", "at_ms"))})
    con.execute(
        """
        create table intermediate.int_person_event_days as
        with events as (
            select *, coalesce(at_ms - lag(at_ms) over (partition by person order by at_ms) > ?, true) as is_start
            from log
        )
        select
            cast(person as varchar) as person_id, ?::date + cast(at_ms // ? as integer) as activity_date,
            activity_date as known_date, (?::varchar[])[code + 1] as event_name, count(*) as n_events,
            count(*) filter (is_start) as n_sessions, false as is_bot
        from events
        group by all
        """,
        [TIMEOUT_MS, DEFAULT_START, DAY_MS, list(EVENTS)],
    )
    for table, sql in steps:
        con.execute(f"create table {table} as {sql}")
    found = con.execute("select * from marts.aha_moments order by aha_rank")
    names = [column[0] for column in found.description]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def _events() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Person, event code and time of every honest event."""
    shop, people = make_catalogue(SEED), make_population(USERS, DAYS, SEED)
    days = []
    for day in range(DAYS):
        rng = np.random.default_rng([SEED, 1000 + day])
        events = simulate_day(people, shop, day, (DEFAULT_START + timedelta(day)).weekday(), rng)
        events = events.take(events.at_ms < DAYS * DAY_MS)
        record_day(people, events.person, events.code, events.at_ms // DAY_MS)
        days.append((events.person, events.code, events.at_ms))
        churn_tonight(people, day, rng)
    person, code, at_ms = (np.concatenate(column) for column in zip(*days, strict=True))
    human = people.kind[person] == HUMAN
    return person[human], code[human], at_ms[human]


def test_the_planted_behaviour_comes_first(moments: list[dict[str, Any]]) -> None:
    first = moments[0]
    assert first["event_name"] == BEST.event
    assert not first["is_structural"]
    assert first["holds_out_of_time"]
    planted = _row(moments, BEST)
    assert planted["p_value_adjusted"] < 0.001
    assert planted["activity_adjusted_p_value"] < 0.001
    assert not planted["is_structural"]


def test_the_impostor_is_flagged_though_it_goes_with_staying_at_all_times(moments: list[dict[str, Any]]) -> None:
    planted = _row(moments, IMPOSTOR)
    assert planted["p_value_adjusted"] < 0.001
    assert planted["holds_out_of_time"]
    assert planted["structural_reason"] == "explained_by_activity"
    rows = [row for row in moments if row["event_name"] == IMPOSTOR.event and (row["p_value_adjusted"] or 1) < 0.05]
    assert len(rows) > 3
    assert all(row["is_structural"] for row in rows)


def test_phi_alone_would_have_put_what_every_visit_holds_first(moments: list[dict[str, Any]]) -> None:
    naive = max(moments, key=lambda row: row["phi"] or 0)
    assert naive["event_name"] == "page_view"
    assert naive["is_structural"]


def _row(moments: list[dict[str, Any]], effect: Any) -> dict[str, Any]:
    wanted = (effect.event, effect.min_count, effect.within_days)
    return next(row for row in moments if (row["event_name"], row["min_count"], row["within_days"]) == wanted)
