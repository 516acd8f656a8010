"""The result of an ingest, per file and in total, and the error that stops one. No reading here."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime


class IngestError(Exception):
    """Input that must not enter the warehouse: nothing was committed, and the message says what to do."""


@dataclass(frozen=True)
class FileResult:
    """What became of one file that was read."""

    source: str
    file: str
    file_id: str
    status: str
    n_lines: int
    n_accepted: int
    n_rejected: int
    reasons: dict[str, int]
    min_event_at: datetime | None
    max_event_at: datetime | None
    event_names: tuple[str, ...] = ()


@dataclass
class IngestResult:
    """One ingest: new files with their counts, how many files were known already, and warnings."""

    files: list[FileResult] = field(default_factory=list)
    n_files_known: int = 0
    warnings: list[str] = field(default_factory=list)

    @property
    def n_files_new(self) -> int:
        """Files read in this ingest."""
        return len(self.files)

    @property
    def n_lines(self) -> int:
        """Lines of the files read in this ingest."""
        return sum(file.n_lines for file in self.files)

    @property
    def n_accepted(self) -> int:
        """Lines that became events."""
        return sum(file.n_accepted for file in self.files)

    @property
    def n_rejected(self) -> int:
        """Lines that were rejected, each kept with its reason."""
        return sum(file.n_rejected for file in self.files)
