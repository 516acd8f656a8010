"""Why a run failed, from Dagster's events: the same words for the command line, the alerts and the history of runs.

Not here: what is done about it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import dagster as dg

from pipeline.home.error_advice import is_of_the_machine, words_for

INGEST_STEP = "ingest"
REPORT_STEP = "published__report"
# The events that `explain` looks at; a run has a thousand others.
TELLING = {
    dg.DagsterEventType.ASSET_CHECK_EVALUATION,
    dg.DagsterEventType.STEP_FAILURE,
    dg.DagsterEventType.RUN_FAILURE,
    dg.DagsterEventType.RUN_CANCELED,
}


@dataclass(frozen=True)
class Cause:
    """What ended a run: the status of `ops.runs`, the step (None: none was at work), and the reason for a person."""

    status: str  # failed_gate, failed or killed
    step: str | None
    reason: str

    @property
    def is_input(self) -> bool:
        """Whether the input or the configuration is to blame, not a gate or a step of our own."""
        return self.status == "failed" and self.step == INGEST_STEP and not is_of_the_machine(self.reason)

    @property
    def is_report(self) -> bool:
        """Whether what failed is the report alone, which is made of a version that is published already."""
        return self.status == "failed" and self.step == REPORT_STEP

    @property
    def message(self) -> str:
        """What `growthhouse run` prints."""
        if self.is_report:
            return f"the report was not made; the published version stands.\n  {self.reason}"
        what = {"failed_gate": "a gate failed", "killed": "the run was killed"}.get(
            self.status, f"step {self.step} failed" if self.step else "the run failed"
        )
        return f"{what}; nothing was published.\n  {self.reason}"


def explain(events: Sequence[dg.DagsterEvent]) -> Cause:
    """The cause of a failed or cancelled run, from at least its `TELLING` events in order."""
    failures = [event for event in events if event.is_step_failure]
    step = failures[0].step_key if failures else None
    gates = _failed_gates(events)
    if gates:
        return Cause("failed_gate", step, "\n  ".join(gates))
    if failures:
        return Cause("failed", step, _reason(failures[0].event_specific_data))
    ends = [event for event in events if event.event_type_value in ("PIPELINE_FAILURE", "PIPELINE_CANCELED")]
    errors = [error for event in ends if (error := getattr(event.event_specific_data, "error", None))]
    if errors:
        return Cause("failed", None, "\n  ".join(_advised(_innermost(error)) for error in errors))
    return Cause("killed", None, "\n  ".join(event.message or "" for event in ends) or "no reason given")


def _failed_gates(events: Sequence[dg.DagsterEvent]) -> list[str]:
    """Each failed gate in its own words; tables that say the same are told once, by the first of them."""
    evaluations = [event.asset_check_evaluation_data for event in events if event.event_type_value == _EVALUATION]
    told = {
        check.description: f"{check.check_name} on {check.asset_key.to_user_string()}: {check.description or ''}"
        for check in reversed(evaluations)
        if not check.passed and check.blocking and check.severity == dg.AssetCheckSeverity.ERROR
    }
    return list(reversed(told.values()))


_EVALUATION = dg.DagsterEventType.ASSET_CHECK_EVALUATION.value


def _reason(failure) -> str:  # type: ignore[no-untyped-def]
    """What a step says of its failure: its own words, else the innermost error."""
    if failure.user_failure_data and failure.user_failure_data.description:
        return _advised(str(failure.user_failure_data.description))
    return _advised(_innermost(failure.error))


def _advised(text: str) -> str:
    """With a line on what to do, where the machine is to blame."""
    advice = words_for(text)
    return f"{advice}\n  {text}" if advice else text


def _innermost(error) -> str:  # type: ignore[no-untyped-def]
    while error is not None and error.cause is not None:
        error = error.cause
    return f"{error.message.strip() if error else 'no reason given'} (the whole trace is in the run's page of the UI)"
