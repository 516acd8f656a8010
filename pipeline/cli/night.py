"""Runs a night from the command line: the Dagster job `nightly`, in this process, on the home's Dagster instance.

Not here: the steps of a night, the lines it prints (`progress.py`), its summary (`summary.py`). Dagster takes seconds
to import, so it is imported where it is used.
"""

from __future__ import annotations

import gc
import os
import signal
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from pipeline.cli import signals
from pipeline.cli.errors import NightError
from pipeline.cli.guard import explaining_stop
from pipeline.cli.options import fail
from pipeline.cli.selection import select_assets
from pipeline.cli.summary import summary
from pipeline.home.error_advice import advice_for
from pipeline.home.interrupts import is_interrupt
from pipeline.home.lock import WriterBusy, writer_lock
from pipeline.home.paths import HomePaths
from pipeline.home.permissions import make_private
from pipeline.home.versions import current_version
from pipeline.operate.logs import EventLog
from pipeline.orchestration.instance import InstanceError, prepare_instance
from pipeline.settings import Settings

if TYPE_CHECKING:
    import dagster as dg

_N_SAMPLES = 3


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
        with _rare_garbage_collection():
            return _run(config, settings, _Request(as_of, full_refresh, select, backfill), _Output(say, log))
    except NightError as error:
        log.note("error", str(error))
        raise
    finally:
        log.close()


@contextmanager
def _rare_garbage_collection() -> Iterator[None]:
    """Most objects of a night are those of libraries, and stay: looking for cycles among them took a twelfth of it."""
    usual = gc.get_threshold()
    gc.set_threshold(10_000, 10, 10)
    try:
        yield
    finally:
        gc.set_threshold(*usual)


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
    try:
        os.environ["DAGSTER_HOME"] = str(prepare_instance(paths.dagster))
    except InstanceError as error:
        raise NightError(str(error), 2) from error
    os.environ.setdefault("DAGSTER_DISABLE_TELEMETRY", "1")
    # A process that a signal stopped leaves dbt's semaphores to the tracker, which would print a warning about each.
    os.environ.setdefault("PYTHONWARNINGS", "ignore::UserWarning:multiprocessing.resource_tracker")
    output.say("   0.0 s  loading Dagster and the dbt project")
    try:
        with explaining_stop(lambda: "nothing was read or published"):
            job = _load_job(config, settings, request, output)
        result = _execute(job, settings, output)
    except NightError:
        raise
    except Exception as error:
        _report_failed_start(settings, error, output)
        raise
    return _report_result(settings, result, output)


def _report_failed_start(settings: Settings, error: Exception, output: _Output) -> None:
    """Log and send why no run began; raises NightError if there is advice to give."""
    from pipeline.operate.alerts import send_failed_start

    output.log.note("error", f"the night could not start: {type(error).__name__}: {error}")
    output.warn(send_failed_start(settings, error))
    if advice := advice_for(str(error), settings.home):
        raise NightError(f"{advice}\n  {type(error).__name__}: {str(error).splitlines()[0]}", 1) from error


def _report_result(settings: Settings, result: dg.ExecuteInProcessResult, output: _Output) -> str:
    """The summary of a night that published; raises NightError for one that failed."""
    paths, was_published = HomePaths(settings.home), _was_published(result)
    if not result.success:
        from pipeline.orchestration.failures import explain

        cause = explain(result.all_events)
        if cause.is_report and was_published:
            output.log.note("warning", cause.message, result.run_id)
            return f"{summary(paths, result.run_id)}\nwarning    {cause.message}"
        if "`growthhouse rejected`" in cause.reason:
            _print_rejects(settings, output)
        raise NightError(cause.message, 2 if cause.is_input else 1)
    if not was_published:
        return f"done       run {result.run_id}; published/warehouse is not in the selection, so nothing was published"
    output.log.note("info", "published a new version", result.run_id)
    return summary(paths, result.run_id)


@dataclass(frozen=True)
class _Job:
    """What Dagster is given to execute."""

    definition: dg.JobDefinition
    selection: list[dg.AssetKey] | None
    run_config: dict[str, Any]


def _load_job(config: Path, settings: Settings, request: _Request, output: _Output) -> _Job:
    import dagster as dg

    from pipeline.cli.progress import progress_logger
    from pipeline.definitions import JOB_NAME, build_defs
    from pipeline.orchestration.assets.ingest import RAW_EVENTS, night_config
    from pipeline.orchestration.resources import GrowthHome

    warnings.filterwarnings("ignore", category=dg.BetaWarning)
    growth = GrowthHome(config_path=str(config), home_path=str(settings.home))
    defs = build_defs(growth, loggers={"console": progress_logger(output.say, time.monotonic(), output.log)})
    selection = select_assets(defs, request.select)
    run_config: dict[str, Any] = {"loggers": {"console": {}}}
    if selection is None or RAW_EVENTS in selection:
        run_config |= night_config(request.as_of, request.full_refresh, request.backfill)
    elif request.as_of or request.full_refresh:
        raise NightError("--as-of and --full-refresh are options of the step ingest: select raw/events too", 2)
    return _Job(defs.resolve_job_def(JOB_NAME), selection, run_config)


def _execute(job: _Job, settings: Settings, output: _Output) -> dg.ExecuteInProcessResult:
    """Execute the job, record and report how it ended; raises NightError if a signal stopped it."""
    import dagster as dg

    from pipeline.orchestration.dead_runs import PROCESS_TAG

    started_at, run_id = datetime.now(UTC), str(uuid4())
    before, result = current_version(HomePaths(settings.home)), None
    with dg.DagsterInstance.get() as instance:

        def record_stop(number: signal.Signals) -> NightError:
            stopped = _record_stop(instance, run_id, number, current_version(HomePaths(settings.home)) != before)
            _record_and_alert(instance, settings, started_at, output)
            return stopped

        def give_up(number: signal.Signals) -> None:
            output.log.note("error", str(stopped := record_stop(number)))
            fail(str(stopped))

        try:
            with signals.ending_soon(give_up):
                result = job.definition.execute_in_process(
                    instance=instance,
                    asset_selection=job.selection,
                    raise_on_error=False,
                    run_config=job.run_config,
                    run_id=run_id,
                    tags={PROCESS_TAG: str(os.getpid())},
                )
        except BaseException as error:
            if not (is_interrupt(error) and signals.received()):
                raise
        number = signals.received()
        if number and not (result and result.success):
            raise record_stop(number)
        assert result is not None
        _record_and_alert(instance, settings, started_at, output)
        return result


def _record_stop(instance: dg.DagsterInstance, run_id: str, number: signal.Signals, was_published: bool) -> NightError:
    """Record with the run that a signal stopped it, unless it had published; the error to report."""
    from pipeline.orchestration.stopped_runs import record_stop

    reason, code = f"stopped by {signals.describe(number)}", signals.exit_code(number)
    if was_published:
        report = "`growthhouse run --select 'key:\"published/report\"'`"
        return NightError(f"{reason} after a new version was published; {report} writes its report", code)
    step = record_stop(instance, run_id, reason)
    place = f"in the step {step}" if step else "before its first step"
    return NightError(
        f"{reason} {place}; nothing was published. `growthhouse run` again starts from what is complete", code
    )


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


def _print_rejects(settings: Settings, output: _Output) -> None:
    """Some rejected lines, for the terminal alone: no log and no record of Dagster may hold them."""
    from pipeline.ingest import sample_rejects

    for sample in sample_rejects(settings, _N_SAMPLES):
        output.say(f"rejected   {sample}")


def _was_published(result: dg.ExecuteInProcessResult) -> bool:
    from pipeline.orchestration.assets.warehouse import WAREHOUSE

    return any(event.asset_key == WAREHOUSE for event in result.get_asset_materialization_events())
