"""The history of runs: each way a run can end, written once, and kept when Dagster forgets."""

from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest
from tiny_nights import WAREHOUSE, killed_run, night, run

from pipeline.home.paths import HomePaths
from pipeline.orchestration.dead_runs import end_dead_runs
from pipeline.orchestration.run_history import record_runs


@pytest.fixture
def paths(tmp_path: Path) -> HomePaths:
    return HomePaths(tmp_path)


@pytest.fixture
def instance() -> Any:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


def runs(paths: HomePaths, columns: str = "status, failed_step") -> list[Any]:
    return duckdb.execute(f"select {columns} from read_parquet(?) order by started_at", [str(paths.runs)]).fetchall()


def test_a_published_night_says_what_it_brought_and_how_long_it_took(instance: Any, paths: HomePaths) -> None:
    run_id = run(instance, night())
    record_runs(instance, paths)
    columns = "run_id, status, failed_step, as_of_date::varchar, n_new_files, n_new_lines, n_new_events"
    assert runs(paths, columns) == [(run_id, "published", None, "2026-01-25", 2, 30, 28)]
    assert runs(paths, "ended_at > started_at, duration_s > 0") == [(True, True)]
    stages = duckdb.execute(
        "select stage, is_completed, duration_s >= 0 from read_parquet(?) order by started_at", [str(paths.run_stages)]
    ).fetchall()
    assert stages == [("ingest", True, True), ("gate_raw", True, True), ("publish", True, True)]


def test_a_gate_that_did_not_hold_is_no_crash(instance: Any, paths: HomePaths) -> None:
    run(instance, night(gate_holds=False))
    record_runs(instance, paths)
    assert runs(paths) == [("failed_gate", "gate_raw")]


def test_a_warning_of_a_gate_does_not_fail_the_night(instance: Any, paths: HomePaths) -> None:
    run(instance, night(gate_holds=False, severity=dg.AssetCheckSeverity.WARN))
    record_runs(instance, paths)
    assert runs(paths) == [("published", None)]


def test_a_step_that_raises_is_named(instance: Any, paths: HomePaths) -> None:
    @dg.asset(key=WAREHOUSE)
    def publish() -> None:
        raise OSError("disk full")

    run(instance, [publish])
    record_runs(instance, paths)
    assert runs(paths) == [("failed", "published__warehouse")]


def test_a_run_that_cannot_start_is_a_failure_without_a_step(instance: Any, paths: HomePaths) -> None:
    @dg.resource
    def growth() -> None:
        raise RuntimeError("another run is writing")

    @dg.asset(key=WAREHOUSE, required_resource_keys={"growth"})
    def publish() -> None: ...

    run(instance, [publish], resources={"growth": growth})
    record_runs(instance, paths)
    assert runs(paths) == [("failed", None)]


def test_a_killed_run_is_told_from_a_failed_one(instance: Any, paths: HomePaths) -> None:
    killed_run(instance)
    end_dead_runs(instance)
    record_runs(instance, paths)
    assert runs(paths) == [("killed", None)]


def test_a_run_at_work_is_not_in_the_history_unless_it_writes_it(instance: Any, paths: HomePaths) -> None:
    """Its own row is open, and closed by whoever looks after its end."""
    run_id = killed_run(instance)
    record_runs(instance, paths)
    assert runs(paths) == []
    record_runs(instance, paths, current=run_id)
    assert runs(paths, "status, ended_at, duration_s") == [("published", None, None)]
    end_dead_runs(instance)
    record_runs(instance, paths)
    assert runs(paths, "status, ended_at is null") == [("killed", False)]


def test_a_part_of_a_night_is_no_published_night(instance: Any, paths: HomePaths) -> None:
    run(instance, night()[:2])
    record_runs(instance, paths)
    assert runs(paths) == [("partial", None)]


def test_the_history_outlives_dagsters_records_and_counts_a_run_once(instance: Any, paths: HomePaths) -> None:
    first = run(instance, night())
    record_runs(instance, paths)
    record_runs(instance, paths)
    instance.delete_run(first)
    second = run(instance, night(gate_holds=False))
    record_runs(instance, paths)
    assert runs(paths, "run_id, status") == [(first, "published"), (second, "failed_gate")]
    n_steps = duckdb.execute("select run_id, count(*) from read_parquet(?) group by 1", [str(paths.run_stages)])
    assert dict(n_steps.fetchall()) == {first: 3, second: 2}
