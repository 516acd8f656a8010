"""`growthhouse run`: one execution of the `nightly` Dagster job, in this process, on the home's Dagster instance.

Belongs here: starting the run and telling why it failed. Not here: any step of the night, the summary.
"""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.instance import prepare_instance
from pipeline.locking import WriterBusy, writer_lock
from pipeline.paths import HomePaths
from pipeline.settings import Settings
from pipeline.summary import summary

if TYPE_CHECKING:
    import dagster as dg


class NightError(Exception):
    """The night published nothing. exit_code 1: a gate or step failed; 2: configuration or input."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code


@dataclass(frozen=True)
class _Asked:
    """What the person asked of this night."""

    as_of: date | None
    full_refresh: bool
    select: str | None


def run_night(
    config: Path,
    settings: Settings,
    *,
    as_of: date | None = None,
    full_refresh: bool = False,
    select: str | None = None,
    say: Callable[[str], object] = print,
) -> str:
    """Execute the nightly job and return the summary; raises NightError where it failed or cannot start."""
    paths = HomePaths(settings.home)
    try:
        with writer_lock(paths.writer_lock):
            pass
    except WriterBusy as busy:
        raise NightError(str(busy), 1) from busy
    os.environ["DAGSTER_HOME"] = str(prepare_instance(paths.dagster))
    os.environ.setdefault("DAGSTER_DISABLE_TELEMETRY", "1")
    started = time.monotonic()
    say("   0.0 s  loading Dagster and the dbt project")
    result = _execute(config, paths, _Asked(as_of, full_refresh, select), say, started)
    from pipeline.failure import explain

    if not result.success:
        cause = explain(result.all_events)
        raise NightError(cause.message, 2 if cause.is_input else 1)
    if not _was_published(result):
        return f"done       run {result.run_id}; the selection left out published/warehouse, so nothing was published"
    return summary(paths, result.run_id)


def _execute(
    config: Path, paths: HomePaths, asked: _Asked, say: Callable[[str], object], started: float
) -> dg.ExecuteInProcessResult:
    import dagster as dg

    from pipeline.assets.ingest import RAW_EVENTS, night_config
    from pipeline.definitions import JOB_NAME, build_defs
    from pipeline.progress import progress_logger
    from pipeline.resources import GrowthHome
    from pipeline.run_history import record_runs

    warnings.filterwarnings("ignore", category=dg.BetaWarning)
    growth = GrowthHome(config_path=str(config), home_path=str(paths.home))
    defs = build_defs(growth, loggers={"console": progress_logger(say, started)})
    chosen = _chosen(defs, asked.select)
    run_config: dict[str, Any] = {"loggers": {"console": {}}}
    if chosen is None or RAW_EVENTS in chosen:
        run_config |= night_config(asked.as_of, asked.full_refresh)
    elif asked.as_of or asked.full_refresh:
        raise NightError("--as-of and --full-refresh are for the step ingest; select raw/events too", 2)
    with dg.DagsterInstance.get() as instance:
        result = defs.resolve_job_def(JOB_NAME).execute_in_process(
            instance=instance, asset_selection=chosen, raise_on_error=False, run_config=run_config
        )
        record_runs(instance, paths)
        return result


def _chosen(defs: dg.Definitions, select: str | None) -> list[dg.AssetKey] | None:
    if not select:
        return None
    import dagster as dg

    try:
        keys = dg.AssetSelection.from_string(select).resolve(defs.resolve_asset_graph())
    except dg.DagsterError as error:
        raise NightError(f"--select {select}: {error}", 2) from error
    if not keys:
        raise NightError(
            f"--select {select} names no asset; for instance 'group:marts' or 'key:\"marts/retention\"'", 2
        )
    return sorted(keys)


def _was_published(result: dg.ExecuteInProcessResult) -> bool:
    from pipeline.assets.publishing import WAREHOUSE

    return any(event.asset_key == WAREHOUSE for event in result.get_asset_materialization_events())
