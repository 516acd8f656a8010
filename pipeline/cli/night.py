"""Runs a night from the command line: the Dagster job `nightly`, in this process, on the home's Dagster instance.

Not here: the steps of a night, the lines it prints (`progress.py`), its summary (`summary.py`). Dagster takes seconds
to import, so it is imported where it is used.
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
class _Request:
    """The options of the command."""

    as_of: date | None
    full_refresh: bool
    select: str | None
    backfill: tuple[date, date] | None


@dataclass(frozen=True)
class _Output:
    """Where messages go: the terminal and the log of the home."""

    say: Callable[[str], object]
    log: EventLog

    def warn(self, problems: list[str]) -> None:
        """Print and log what could not be sent or recorded."""
        for problem in problems:
            self.say(f"warning: not sent or recorded: {problem}")
            self.log.note("warning", f"not sent or recorded: {problem}")


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
    """Run one night and return its summary; raises NightError if it fails or cannot start."""
    paths = HomePaths(settings.home)
    try:
        log = _open_log(paths)
    except OSError as error:
        raise NightError(
            f"{paths.data} cannot be written ({error.strerror}): all state of growthhouse is kept there. Make it "
            "writable for this user, or choose another --home",
            2,
        ) from error
    try:
        return _run(config, settings, _Request(as_of, full_refresh, select, backfill), _Output(say, log))
    except NightError as error:
        log.note("error", str(error))
        raise
    finally:
        log.close()


def _open_log(paths: HomePaths) -> EventLog:
    """The log; raises OSError if this home cannot be written at all."""
    make_private(paths)
    with paths.writer_lock.open("a"):
        return EventLog(paths.log)


def _run(config: Path, settings: Settings, request: _Request, output: _Output) -> str:
    paths = HomePaths(settings.home)
    try:
        with writer_lock(paths.writer_lock):
            pass
    except WriterBusy as busy:
        raise NightError(str(busy), 1) from busy
    os.environ["DAGSTER_HOME"] = str(prepare_instance(paths.dagster))
    os.environ.setdefault("DAGSTER_DISABLE_TELEMETRY", "1")
    output.say("   0.0 s  loading Dagster and the dbt project")
    try:
        result = _execute(config, settings, request, output)
    except NightError:
        raise
    except Exception as error:
        _report_failed_start(settings, error, output)
        raise
    return _report_result(paths, result, output)


def _report_failed_start(settings: Settings, error: Exception, output: _Output) -> None:
    """Log and send why no run began; raises NightError if there is advice to give."""
    from pipeline.operate.alerts import send_failed_start

    output.log.note("error", f"the night could not start: {type(error).__name__}: {error}")
    output.warn(send_failed_start(settings, error))
    if advice := advice_for(str(error), settings.home):
        raise NightError(f"{advice}\n  {type(error).__name__}: {str(error).splitlines()[0]}", 1) from error


def _report_result(paths: HomePaths, result: dg.ExecuteInProcessResult, output: _Output) -> str:
    """The summary of a night that published; raises NightError for one that failed."""
    was_published = _was_published(result)
    if not result.success:
        from pipeline.orchestration.failures import explain

        cause = explain(result.all_events)
        if cause.is_report and was_published:
            output.log.note("warning", cause.message, result.run_id)
            return f"{summary(paths, result.run_id)}\nwarning    {cause.message}"
        raise NightError(cause.message, 2 if cause.is_input else 1)
    if not was_published:
        return f"done       run {result.run_id}; published/warehouse is not in the selection, so nothing was published"
    output.log.note("info", "published a new version", result.run_id)
    return summary(paths, result.run_id)


def _execute(config: Path, settings: Settings, request: _Request, output: _Output) -> dg.ExecuteInProcessResult:
    import dagster as dg

    from pipeline.cli.progress import progress_logger
    from pipeline.definitions import JOB_NAME, build_defs
    from pipeline.orchestration.assets.ingest import RAW_EVENTS, night_config
    from pipeline.orchestration.dead_runs import PROCESS_TAG
    from pipeline.orchestration.resources import GrowthHome

    warnings.filterwarnings("ignore", category=dg.BetaWarning)
    growth = GrowthHome(config_path=str(config), home_path=str(settings.home))
    defs = build_defs(growth, loggers={"console": progress_logger(output.say, time.monotonic(), output.log)})
    selection = _select_assets(defs, request.select)
    run_config: dict[str, Any] = {"loggers": {"console": {}}}
    if selection is None or RAW_EVENTS in selection:
        run_config |= night_config(request.as_of, request.full_refresh, request.backfill)
    elif request.as_of or request.full_refresh:
        raise NightError("--as-of and --full-refresh are options of the step ingest: select raw/events too", 2)
    started_at = datetime.now(UTC)
    with dg.DagsterInstance.get() as instance:
        result = defs.resolve_job_def(JOB_NAME).execute_in_process(
            instance=instance,
            asset_selection=selection,
            raise_on_error=False,
            run_config=run_config,
            tags={PROCESS_TAG: str(os.getpid())},
        )
        _record_and_alert(instance, settings, started_at, output)
        return result


def _record_and_alert(instance: dg.DagsterInstance, settings: Settings, started_at: datetime, output: _Output) -> None:
    """Write the history of runs; send the alerts of this run and of those that it found dead.

    A problem here is only a warning: it does not change the outcome of the night.
    """
    import dagster as dg

    from pipeline.orchestration.run_alerts import send_alert_of
    from pipeline.orchestration.run_history import record_runs

    try:
        record_runs(instance, HomePaths(settings.home))
        for record in instance.get_run_records(dg.RunsFilter(updated_after=started_at), ascending=True):
            output.warn(send_alert_of(instance, settings, record.dagster_run.run_id))
    except Exception as error:
        output.warn([f"history of runs: {type(error).__name__}: {error}"])


def _select_assets(defs: dg.Definitions, select: str | None) -> list[dg.AssetKey] | None:
    if not select:
        return None
    import dagster as dg

    from pipeline.orchestration.assets.event_days import EVENT_DAYS

    try:
        keys = dg.AssetSelection.from_string(select).resolve(defs.resolve_asset_graph())
    except dg.DagsterError as error:
        raise NightError(f"--select {select}: {error}", 2) from error
    if not keys:
        raise NightError(f"--select {select} matches no asset; try 'group:marts' or 'key:\"marts/retention\"'", 2)
    return sorted(keys - {EVENT_DAYS})


def _was_published(result: dg.ExecuteInProcessResult) -> bool:
    from pipeline.orchestration.assets.warehouse import WAREHOUSE

    return any(event.asset_key == WAREHOUSE for event in result.get_asset_materialization_events())
