"""What a check reports after it ran, and what is raised when it could not run. Nothing here evaluates anything."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Literal

Severity = Literal["error", "warn"]


class GateBroken(RuntimeError):
    """An expectation could not be evaluated. This is neither a pass nor a failure of the data."""


@dataclass(frozen=True)
class CheckResult:
    """The result of one check; together with run_id and checked_at it is a row of ops.quality_results."""

    stage: str
    table_name: str
    expectation: str
    column_name: str | None
    severity: Severity
    passed: bool | None
    """None: skipped, there was nothing to check. That is neither a pass nor a failure."""
    observed_value: str
    n_unexpected: int | None
    expected: str
    explanation: str = ""
    """What the check is about and where to look."""
    action: str = ""
    """What a person does about a failure, where it is not what one does about any failure of the stage."""

    @property
    def failed(self) -> bool:
        """True where the expectation was checked and did not hold."""
        return self.passed is False

    @property
    def blocks(self) -> bool:
        """True where this result must stop the run."""
        return self.severity == "error" and self.failed

    @property
    def what(self) -> str:
        """The column, or the expectation where it is about the whole table."""
        return self.column_name or self.expectation

    def as_row(self, run_id: str, checked_at: datetime) -> dict[str, object]:
        """The row of ops.quality_results, its columns in the contract's order, then the limit."""
        values = {"run_id": run_id, **asdict(self), "checked_at": checked_at}
        return {column: values[column] for column in RESULT_COLUMNS}


RESULT_COLUMNS: tuple[str, ...] = (
    "run_id",
    "stage",
    "table_name",
    "expectation",
    "column_name",
    "severity",
    "passed",
    "observed_value",
    "n_unexpected",
    "checked_at",
    "expected",
)
