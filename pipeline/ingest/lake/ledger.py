"""The ledger: one row per ingested file, rewritten atomically. Writing it is the commit point of an ingest.

The current content of the raw files counts, so that reading everything again gives the same lake:
- The same content under the same name is not read again, nor under a new name if the old one is gone (a rename).
- Other content under a known name replaces the events the file gave before, whose row stays as `superseded`: raw files
  are corrected or completed in place. If it has fewer events, the ingest warns: a delivery needs a name of its own.
- A second file with the same content is read, and its events are duplicates.
- A file that is gone still counts, because raw files are archived; unless it never gave an event.
- Which events of a file came too late is decided when it first arrives, and does not change (late.py).
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

from pipeline.home.atomic import fsync
from pipeline.home.checksums import accept, digest
from pipeline.home.database import in_memory
from pipeline.home.failpoints import failpoint
from pipeline.home.sql_text import quote

_TYPES = {
    "file_id": "VARCHAR",
    "source": "VARCHAR",
    "file": "VARCHAR",
    "sha256": "VARCHAR",
    "size_bytes": "BIGINT",
    "mtime_ns": "BIGINT",
    "n_lines": "BIGINT",
    "n_accepted": "BIGINT",
    "n_rejected": "BIGINT",
    "min_event_at": "TIMESTAMP",
    "max_event_at": "TIMESTAMP",
    "ingested_at": "TIMESTAMP",
    "status": "VARCHAR",
    "event_names": "VARCHAR[]",
    "reading": "VARCHAR",
    "n_erased": "BIGINT",
    "n_expired": "BIGINT",
    "n_too_late": "BIGINT",
    "too_late_from": "DATE",
    "too_late_to": "DATE",
    "late_before": "DATE",
    "days_taken_in": "VARCHAR",
    "ctime_ns": "BIGINT",
}


@dataclass(frozen=True)
class LedgerRow:
    """One file that was read: its content, what became of its lines, and by which rules it was read."""

    file_id: str
    source: str
    file: str
    sha256: str
    size_bytes: int
    mtime_ns: int
    n_lines: int
    n_accepted: int
    n_rejected: int
    min_event_at: datetime | None
    max_event_at: datetime | None
    ingested_at: datetime
    status: str
    event_names: tuple[str, ...]
    reading: str  # hash of the settings that decide how a line is read
    n_erased: int = 0  # lines of erased persons; the other counts are without them
    n_expired: int = 0  # lines older than privacy.raw_days
    n_too_late: int = 0  # of n_rejected: events held back; their first and last date follow
    too_late_from: date | None = None
    too_late_to: date | None = None
    late_before: date | None = None  # this and the next: the file's rule about late events (late.py)
    days_taken_in: str = ""
    ctime_ns: int = 0  # when the file's inode changed last; 0: unknown

    @property
    def is_active(self) -> bool:
        """Whether it describes the file as it is now, and was not replaced by newer content."""
        return self.status != "superseded"

    @property
    def has_files(self) -> bool:
        """Whether the lake may have files of it."""
        return self.status not in ("superseded", "expired")

    @property
    def lake_name(self) -> str:
        """The name of its files in the lake."""
        return f"{self.source}-{self.file_id}"

    @property
    def gave_events(self) -> bool:
        """Whether there was an event in it, even if it is held back."""
        return bool(self.n_accepted or self.n_too_late)

    @property
    def has_removed_lines(self) -> bool:
        """Whether lines of it were removed on purpose: it may have no events now, but had some."""
        return bool(self.n_erased or self.n_expired)


def read_ledger(path: Path) -> list[LedgerRow]:
    """All rows; none if nothing was ingested yet."""
    if not path.exists():
        return []
    with in_memory() as con:
        description = con.execute(f"select * from read_parquet({quote(path)}) limit 0").description
        present = {column[0] for column in description or ()}
        # A ledger of an older version lacks the later columns: they get their defaults.
        names = [field.name for field in fields(LedgerRow) if field.name in present]
        rows = con.execute(f"select {', '.join(names)} from read_parquet({quote(path)})").fetchall()
    read = (LedgerRow(**dict(zip(names, row, strict=True))) for row in rows)
    return [replace(row, event_names=tuple(row.event_names or ())) for row in read]


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, date) else value


def write_ledger(path: Path, rows: Iterable[LedgerRow]) -> None:
    """Replace the ledger: written beside it, synced to disk, then renamed over it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = path.with_suffix(".jsonl.tmp")
    temporary = path.with_suffix(".parquet.tmp")
    with lines.open("w", encoding="utf-8") as out:
        for row in rows:
            out.write(json.dumps({name: _plain(value) for name, value in asdict(row).items()}) + "\n")
    columns = ", ".join(f"{name}: '{kind}'" for name, kind in _TYPES.items())
    with in_memory() as con:
        relation = f"read_json({quote(lines)}, format = 'newline_delimited', columns = {{{columns}}})"
        con.execute(
            f"copy (select * from {relation} order by ingested_at, source, file) to {quote(temporary)} (format parquet)"
        )
    fsync(temporary)
    accept(path.parent, {path.name: digest(temporary)})
    failpoint("ledger_before_rename")
    os.replace(temporary, path)
    fsync(path.parent)
    lines.unlink()
