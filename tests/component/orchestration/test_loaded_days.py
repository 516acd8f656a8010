"""Partitions of lake/event_days: after a published night the dates that it loaded are materialized, no others."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import dagster as dg
import duckdb
import pytest

from pipeline.home.paths import HomePaths
from pipeline.ingest.lake.ledger import LedgerRow, write_ledger
from pipeline.orchestration.assets.event_days import EVENT_DAYS
from pipeline.orchestration.loaded_days import report_loaded_days

FIRST, PUBLISHED, SECOND = datetime(2026, 1, 8, 2), datetime(2026, 1, 8, 3), datetime(2026, 1, 9, 2)


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        yield instance


def build(paths: HomePaths, *files: tuple[str, datetime, list[int]]) -> HomePaths:
    """Ledger and build: files by id, when they were read, and the January days of their events."""
    rows = [
        LedgerRow(name, "shop", f"{name}.jsonl", "", 1, 1, len(days), len(days), 0, None, None, at, "loaded", (), "")
        for name, at, days in files
    ]
    write_ledger(paths.ledger, rows)
    paths.build_db.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(paths.build_db)) as con:
        con.execute("create schema if not exists marts")
        con.execute("create or replace table marts.fct_events (event_date date, file_id varchar)")
        events = [(date(2026, 1, day), name) for name, _, days in files for day in days]
        con.executemany("insert into marts.fct_events values (?, ?)", events)
    return paths


def report(instance: dg.DagsterInstance, paths: HomePaths, since: datetime | None) -> tuple[str, int]:
    """One run that reports; its id and how many dates it reported."""

    @dg.op
    def reporting(context) -> int:  # type: ignore[no-untyped-def]
        return report_loaded_days(context, paths, since)

    @dg.job
    def night() -> None:
        reporting()

    result = night.execute_in_process(instance=instance)
    return result.run_id, result.output_for_node("reporting")


def reported(instance: dg.DagsterInstance) -> dict[str, str]:
    """Latest run that materialized each date, with the number of events it reported."""
    records = instance.fetch_materializations(EVENT_DAYS, limit=100).records
    return {
        str(record.partition_key): f"{record.run_id}: {record.asset_materialization.metadata['n_events'].value}"  # type: ignore[union-attr]
        for record in reversed(records)
    }


def test_dates_with_events_are_materialized_and_those_without_stay_missing(
    tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    report(instance, build(HomePaths(tmp_path), ("aa01", FIRST, [5, 5, 7])), None)
    partitions = dg.DailyPartitionsDefinition("2026-01-05", end_date="2026-01-09")
    status = instance.get_status_by_partition(EVENT_DAYS, partitions.get_partition_keys(), partitions)
    assert status is not None
    shown = {day: state.name if state else "MISSING" for day, state in status.items()}
    missing = {"2026-01-06": "MISSING", "2026-01-08": "MISSING"}
    assert shown == missing | {"2026-01-05": "MATERIALIZED", "2026-01-07": "MATERIALIZED"}


def test_a_later_night_reports_only_the_dates_in_its_files(tmp_path: Path, instance: dg.DagsterInstance) -> None:
    """The 7th is late, the 8th new; the 5th is as it was."""
    paths = HomePaths(tmp_path)
    one, _ = report(instance, build(paths, ("aa01", FIRST, [5, 5, 7])), None)
    build(paths, ("aa01", FIRST, [5, 5, 7]), ("bb02", SECOND, [7, 8]))
    two, n_dates = report(instance, paths, PUBLISHED)
    assert n_dates == 2
    assert reported(instance) == {"2026-01-05": f"{one}: 2", "2026-01-07": f"{two}: 2", "2026-01-08": f"{two}: 1"}
    assert report(instance, paths, SECOND)[1] == 0


def test_dates_that_an_interrupted_night_did_not_report_are_reported_by_the_next(
    tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    """Also those of homes that were filled before dates were reported at all."""
    paths = build(HomePaths(tmp_path), ("aa01", FIRST, [5, 6]))
    assert report(instance, paths, PUBLISHED)[1] == 2
