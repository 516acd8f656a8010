"""Tells Dagster which dates of the lake a published night loaded, so that the partitions of `lake/event_days` show it.

Not here: the asset itself and what a person asks for with it (`assets/event_days.py`).
"""

import logging
import time
from collections.abc import Iterable, Mapping
from datetime import datetime

import dagster as dg
from dagster._core.events import DagsterEvent, DagsterEventType, StepMaterializationData
from dagster._core.events.log import EventLogEntry
from dagster._core.storage.event_log import SqlEventLogStorage

from pipeline.home.memory import reading
from pipeline.home.paths import HomePaths
from pipeline.ingest import read_ledger
from pipeline.orchestration.assets.event_days import EVENT_DAYS


def tell_loaded_days(instance: dg.DagsterInstance, run: dg.DagsterRun, paths: HomePaths, since: datetime | None) -> int:
    """Report the dates of the events in files read after `since`, and all that were never reported; how many."""
    rows = read_ledger(paths.ledger)
    new = [row.file_id for row in rows if row.is_active and (since is None or row.ingested_at > since)]
    with reading(paths.build_db) as con:
        found = con.execute(
            "select cast(event_date as varchar), count(*), count(*) filter (where list_contains(?, file_id)) > 0 "
            "from marts.fct_events group by event_date order by event_date",
            [new],
        ).fetchall()
    known = instance.event_log_storage.get_materialized_partitions(EVENT_DAYS)
    days = {day: n_events for day, n_events, is_new in found if is_new or day not in known}
    report_days(instance, run, days)
    return len(days)


def report_days(instance: dg.DagsterInstance, run: dg.DagsterRun, days: Mapping[str, int]) -> None:
    """One materialization by this run for each date, with its number of events."""
    entries = [_entry(run, day, n_events) for day, n_events in days.items()]
    if not entries:
        return
    *most, last = entries
    storage = instance.event_log_storage
    if isinstance(storage, SqlEventLogStorage):
        _store(storage, most)
    else:
        storage.store_event_batch(most)
    instance.handle_new_event(last)  # the asset's own record is that of its latest event


def _store(storage: SqlEventLogStorage, entries: Iterable[EventLogEntry]) -> None:
    """In one transaction: one by one, a thousand dates take Dagster half a minute."""
    with storage.index_connection() as connection:
        for entry in entries:
            connection.execute(storage.prepare_insert_event(entry))


def _entry(run: dg.DagsterRun, day: str, n_events: int) -> EventLogEntry:
    built = StepMaterializationData(dg.AssetMaterialization(EVENT_DAYS, partition=day, metadata={"n_events": n_events}))
    kind = DagsterEventType.ASSET_MATERIALIZATION.value
    event = DagsterEvent(kind, job_name=run.job_name, event_specific_data=built)
    return EventLogEntry(None, logging.INFO, "", run.run_id, time.time(), job_name=run.job_name, dagster_event=event)
