"""The history of runs behind `ops.runs` and `ops.run_stages`: Dagster's own records, kept as Parquet below `data/ops`.

Dagster's records may be pruned and the build database dropped; what was written here stays. Not here: why a run failed
(`pipeline.orchestration.failures`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb

from pipeline.home.database import in_memory
from pipeline.home.memory import reading
from pipeline.home.parquet import copy_to_parquet
from pipeline.home.paths import HomePaths
from pipeline.orchestration.failures import EXPLAINED_BY, explain

RUNS = {
    "run_id": "varchar",
    "as_of_date": "date",
    "started_at": "timestamp",
    "ended_at": "timestamp",
    "status": "varchar",
    "failed_step": "varchar",
    "duration_s": "double",
    "n_new_files": "bigint",
    "n_new_lines": "bigint",
    "n_new_events": "bigint",
}
STAGES = {
    "run_id": "varchar",
    "stage": "varchar",
    "step": "varchar",
    "is_completed": "boolean",
    "n_attempts": "bigint",
    "started_at": "timestamp",
    "duration_s": "double",
}
# Step of the night → its name in the history, where the two differ.
_STAGE_OF = {
    "dbt_sessions": "sessions",
    "dbt_marts": "marts",
    "train_and_score": "train",
    "dbt_ml": "ml",
    "estimate_customer_value": "customer_value",
    "predictions__survival_curves": "survival",
    "dbt_activation": "activation",
    "dbt_ops": "bookkeeping",
    "published__warehouse": "publish",
    "published__report": "report",
}
_INGESTED, _PUBLISHED = dg.AssetKey(["raw", "events"]), dg.AssetKey(["published", "warehouse"])
_ENDED = {dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED}
_MAX_RUNS = 500  # runs; older ones are in the history already


def record_runs(instance: dg.DagsterInstance, paths: HomePaths, current: str = "") -> None:
    """Add every run that Dagster has and the history lacks; runs that had not ended are read again.

    `current` is the run that is writing: it is recorded as published, which it is once this can be read.
    """
    known = _ended_before(paths.runs)
    runs: list[dict[str, Any]] = []
    stages: list[dict[str, Any]] = []
    for record in instance.get_run_records(limit=_MAX_RUNS):
        run = record.dagster_run
        is_current = run.run_id == current
        if run.run_id in known or record.start_time is None or not (is_current or run.status in _ENDED):
            continue
        events = [
            entry.dagster_event
            for entry in instance.all_logs(
                run.run_id, of_type={*EXPLAINED_BY, dg.DagsterEventType.ASSET_MATERIALIZATION}
            )
            if entry.dagster_event
        ]
        runs.append(_run_row(record, events, is_current))
        stages += _stage_rows(instance, run.run_id)
    _append(paths.runs, runs, RUNS)
    _append(paths.run_stages, stages, STAGES)


def _run_row(record: dg.RunRecord, events: Sequence[dg.DagsterEvent], is_current: bool) -> dict[str, Any]:
    run, start = record.dagster_run, record.start_time or 0.0
    end = None if is_current else record.end_time
    built = {event.asset_key: _metadata(event) for event in events if event.is_step_materialization}
    ingested = built.get(_INGESTED, {})
    status, failed_step = "partial", None
    if is_current or _PUBLISHED in built:
        status = "published"
    if run.status in (dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED):
        cause = explain(events)
        failed_step = cause.step
        if not (cause.is_report and status == "published"):
            status = cause.status
    return {
        "run_id": run.run_id,
        "as_of_date": ingested.get("as_of") or built.get(_PUBLISHED, {}).get("as_of"),
        "started_at": _utc(start),
        "ended_at": _utc(end),
        "status": status,
        "failed_step": failed_step,
        "duration_s": None if end is None else round(end - start, 3),
        "n_new_files": ingested.get("new_files"),
        "n_new_lines": ingested.get("new_lines_read"),
        "n_new_events": ingested.get("new_events"),
    }


def _metadata(event: dg.DagsterEvent) -> dict[str, Any]:
    return {name: value.value for name, value in event.materialization.metadata.items()}


def _stage_rows(instance: dg.DagsterInstance, run_id: str) -> list[dict[str, Any]]:
    """The steps that did something; one that is still running, or was killed, has no duration."""
    return [
        {
            "run_id": run_id,
            "stage": _STAGE_OF.get(step.step_key, step.step_key),
            "step": step.step_key,
            "is_completed": step.status is not None and step.status.value == "SUCCESS",
            "n_attempts": step.attempts,
            "started_at": _utc(step.start_time),
            "duration_s": None if step.end_time is None else round(step.end_time - step.start_time, 3),
        }
        for step in instance.get_run_step_stats(run_id)
        if step.start_time is not None
    ]


def _utc(moment: float | None) -> datetime | None:
    return None if moment is None else datetime.fromtimestamp(moment, UTC).replace(tzinfo=None)


def _ended_before(path: Path) -> set[str]:
    if not path.exists():
        return set()
    with in_memory() as con:
        rows = con.execute("select run_id from read_parquet(?) where ended_at is not null", [str(path)]).fetchall()
    return {run_id for (run_id,) in rows}


def _append(path: Path, rows: list[dict[str, Any]], columns: dict[str, str]) -> None:
    """Add rows; a run that exists already is replaced."""
    if not rows and path.exists():
        return
    with duckdb.connect() as con:
        con.execute(f"create table history ({', '.join(f'{name} {kind}' for name, kind in columns.items())})")
        if path.exists():
            fresh = sorted({row["run_id"] for row in rows})
            con.execute(
                "insert into history by name select * from read_parquet(?) where not list_contains(?, run_id)",
                [str(path), fresh],
            )
        for row in rows:
            con.execute(f"insert into history values ({', '.join('?' for _ in columns)})", [row[c] for c in columns])
        copy_to_parquet(con, "select * from history order by started_at, run_id", path)


def keep_reconciliation(paths: HomePaths) -> None:
    """Copy `ops.reconciliation` out of the build database, so that its earlier runs outlive a full refresh."""
    with reading(paths.build_db) as con:
        built = con.execute(
            "select count(*) from duckdb_tables() where schema_name = 'ops' and table_name = 'reconciliation'"
        ).fetchone()
        if built and built[0]:
            copy_to_parquet(con, "select * from ops.reconciliation order by all", paths.reconciliation)
