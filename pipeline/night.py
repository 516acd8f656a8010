"""`growthhouse run`: one execution of the `nightly` Dagster job, in this process, on the home's Dagster instance.

Belongs here: starting the run and telling why it failed. Not here: any step of the night, the summary.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

from pipeline.instance import prepare_instance
from pipeline.locking import WriterBusy, writer_lock
from pipeline.paths import HomePaths
from pipeline.settings import Settings
from pipeline.summary import summary


class NightError(Exception):
    """The night published nothing. exit_code 1: a gate or step failed; 2: configuration or input."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code


def run_night(
    config: Path,
    settings: Settings,
    *,
    as_of: date | None = None,
    full_refresh: bool = False,
    select: str | None = None,
    say: Callable[[str], object] = print,
) -> str:
    """Execute the nightly job and return the summary; raises NightError where nothing was published."""
    paths = HomePaths(settings.home)
    try:
        with writer_lock(paths.writer_lock):
            if full_refresh:
                paths.build_db.unlink(missing_ok=True)
    except WriterBusy as busy:
        raise NightError(str(busy), 1) from busy
    os.environ["DAGSTER_HOME"] = str(prepare_instance(paths.dagster))
    os.environ.setdefault("DAGSTER_DISABLE_TELEMETRY", "1")
    started = time.monotonic()
    say("   0.0 s  loading Dagster and the dbt project")
    return _execute(config, settings, paths, as_of, select, say, started)


def _execute(
    config: Path,
    settings: Settings,
    paths: HomePaths,
    as_of: date | None,
    select: str | None,
    say: Callable[[str], object],
    started: float,
) -> str:
    import dagster as dg

    from pipeline.assets.ingest import AS_OF_TAG
    from pipeline.definitions import JOB_NAME, build_defs
    from pipeline.progress import progress_logger
    from pipeline.resources import GrowthHome

    growth = GrowthHome(config_path=str(config), home_path=str(settings.home))
    defs = build_defs(growth, loggers={"console": progress_logger(say, started)})
    job = defs.resolve_job_def(JOB_NAME)
    chosen = None
    if select:
        graph = defs.resolve_asset_graph()
        chosen = list(dg.AssetSelection.from_string(select).resolve(graph))
    with dg.DagsterInstance.get() as instance:
        result = job.execute_in_process(
            instance=instance,
            asset_selection=chosen,
            tags={AS_OF_TAG: as_of.isoformat()} if as_of else None,
            raise_on_error=False,
            run_config={"loggers": {"console": {}}},
        )
    if result.success:
        return summary(paths, result.run_id)
    raise _failure(result)


def _failure(result) -> NightError:  # type: ignore[no-untyped-def]
    gates = [
        f"{e.check_name} on {e.asset_key.to_user_string()}: {e.description or ''}"
        for e in result.get_asset_check_evaluations()
        if not e.passed and e.blocking
    ]
    if gates:
        return NightError("a gate failed; nothing was published.\n  " + "\n  ".join(dict.fromkeys(gates)), 1)
    for event in result.all_events:
        if event.is_step_failure:
            code = 2 if event.step_key == "ingest" else 1
            reason = _reason(event.event_specific_data)
            return NightError(f"step {event.step_key} failed; nothing was published.\n  {reason}", code)
    errors = [e.message for e in result.all_events if e.is_failure]
    return NightError("the run failed; nothing was published.\n  " + "\n  ".join(str(e) for e in errors), 1)


def _reason(failure) -> str:  # type: ignore[no-untyped-def]
    """What a step says of its failure: its own words, else the innermost error."""
    if failure.user_failure_data and failure.user_failure_data.description:
        return str(failure.user_failure_data.description)
    error = failure.error
    while error is not None and error.cause is not None:
        error = error.cause
    return f"{error.message.strip() if error else 'no reason given'} (the whole trace is in the run's page of the UI)"
