"""Runs that were asked to stop: by a signal, or by a person in the UI.

Belongs here: ending their step at once, and recording why they ended. Not here: runs whose process was killed
(`dead_runs.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from pipeline.home.interrupts import is_interrupt


@contextmanager
def stoppable() -> Iterator[None]:
    """Around the work of a step with a retry policy: Dagster would try it again after an interrupt, too."""
    try:
        yield
    except BaseException as error:
        if isinstance(error, dg.DagsterExecutionInterruptedError) or is_interrupt(error):
            raise dg.Failure("the run was asked to stop", allow_retries=False) from error
        raise


def record_stop(instance: dg.DagsterInstance, run_id: str, reason: str) -> str | None:
    """Mark a run as cancelled for this reason; returns the step it was in, if it had begun one."""
    run = instance.get_run_by_id(run_id)
    if run is None:
        return None
    instance.report_run_canceled(run, reason)
    begun = [entry.step_key for entry in instance.all_logs(run_id, of_type=dg.DagsterEventType.STEP_START)]
    return begun[-1] if begun else None
