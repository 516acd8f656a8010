"""Any order of delivery gives the warehouse that one delivery of the same files gives.

Each case is a random log delivered over several nights (late, out of order, twice, corrected under the same name),
built by delta nights, against the same files built at once. Ingest and dbt run as in a night, without Dagster and
gates. GROWTH_SCHEDULES says how many cases (default 200), GROWTH_SCHEDULES_FROM the first seed. A quarter as many have
nights that break off between two tables.
"""

from __future__ import annotations

import os
import random
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import duckdb
import pytest
from builds import Nights

from pipeline.orchestration.assets.dbt_layers import LAYERS, MANIFEST
from tests.schedules.deliveries import schedule

FIRST = int(os.environ.get("GROWTH_SCHEDULES_FROM", "0"))
N_CASES = int(os.environ.get("GROWTH_SCHEDULES", "200"))
CASES = range(FIRST, FIRST + N_CASES)
COMPARED = ("marts", "intermediate")
# Of tonight only, or about the way that was taken.
_NOT_COMPARED = {
    "int_displaced",
    "int_devices",
    "int_device_users",
    "int_reopened",
    "int_reopened_events",
    "int_events",
    "int_sessionized",
    "int_bot_evidence",
    "int_changed",
}


def differences(one: Path, other: Path) -> list[str]:
    """Tables of two build databases that do not hold the same rows."""
    with duckdb.connect() as con:
        con.execute(f"attach '{one}' as one (read_only); attach '{other}' as other (read_only)")
        tables = con.execute(
            "select schema_name, table_name from duckdb_tables() where database_name = 'other' "
            "and list_contains(?, schema_name) order by all",
            [list(COMPARED)],
        ).fetchall()
        found = []
        for schema, table in tables:
            if table in _NOT_COMPARED:
                continue
            name = f"{schema}.{table}"
            queries = [f"from {a}.{name} except all from {b}.{name}" for a, b in (("one", "other"), ("other", "one"))]
            rows = [row for query in queries for row in con.execute(f"{query} limit 3").fetchall()]
            found += [f"{name}: {rows}"] if rows else []
        return found


def compare(seed: int, folder: Path, max_new_share: float = 1e9) -> int:
    """Run one case; how many of its nights were delta nights."""
    case = schedule(seed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pipeline.build.plan._MAX_NEW_SHARE", max_new_share)
        steps = Nights(folder / "steps", case.config)
        plans = [steps.night(delivery.files, number) for number, delivery in enumerate(case.deliveries)]
        whole = Nights(folder / "whole", case.config)
        assert whole.night(case.final.files, 0).is_full
    assert differences(steps.paths.build_db, whole.paths.build_db) == [], f"seed {seed}"
    return sum(not plan.is_full for plan in plans)


@pytest.mark.parametrize("seed", CASES)
def test_any_delivery_gives_the_warehouse_of_one_delivery(seed: int, tmp_path: Path) -> None:
    assert compare(seed, tmp_path) == len(schedule(seed).deliveries) - 1


def tables_in_order() -> list[str]:
    """The tables that keep state, each after those it reads, and those of the later layer last."""
    nodes = {key: node for key, node in MANIFEST["nodes"].items() if node["resource_type"] == "model"}
    order = TopologicalSorter({key: node["depends_on"]["nodes"] for key, node in nodes.items()}).static_order()
    built = [
        nodes[key] for key in order if key in nodes and nodes[key]["schema"] in ("staging", "intermediate", "marts")
    ]
    return [node["name"] for node in sorted(built, key=lambda node: is_of_layer(node, "marts"))]


def is_of_layer(node: dict[str, Any], layer: str) -> bool:
    """Whether a layer builds a model: it selects folders and models by their places in the project."""
    place = [".".join(node["fqn"][:depth]) for depth in range(1, len(node["fqn"]) + 1)]
    return not set(LAYERS[layer]).isdisjoint(place)


@pytest.mark.parametrize("seed", range(FIRST, FIRST + N_CASES // 4))
def test_nights_that_break_off_between_two_tables_lose_nothing(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some break off twice, and some are followed by a night that has another delivery to work in, too."""
    monkeypatch.setattr("pipeline.build.plan._MAX_NEW_SHARE", 1e9)
    case, rng, tables = schedule(seed), random.Random(seed), tables_in_order()
    steps, last = Nights(tmp_path / "steps", case.config), len(case.deliveries) - 1
    steps.night(case.deliveries[0].files)
    for number, delivery in enumerate(case.deliveries[1:], start=1):
        is_whole = number == last or rng.random() < 0.5
        for n_tables in [rng.randrange(1, len(tables)) for _ in range(rng.choice((1, 1, 2)))]:
            plan = steps.night(delivery.files, number, tables[:n_tables], breaks_off=True)
            assert not plan.is_full
        if is_whole:
            steps.night(delivery.files, number)
    whole = Nights(tmp_path / "whole", case.config)
    whole.night(case.final.files)
    assert differences(steps.paths.build_db, whole.paths.build_db) == [], f"seed {seed}"
