"""The lake's files: where they are, how a file's events get there, and clearing what a crash left.

Nothing here decides whether a file counts; that is the ledger's.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from duckdb import DuckDBPyConnection

from pipeline.ingest.canonical import EVENT_COLUMNS, quote
from pipeline.ingest.ledger import sync


@dataclass(frozen=True)
class Lake:
    """Paths below `data/lake`."""

    root: Path

    @property
    def ledger(self) -> Path:
        """The ledger's file."""
        return self.root / "ledger.parquet"

    @property
    def events(self) -> Path:
        """Canonical events, one folder per UTC month."""
        return self.root / "events"

    @property
    def rejected(self) -> Path:
        """Rejected lines."""
        return self.root / "rejected"

    @property
    def staging(self) -> Path:
        """Where files wait until the whole ingest has passed; on the same disk, so that a rename moves them."""
        return self.root / ".staging"

    def prepare(self) -> None:
        """Make the folders, and an empty staging area."""
        shutil.rmtree(self.staging, ignore_errors=True)
        for folder in (self.events, self.rejected, self.staging):
            folder.mkdir(parents=True, exist_ok=True)


def stage_output(
    con: DuckDBPyConnection, lake: Lake, name: str, source: str, file: str, file_id: str, now: datetime
) -> None:
    """Write `staged` and `refused` as Parquet into the staging area, under `name`."""
    folder = lake.staging / name
    columns = ", ".join(EVENT_COLUMNS)
    con.execute(
        f"""copy (select {columns}, event_month from staged where reason is null)
        to {quote(str(folder))} (format parquet, compression zstd, partition_by (event_month),
        filename_pattern {quote(name + "-{i}")})"""
    )
    con.execute(
        f"""copy (
            select {quote(source)} as source, {quote(file)} as file, line_number, reason, raw_line,
                timestamp '{now:%Y-%m-%d %H:%M:%S}' as ingested_at, {quote(file_id)} as file_id
            from refused order by line_number
        ) to {quote(str(lake.staging / f"{name}.rejected"))} (format parquet, compression zstd)"""
        if con.execute("select count(*) > 0 from refused").fetchall()[0][0]
        else "select 1"
    )


def _place(source: Path, target: Path) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    sync(source)
    os.replace(source, target)
    return target


def move_into_lake(lake: Lake, name: str) -> set[Path]:
    """Rename a file's staged output into the lake; it counts only once the ledger says so."""
    placed = set()
    for month in sorted((lake.staging / name).glob("event_month=*")):
        for position, part in enumerate(sorted(month.glob("*.parquet"))):
            suffix = f"-{position}" if position else ""
            placed.add(_place(part, lake.events / month.name / f"{name}{suffix}.parquet"))
    rejected = lake.staging / f"{name}.rejected"
    if rejected.exists():
        placed.add(_place(rejected, lake.rejected / f"{name}.parquet"))
    for folder in {path.parent for path in placed}:
        sync(folder)
    return placed


def _name_of(path: Path) -> str:
    """`<source>-<file_id>` of a file in the lake (a second part of one file carries a further suffix)."""
    return "-".join(path.stem.split("-")[:2])


def clear_orphans(lake: Lake, active: Iterable[str]) -> int:
    """Remove the files of the lake whose `<source>-<file_id>` is not active; how many they were."""
    known, removed = set(active), 0
    for path in (*lake.events.glob("event_month=*/*.parquet"), *lake.rejected.glob("*.parquet")):
        if _name_of(path) not in known:
            path.unlink()
            removed += 1
    for month in lake.events.glob("event_month=*"):
        if not any(month.iterdir()):
            month.rmdir()
    return removed
