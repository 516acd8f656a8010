"""Shows which dates of the lake a published night loaded: one materialization per date of `lake/event_days`.

Not here: the asset itself and what a person requests with it (`assets/event_days.py`).
"""

from collections.abc import Mapping
from datetime import datetime

import dagster as dg

from pipeline.home.memory import reading
from pipeline.home.paths import HomePaths
from pipeline.ingest import read_ledger
from pipeline.orchestration.assets.event_days import EVENT_DAYS


def report_loaded_days(
    context: dg.AssetExecutionContext | dg.OpExecutionContext, paths: HomePaths, since: datetime | None
) -> int:
    """Report the dates of the events in files read after `since`, and all that were never reported; how many.

    Dagster stores one event per date (15 ms of CPU each: docs/adr/0013-public-dagster-api.md), so the first night of a
    long history takes some seconds longer.
    """
    known = context.instance.get_materialized_partitions(EVENT_DAYS)
    days = {day: n for day, (n, is_new) in _dates(paths, since).items() if is_new or day not in known}
    for day, n_events in days.items():
        context.log_event(dg.AssetMaterialization(EVENT_DAYS, partition=day, metadata={"n_events": n_events}))
    return len(days)


def _dates(paths: HomePaths, since: datetime | None) -> Mapping[str, tuple[int, bool]]:
    """Events by date, and whether a file read after `since` holds one of that date."""
    rows = read_ledger(paths.ledger)
    new = [row.file_id for row in rows if row.is_active and (since is None or row.ingested_at > since)]
    with reading(paths.build_db) as con:
        found = con.execute(
            "select cast(event_date as varchar), count(*), count(*) filter (where list_contains(?, file_id)) > 0 "
            "from marts.fct_events group by event_date order by event_date",
            [new],
        ).fetchall()
    return {day: (n_events, is_new) for day, n_events, is_new in found}
