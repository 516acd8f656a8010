"""Why a run failed, read from Dagster's events.

Not here: what follows for a person (`pipeline.operate.causes`).
"""

from __future__ import annotations

from collections.abc import Sequence

import dagster as dg

from pipeline.home.error_advice import advice_for
from pipeline.home.interrupts import is_interrupt_text
from pipeline.operate.causes import Cause

# The events that `explain` reads; a run has a thousand others.
EXPLAINED_BY = {
    dg.DagsterEventType.ASSET_CHECK_EVALUATION,
    dg.DagsterEventType.STEP_FAILURE,
    dg.DagsterEventType.RUN_FAILURE,
    dg.DagsterEventType.RUN_CANCELED,
}
_STOPPED = "the process of the run was asked to stop, by a signal or in the UI"
_INTERRUPTS = ("DagsterExecutionInterruptedError", "KeyboardInterrupt")


def explain(events: Sequence[dg.DagsterEvent]) -> Cause:
    """The cause of a failed or cancelled run, from at least its `EXPLAINED_BY` events in order."""
    failures = [event for event in events if event.is_step_failure]
    step = failures[0].step_key if failures else None
    cancelled = [event for event in events if event.event_type_value == "PIPELINE_CANCELED"]
    if cancelled:
        return Cause("killed", step, cancelled[-1].message or _STOPPED)
    if failures and _was_interrupted(failures[-1].step_failure_data.error):
        return Cause("killed", failures[-1].step_key, _STOPPED)
    gates = _failed_gates(events)
    if gates:
        return Cause("failed_gate", step, "\n  ".join(gates))
    if failures:
        return Cause("failed", step, _reason(failures[0].event_specific_data))
    ends = [event for event in events if event.event_type_value == "PIPELINE_FAILURE"]
    errors = [error for event in ends if (error := getattr(event.event_specific_data, "error", None))]
    if errors:
        return Cause("failed", None, "\n  ".join(_advised(_innermost(error)) for error in errors))
    return Cause("killed", None, "\n  ".join(event.message or "" for event in ends) or "no reason given")


def _was_interrupted(error) -> bool:  # type: ignore[no-untyped-def]
    """Whether a signal is at the bottom of the error."""
    while error is not None:
        if error.cls_name in _INTERRUPTS or is_interrupt_text(error.message.partition(":")[2]):
            return True
        error = error.cause
    return False


def _failed_gates(events: Sequence[dg.DagsterEvent]) -> list[str]:
    """The description of each failed gate; one that several tables share is listed once, with the first of them."""
    evaluations = [event.asset_check_evaluation_data for event in events if event.event_type_value == _EVALUATION]
    failed = {
        check.description: f"{check.check_name} on {check.asset_key.to_user_string()}: {check.description or ''}"
        for check in reversed(evaluations)
        if not check.passed and check.blocking and check.severity == dg.AssetCheckSeverity.ERROR
    }
    return list(reversed(failed.values()))


_EVALUATION = dg.DagsterEventType.ASSET_CHECK_EVALUATION.value


def _reason(failure) -> str:  # type: ignore[no-untyped-def]
    """The description that a step gave its failure, else its innermost error."""
    if failure.user_failure_data and failure.user_failure_data.description:
        return _advised(str(failure.user_failure_data.description))
    return _advised(_innermost(failure.error))


def _advised(text: str) -> str:
    """With a line of advice where the machine is the cause."""
    advice = advice_for(text)
    return f"{advice}\n  {text}" if advice else text


def _innermost(error) -> str:  # type: ignore[no-untyped-def]
    while error is not None and error.cause is not None:
        error = error.cause
    return f"{error.message.strip() if error else 'no reason given'} (the whole trace is in the run's page of the UI)"
