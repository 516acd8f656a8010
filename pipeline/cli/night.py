"""`growthhouse run`: one execution of the `nightly` Dagster job, in this process, on the home's Dagster instance.

Belongs here: starting the run and telling why it failed. Not here: any step of the night, the summary.
"""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.cli.summary import summary
from pipeline.home.error_advice import advice_for
from pipeline.home.lock import WriterBusy, writer_lock
from pipeline.home.paths import HomePaths
from pipeline.home.permissions import make_private
from pipeline.operate.logs import EventLog
from pipeline.orchestration.instance import prepare_instance
from pipeline.settings import Settings

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
    backfill: tuple[date, date] | None


def run_night(
    config: Path,
    settings: Settings,
    *,
    as_of: date | None = None,
    full_refresh: bool = False,
    select: str | None = None,
    backfill: tuple[date, date] | None = None,
    say: Callable[[str], object] = print,
) -> str:
    """Execute the nightly job and return the summary; raises NightError where it failed or cannot start."""
    paths = HomePaths(settings.home)
    try:
        log = _opened_log(paths)
    except OSError as error:
        raise NightError(
            f"{paths.data} cannot be written ({error.strerror}): all state of growthhouse lives there. Make it writable "
            "for this user, or choose another --home",
            2,
        ) from error
    try:
        return _night(config, settings, _Asked(as_of, full_refresh, select, backfill), say, log)
    except NightError as error:
        log.note("error", str(error))
        raise
    finally:
        log.close()


def _opened_log(paths: HomePaths) -> EventLog:
    """The log, once it is certain that this home can be written at all."""
    make_private(paths)
    with paths.writer_lock.open("a"):
        return EventLog(paths.log)


def _night(config: Path, settings: Settings, asked: _Asked, say: Callable[[str], object], log: EventLog) -> str:
    paths = HomePaths(settings.home)
    try:
        with writer_lock(paths.writer_lock):
            pass
    except WriterBusy as busy:
        raise NightError(str(busy), 1) from busy
    os.environ["DAGSTER_HOME"] = str(prepare_instance(paths.dagster))
    os.environ.setdefault("DAGSTER_DISABLE_TELEMETRY", "1")
    say("   0.0 s  loading Dagster and the dbt project")
    try:
        result = _execute(config, settings, asked, say, log)
    except NightError:
        raise
    except Exception as error:
        from pipeline.operate.alerts import send_failed_start

        log.note("error", f"the night could not start: {type(error).__name__}: {error}")
        _report(send_failed_start(settings, error), say, log)
        if advice := advice_for(str(error), settings.home):
            raise NightError(f"{advice}\n  {type(error).__name__}: {str(error).splitlines()[0]}", 1) from error
        raise
    if not result.success:
        from pipeline.orchestration.failures import explain

        cause = explain(result.all_events)
        if cause.is_report and _was_published(result):
            log.note("warning", cause.message, result.run_id)
            return f"{summary(paths, result.run_id)}\nwarning    {cause.message}"
        raise NightError(cause.message, 2 if cause.is_input else 1)
    if not _was_published(result):
        return f"done       run {result.run_id}; the selection left out published/warehouse, so nothing was published"
    log.note("info", "published a new version", result.run_id)
    return summary(paths, result.run_id)


def _execute(
    config: Path, settings: Settings, asked: _Asked, say: Callable[[str], object], log: EventLog
) -> dg.ExecuteInProcessResult:
    import dagster as dg

    from pipeline.cli.progress import progress_logger
    from pipeline.definitions import JOB_NAME, build_defs
    from pipeline.orchestration.assets.ingest import RAW_EVENTS, night_config
    from pipeline.orchestration.dead_runs import PROCESS_TAG
    from pipeline.orchestration.resources import GrowthHome

    warnings.filterwarnings("ignore", category=dg.BetaWarning)
    growth = GrowthHome(config_path=str(config), home_path=str(settings.home))
    defs = build_defs(growth, loggers={"console": progress_logger(say, time.monotonic(), log)})
    chosen = _chosen(defs, asked.select)
    run_config: dict[str, Any] = {"loggers": {"console": {}}}
    if chosen is None or RAW_EVENTS in chosen:
        run_config |= night_config(asked.as_of, asked.full_refresh, asked.backfill)
    elif asked.as_of or asked.full_refresh:
        raise NightError("--as-of and --full-refresh are for the step ingest; select raw/events too", 2)
    began_at = datetime.now(UTC)
    with dg.DagsterInstance.get() as instance:
        result = defs.resolve_job_def(JOB_NAME).execute_in_process(
            instance=instance,
            asset_selection=chosen,
            raise_on_error=False,
            run_config=run_config,
            tags={PROCESS_TAG: str(os.getpid())},
        )
        _note_and_tell(instance, settings, began_at, say, log)
        return result


def _note_and_tell(
    instance: dg.DagsterInstance, settings: Settings, began_at: datetime, say: Callable[[str], object], log: EventLog
) -> None:
    """The history of runs, and the alerts of every run that ended since: this one, and those found dead at its start.

    Whatever goes wrong here is told and changes nothing: the outcome of the night is what counts.
    """
    import dagster as dg

    from pipeline.orchestration.run_alerts import send_alert_of
    from pipeline.orchestration.run_history import record_runs

    try:
        record_runs(instance, HomePaths(settings.home))
        for record in instance.get_run_records(dg.RunsFilter(updated_after=began_at), ascending=True):
            _report(send_alert_of(instance, settings, record.dagster_run.run_id), say, log)
    except Exception as error:
        _report([f"history of runs: {type(error).__name__}: {error}"], say, log)


def _report(problems: list[str], say: Callable[[str], object], log: EventLog) -> None:
    for problem in problems:
        say(f"warning: not sent or noted: {problem}")
        log.note("warning", f"not sent or noted: {problem}")


def _chosen(defs: dg.Definitions, select: str | None) -> list[dg.AssetKey] | None:
    if not select:
        return None
    import dagster as dg

    from pipeline.orchestration.assets.event_days import EVENT_DAYS

    try:
        keys = dg.AssetSelection.from_string(select).resolve(defs.resolve_asset_graph())
    except dg.DagsterError as error:
        raise NightError(f"--select {select}: {error}", 2) from error
    if not keys:
        raise NightError(
            f"--select {select} names no asset; for instance 'group:marts' or 'key:\"marts/retention\"'", 2
        )
    return sorted(keys - {EVENT_DAYS})


def _was_published(result: dg.ExecuteInProcessResult) -> bool:
    from pipeline.orchestration.assets.warehouse import WAREHOUSE

    return any(event.asset_key == WAREHOUSE for event in result.get_asset_materialization_events())
