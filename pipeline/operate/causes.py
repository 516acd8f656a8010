"""Why a run failed, for a person: the same words for the command line, the alerts and the history of runs.

Not here: how the cause is found (`pipeline.orchestration.failures`) and sending it (`pipeline.operate.alerts`).
"""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.home.error_advice import is_of_the_machine

INGEST_STEP = "ingest"
REPORT_STEP = "published__report"


@dataclass(frozen=True)
class Cause:
    """What ended a run: the status of `ops.runs`, the step (None: no step was running), and the reason for a person."""

    status: str  # failed_gate, failed or killed
    step: str | None
    reason: str

    @property
    def is_input(self) -> bool:
        """Whether the input or the configuration is the cause, not a gate or another step."""
        return self.status == "failed" and self.step == INGEST_STEP and not is_of_the_machine(self.reason)

    @property
    def is_report(self) -> bool:
        """Whether only the report failed, which is made from a version that is published already."""
        return self.status == "failed" and self.step == REPORT_STEP

    @property
    def message(self) -> str:
        """What `growthhouse run` prints."""
        if self.is_report:
            return f"the report was not made; the published version is unaffected.\n  {self.reason}"
        what = {"failed_gate": "a gate failed", "killed": "the run was stopped"}.get(
            self.status, f"step {self.step} failed" if self.step else "the run failed"
        )
        return f"{what}; nothing was published.\n  {self.reason}"
