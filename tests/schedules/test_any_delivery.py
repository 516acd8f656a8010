"""Any order of delivery gives the warehouse that one delivery of the same files gives.

Each case is a random log delivered over several nights (late, out of order, twice, corrected under the same name), built
by delta nights, against the same files built at once. Ingest and dbt run as in a night, without Dagster and gates.
GROWTH_SCHEDULES says how many cases (default 200), GROWTH_SCHEDULES_FROM the first seed.
"""

from __future__ import annotations

import os
from pathlib import Path

import duckdb
import pytest

from tests.builds import Nights
from tests.schedules.deliveries import schedule

FIRST = int(os.environ.get("GROWTH_SCHEDULES_FROM", "0"))
CASES = range(FIRST, FIRST + int(os.environ.get("GROWTH_SCHEDULES", "200")))
COMPARED = ("marts", "intermediate")
# Of tonight only, or about the way that was taken.
_NOT_COMPARED = {"int_displaced", "int_devices", "int_device_users", "int_reopened", "int_reopened_events", "int_events", "int_sessionized",
                 "int_bot_evidence", "int_changed", "build_state", "pending_devices", "pending_changes"}  # fmt: skip


def differences(one: Path, other: Path) -> list[str]:
    """Tables of two build databases that do not hold the same rows."""
    with duckdb.connect() as con:
        con.execute(f"attach '{one}' as one (read_only); attach '{other}' as other (read_only)")
        tables = con.execute(
            "select schema_name, table_name from duckdb_tables() where database_name = 'other' "
            "and list_contains(?, schema_name) order by all", [list(COMPARED)]
        ).fetchall()  # fmt: skip
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
        patch.setattr("pipeline.build_plan._MAX_NEW_SHARE", max_new_share)
        steps = Nights(folder / "steps", case.config)
        plans = [steps.night(delivery.files, number) for number, delivery in enumerate(case.deliveries)]
        whole = Nights(folder / "whole", case.config)
        assert whole.night(case.final.files, 0).is_full
    assert differences(steps.paths.build_db, whole.paths.build_db) == [], f"seed {seed}"
    return sum(not plan.is_full for plan in plans)


@pytest.mark.parametrize("seed", CASES)
def test_any_delivery_gives_the_warehouse_of_one_delivery(seed: int, tmp_path: Path) -> None:
    assert compare(seed, tmp_path) == len(schedule(seed).deliveries) - 1
