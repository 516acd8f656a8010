"""What happens without a person: nights for new files (off by default) and requested dates, alerts when a run ends."""

import hashlib
import json
import time
from pathlib import Path
from typing import Any

import dagster as dg

from pipeline.home.paths import HomePaths
from pipeline.ingest import LedgerRow, read_ledger, shown_path
from pipeline.orchestration.dead_runs import end_dead_runs_if_idle
from pipeline.orchestration.resources import GrowthHome, settings_of
from pipeline.orchestration.run_alerts import send_alert_of
from pipeline.settings import Settings

SENSOR_INTERVAL_S = 60
QUIET_S = 60  # a file that grew or appeared less than this ago may still be being written


def build_new_files_sensor(job: Any, growth: GrowthHome) -> dg.SensorDefinition:
    """Starts a night once unread files have not changed for a minute; each such set of files starts one night."""

    @dg.sensor(
        name="new_files",
        job=job,
        minimum_interval_seconds=SENSOR_INTERVAL_S,
        default_status=dg.DefaultSensorStatus.STOPPED,
        description="One night when new or changed source files have kept still for a minute. Off by default.",
    )
    def new_files(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        settings = settings_of(growth)
        if settings is None:
            return dg.SkipReason("no valid growth.yaml")
        n_files, waiting = unread_files(settings)
        if not n_files:
            return dg.SkipReason("every file was ingested")
        before = json.loads(context.cursor or "{}")
        if before.get("files") != waiting:
            context.update_cursor(json.dumps({"files": waiting, "since": time.time()}))
            return dg.SkipReason(f"{n_files} new files: waiting until they keep still for {QUIET_S} s")
        if time.time() - before["since"] < QUIET_S:
            return dg.SkipReason(f"{n_files} new files: not still for {QUIET_S} s yet")
        end_dead_runs_if_idle(context.instance, HomePaths(settings.home))
        # The run key keeps a set that a night could not ingest from starting one every minute.
        return dg.SensorResult(run_requests=[dg.RunRequest(run_key=waiting)], cursor=context.cursor)

    return new_files


def build_backfill_sensor(job: Any, growth: GrowthHome) -> dg.SensorDefinition:
    """Starts a night for days requested as partitions of lake/event_days; each request starts one."""

    @dg.sensor(
        name="backfill",
        job=job,
        minimum_interval_seconds=SENSOR_INTERVAL_S // 2,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="One night when dates were requested again (partitions of lake/event_days).",
    )
    def backfill(context: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        settings = settings_of(growth)
        request = HomePaths(settings.home).backfill if settings else None
        if request is None or not request.exists():
            return dg.SkipReason("no dates were requested")
        return dg.RunRequest(run_key=f"backfill {request.stat().st_mtime_ns}")

    return backfill


def build_alert_sensors(growth: GrowthHome) -> list[dg.SensorDefinition]:
    """Alert of a failed run, and of the next one that published; running only where the config names a channel."""
    at_start = settings_of(growth)
    is_on = at_start is not None and at_start.alerts.is_configured
    # All code locations: a run of `growthhouse run` that was killed at its very start has none.
    common: dict[str, Any] = {
        "monitor_all_code_locations": True,
        "default_status": dg.DefaultSensorStatus.RUNNING if is_on else dg.DefaultSensorStatus.STOPPED,
    }

    def send(context: dg.RunStatusSensorContext) -> dg.SkipReason:
        settings = settings_of(growth)
        if settings is None:
            return dg.SkipReason("no valid growth.yaml")
        problems = send_alert_of(context.instance, settings, context.dagster_run.run_id)
        for problem in problems:
            context.log.warning(f"alert not sent: {problem}")
        return dg.SkipReason("; ".join(problems) or "no alert is due")

    @dg.run_failure_sensor(name="alert_failure", description="Reports a failed run, once.", **common)
    def alert_failure(context: dg.RunFailureSensorContext) -> dg.SkipReason:
        return send(context)

    @dg.run_status_sensor(
        run_status=dg.DagsterRunStatus.SUCCESS,
        name="alert_recovery",
        description="Reports the first version published after a failure, and warnings where configured.",
        **common,
    )
    def alert_recovery(context: dg.RunStatusSensorContext) -> dg.SkipReason:
        return send(context)

    return [alert_failure, alert_recovery]


def unread_files(settings: Settings) -> tuple[int, str]:
    """How many source files are not in the ledger as they are now (by name, size and time), and a digest of them."""
    known = {(row.source, row.file): row for row in read_ledger(HomePaths(settings.home).ledger) if row.is_active}
    unread = []
    for source in settings.sources:
        for path in settings.source_files(source):
            name, now = shown_path(settings.home, path), _size_and_time(path)
            row = known.get((source.name, name))
            if now is not None and not (row and _is_same(row, *now)):
                unread.append(f"{source.name}\0{name}\0{now}")
    return len(unread), hashlib.sha256("\n".join(sorted(unread)).encode()).hexdigest()


def _size_and_time(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except FileNotFoundError:  # went away since the folder was listed
        return None
    return status.st_size, status.st_mtime_ns


def _is_same(row: LedgerRow, size_bytes: int, mtime_ns: int) -> bool:
    """The ledger keeps no time (a negative one) of a file read right after it was written; then the size decides."""
    return row.size_bytes == size_bytes and (row.mtime_ns == mtime_ns or row.mtime_ns < 0)
