"""Runs whose process was killed. Dagster would show them as started for ever, and the queue would wait for them.

The holder of the writer lock of a home can be sure that no other run is alive: a run holds it for as long as it works,
and the kernel lets go of it when its process ends, however it ends.
"""

from __future__ import annotations

import os

import dagster as dg

from pipeline.home.lock import WriterBusy, writer_lock
from pipeline.home.paths import HomePaths

_ALIVE = [dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]
# Of a run that `growthhouse run` made: the process that was to execute it, recorded before the run reports that it
# started.
PROCESS_TAG = "growthhouse/process"


def end_dead_runs(instance: dg.DagsterInstance, alive: str = "") -> list[str]:
    """Mark every run in progress as failed, except the one that holds the writer lock (the caller)."""
    dead = [run for run in instance.get_runs(dg.RunsFilter(statuses=_ALIVE)) if run.run_id != alive]
    not_started = dg.RunsFilter(statuses=[dg.DagsterRunStatus.NOT_STARTED])
    dead += [run for run in instance.get_runs(not_started) if _is_gone(run)]
    for run in dead:
        instance.report_run_failed(
            run, "the process of this run exited without reporting a status: killed, or out of memory"
        )
    return [run.run_id for run in dead]


def end_dead_runs_of(paths: HomePaths) -> list[str]:
    """The same for a home whose writer lock the caller holds; the ids of the runs."""
    with dg.DagsterInstance.from_config(str(paths.dagster)) as instance:
        return end_dead_runs(instance)


def end_dead_runs_if_idle(instance: dg.DagsterInstance, paths: HomePaths) -> list[str]:
    """The same for a process that is not a run, such as the scheduler; nothing while a run is writing."""
    try:
        with writer_lock(paths.writer_lock):
            return end_dead_runs(instance)
    except WriterBusy:
        return []


def _is_gone(run: dg.DagsterRun) -> bool:
    process = run.tags.get(PROCESS_TAG, "")
    if not process.isdigit() or run.parent_run_id:  # a re-execution inherits the tag of its parent
        return False
    try:
        os.kill(int(process), 0)
    except OSError as error:
        return isinstance(error, ProcessLookupError)  # any other error: it is alive and belongs to another user
    return False
