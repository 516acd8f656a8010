"""What a check says when it ran, and what is raised when it could not run. Nothing here evaluates anything."""

from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Literal

Severity = Literal["error", "warn"]


class GateBroken(RuntimeError):
    """An expectation could not be evaluated. This is neither a pass nor a failure of the data."""


@dataclass(frozen=True)
class CheckResult:
    """One expectation's verdict; together with run_id and checked_at it is a row of ops.quality_results."""

    stage: str
    table_name: str
    expectation: str
    column_name: str | None
    severity: Severity
    passed: bool
    observed_value: str
    n_unexpected: int | None

    @property
    def blocks(self) -> bool:
        """True where this result must stop the run."""
        return self.severity == "error" and not self.passed

    def as_row(self, run_id: str, checked_at: datetime) -> dict[str, object]:
        """The row of ops.quality_results, its columns in the contract's order."""
        return {"run_id": run_id, **asdict(self), "checked_at": checked_at}


RESULT_COLUMNS: tuple[str, ...] = ("run_id", *(field.name for field in fields(CheckResult)), "checked_at")
