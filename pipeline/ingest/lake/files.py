"""The lake's files: where they are, how a batch's events get there, and removing what a crash left.

Not here: whether a file counts, which the ledger says.
"""

from __future__ import annotations

import os
import shutil
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from duckdb import DuckDBPyConnection

from pipeline.home.atomic import fsync
from pipeline.home.checksums import accept, digest
from pipeline.home.failpoints import failpoint
from pipeline.home.sql_text import quote
from pipeline.ingest.canonical import EVENT_COLUMNS
from pipeline.ingest.lake.ledger import LedgerRow

_MAX_SINGLE_WRITES = 4


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
    def suspicion(self) -> Path:
        """A mark that damage was found: the next ingest then checks the content of every file, raw ones too."""
        return self.root / "look-closely.txt"

    @property
    def staging(self) -> Path:
        """Where files are until the ingest is complete; on the same disk, so that a rename moves them."""
        return self.root / ".staging"

    def prepare(self) -> None:
        """Create the folders, and an empty staging area."""
        shutil.rmtree(self.staging, ignore_errors=True)
        for folder in (self.events, self.rejected, self.staging):
            folder.mkdir(parents=True, exist_ok=True)


class Staging:
    """Parquet written but not committed: a folder per write, below it `part=<file_id>` and, for events, the month."""

    def __init__(self, root: Path) -> None:
        self._root, self._n_writes = root, 0

    def folder(self) -> Path:
        """A path that is not used yet."""
        self._n_writes += 1
        return self._root / f"{self._n_writes:06d}"

    def write_events(self, con: DuckDBPyConnection) -> None:
        """Write the accepted rows of the table `staged`."""
        folder, columns = self.folder(), ", ".join(EVENT_COLUMNS)
        parts = con.execute("select distinct file_id, event_month from staged where reason is null").fetchall()
        if len(parts) > _MAX_SINGLE_WRITES:
            con.execute(
                f"""copy (select {columns}, file_id as part, event_month from staged where reason is null)
                to {quote(str(folder))} (format parquet, compression zstd, partition_by (part, event_month))"""
            )
            return
        # The partitioned writer first sorts rows into parts in memory; a few plain writes need no sort.
        for file_id, month in parts:
            target = folder / f"part={file_id}" / f"event_month={month}"
            target.mkdir(parents=True)
            con.execute(
                f"""copy (
                    select {columns} from staged
                    where reason is null and file_id = {quote(file_id)} and event_month = {quote(month)}
                ) to {quote(str(target / "data.parquet"))} (format parquet, compression zstd)"""
            )

    def write_rejected(self, con: DuckDBPyConnection, source: str, files: list[tuple[str, str]], now: datetime) -> None:
        """Write the table `rejected`; `files` are id and shown name by file_number."""
        if not con.execute("select count(*) > 0 from rejected").fetchall()[0][0]:
            return
        known = ", ".join(f"({n}, {quote(file_id)}, {quote(name)})" for n, (file_id, name) in enumerate(files))
        con.execute(
            f"""copy (
                select {quote(source)} as source, file, line_number, reason, raw_line,
                    timestamp '{now:%Y-%m-%d %H:%M:%S}' as ingested_at, file_id, file_id as part
                from rejected inner join (values {known}) as known (file_number, file_id, file) using (file_number)
                order by file_number, line_number
            ) to {quote(str(self.folder()))} (format parquet, compression zstd, partition_by (part))"""
        )

    def parts(self) -> dict[str, list[Path]]:
        """What was written, by file_id, in the order of writing."""
        found = defaultdict(list)
        for path in sorted(self._root.glob("*/part=*/**/*.parquet")):
            part = path.relative_to(self._root).parts[1]
            found[part.removeprefix("part=")].append(path)
        return found


def move_into_lake(lake: Lake, names: dict[str, str], staging: Staging) -> None:
    """Rename staged files into the lake, by the name of each file_id. They count once the ledger names them."""
    moves: list[tuple[Path, Path]] = []
    written = staging.parts()
    for file_id, name in names.items():
        n_in_folder: dict[Path, int] = defaultdict(int)
        for path in written.get(file_id, []):
            is_event = path.parent.name.startswith("event_month=")
            folder = lake.events / path.parent.name if is_event else lake.rejected
            suffix = f"-{n_in_folder[folder]}" if n_in_folder[folder] else ""
            n_in_folder[folder] += 1
            moves.append((path, folder / f"{name}{suffix}.parquet"))
    accept(lake.root, {target.relative_to(lake.root).as_posix(): digest(path) for path, target in moves})
    for path, target in moves:
        target.parent.mkdir(exist_ok=True)
        fsync(path)
        os.replace(path, target)
        failpoint("ingest_between_renames")
    _remove_former(lake, set(names.values()), {target for _, target in moves})
    for folder in {*(target.parent for _, target in moves), lake.events, lake.rejected}:
        fsync(folder)


def _remove_former(lake: Lake, names: set[str], written: set[Path]) -> None:
    """What files that were read again gave before and do not give now, as lines that were of the future then."""
    for path in lake_files(lake):
        if name_of(path) in names and path not in written:
            path.unlink()


def lake_files(lake: Lake) -> list[Path]:
    """Every file of events and of rejected lines."""
    return [*lake.events.glob("event_month=*/*.parquet"), *lake.rejected.glob("*.parquet")]


def name_of(path: Path) -> str:
    """`<source>-<file_id>` of a file in the lake (a second part of one file has a further suffix)."""
    return "-".join(path.stem.split("-")[:2])


def clear_orphans(lake: Lake, rows: Iterable[LedgerRow]) -> int:
    """Remove the files of the lake that no row of the ledger counts; returns how many."""
    known, removed = {row.lake_name for row in rows if row.has_files}, 0
    for path in lake_files(lake):
        if name_of(path) not in known:
            path.unlink()
            removed += 1
    for month in lake.events.glob("event_month=*"):
        if not any(month.iterdir()):
            month.rmdir()
    return removed
