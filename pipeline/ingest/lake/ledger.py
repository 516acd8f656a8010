"""The ledger: one row per ingested file, rewritten atomically. Writing it is the commit point of an ingest.

What counts is what the raw files say now, so that reading everything anew ends in the same lake:
- The same content under the same name is not read again, nor under a new name where the old one is gone (a renaming).
- Other content under a known name replaces what the file gave before, whose row stays as `superseded`: raw files are
  corrected or completed in place. Where it holds less than before, the ingest says so; a delivery needs a name of its own.
- A second file with the same content is read, and its events are duplicates.
- A file that is gone still counts, because raw files are archived; unless it never gave an event.
- What of a file came too late is decided when it first arrives, and stays so (late.py).
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb

from pipeline.home.checksums import accept, digest
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
}


@dataclass(frozen=True)
class LedgerRow:
    """One file that was read: what it was, what came of it, and under which reading rules."""

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
    n_erased: int = 0  # lines of erased persons; the other counts are of what remains
    n_expired: int = 0  # lines older than the config keeps them
    n_too_late: int = 0  # of n_rejected: events held back, and below their first and last date
    too_late_from: date | None = None
    too_late_to: date | None = None
    late_before: date | None = None  # the rule they were held back by (late.py)
    days_taken_in: str = ""

    @property
    def is_active(self) -> bool:
        """Whether it is what the source says now, and not replaced by newer content."""
        return self.status != "superseded"

    @property
    def gave_events(self) -> bool:
        """Whether there was an event in it, be it one that is held back."""
        return bool(self.n_accepted or self.n_too_late)

    @property
    def is_spent(self) -> bool:
        """Whether lines of it were removed on purpose: without events it is still no file that never gave any."""
        return bool(self.n_erased or self.n_expired)


def read_ledger(path: Path) -> list[LedgerRow]:
    """All rows, none where nothing was ingested yet."""
    if not path.exists():
        return []
    with duckdb.connect() as con:
        there = con.execute(f"select * from read_parquet({quote(path)}) limit 0").description
        present = {column[0] for column in there or ()}
        # A ledger of an older version lacks the later columns: their defaults hold.
        names = [field.name for field in fields(LedgerRow) if field.name in present]
        rows = con.execute(f"select {', '.join(names)} from read_parquet({quote(path)})").fetchall()
    made = (LedgerRow(**dict(zip(names, row, strict=True))) for row in rows)
    return [replace(row, event_names=tuple(row.event_names or ())) for row in made]


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, date) else value


def write_ledger(path: Path, rows: Iterable[LedgerRow]) -> None:
    """Replace the ledger: written beside it, forced to disk, then renamed over it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = path.with_suffix(".jsonl.tmp")
    made = path.with_suffix(".parquet.tmp")
    with lines.open("w", encoding="utf-8") as out:
        for row in rows:
            out.write(json.dumps({name: _plain(value) for name, value in asdict(row).items()}) + "\n")
    columns = ", ".join(f"{name}: '{kind}'" for name, kind in _TYPES.items())
    with duckdb.connect() as con:
        relation = f"read_json({quote(lines)}, format = 'newline_delimited', columns = {{{columns}}})"
        con.execute(
            f"copy (select * from {relation} order by ingested_at, source, file) to {quote(made)} (format parquet)"
        )
    sync(made)
    accept(path.parent, {path.name: digest(made)})
    failpoint("ledger_before_rename")
    os.replace(made, path)
    sync(path.parent)
    lines.unlink()


def sync(path: Path) -> None:
    """Force a file or a folder's entries to disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
