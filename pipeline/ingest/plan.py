"""Which files of a source are new, and in which batches they are read.

The content decides: a file is known where its hash is. The same path, size and times of change save computing the hash
on most nights (known_files.py), but only where the file had not changed for two seconds before it was read, so that a
later write has another time.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePath

import duckdb

from pipeline.home.error_advice import is_full
from pipeline.home.sql_text import file_list
from pipeline.ingest.formats import format_of
from pipeline.ingest.known_files import checked, has_new_inode_time, has_same_time
from pipeline.ingest.lake.ledger import LedgerRow
from pipeline.ingest.late import Arrivals, LateRule
from pipeline.ingest.present import complete_files, present_files, shown_path
from pipeline.ingest.text.inspect import Inspection, inspect_file
from pipeline.ingest.text.layout import FileProblem, Layout, folder_values, read_layout
from pipeline.ingest.text.unpack import ExpandsTooFar, WindowTooLarge, expands_too_far
from pipeline.settings import Settings, Source

# A batch is compiled once and is in memory at once.
_BATCH_BYTES, _BATCH_FILES = 1 << 28, 200
_SETTLED_NS = 2_000_000_000
_UNKNOWN_TIME = -1

_TOO_FAR = (
    "expands to more than {:,.0f} times its size, or to a million lines with nothing in them, as a decompression bomb "
    "does. It is skipped; if it is sound, raise cleaning.max_expansion."
)

Key = tuple[str, str]  # source and file


@dataclass(frozen=True)
class RawFile:
    """A file to read: where it is, what its bytes are, and the id its events will carry."""

    path: Path
    file: str  # as people see it: relative to the home folder if it is below it
    size_bytes: int
    mtime_ns: int
    ctime_ns: int
    is_settled: bool  # unchanged for long enough that size and time will show the next change
    inspection: Inspection
    file_id: str
    layout: Layout
    late_rule: LateRule
    problem: str = ""  # why its lines cannot be read as the source says; all of them are rejected then

    def values_of(self, folders: tuple[str, ...]) -> tuple[str | None, ...]:
        """The values of columns that are in the names of its folders."""
        return tuple(folder_values(PurePath(self.file))[name] for name in folders)


@dataclass
class Plan:
    """What is to be done for one source."""

    to_read: list[RawFile] = field(default_factory=list)
    n_known: int = 0
    forgotten: list[LedgerRow] = field(default_factory=list)  # files that gave no event and are gone
    renewed: dict[Key, LedgerRow] = field(default_factory=dict)  # known content under a new time or name
    warnings: list[str] = field(default_factory=list)


def plan_source(
    con: duckdb.DuckDBPyConnection,
    settings: Settings,
    source: Source,
    rows: dict[Key, LedgerRow],
    reading: str,
    must_reread: Callable[[LedgerRow], bool],
    arrivals: Arrivals,
    is_due: Callable[[LedgerRow], bool],
) -> Plan:
    """Compare the files that exist with the ledger's active rows; those that are due also by their content."""
    plan = Plan()
    of_source = [row for row in rows.values() if row.source == source.name]
    present = present_files(settings, source, bool(of_source), plan.warnings)
    paths = {shown_path(settings.home, path): path for path in complete_files(settings, source, present, plan.warnings)}
    valid = {row.file: row for row in of_source if row.reading == reading and not must_reread(row)}
    changed = _changed_files(source, paths, valid, plan, is_due)
    gone = [row for row in of_source if row.file not in paths]
    plan.forgotten = [row for row in gone if not row.gave_events and not row.has_removed_lines]
    moved = {row.sha256: row for row in gone if row.file in valid and row.gave_events}
    inspections = _inspect_all(changed, settings, source)
    contents = {found.sha256 for found in inspections if not isinstance(found, str)}
    ids = {row.file_id: row.file for row in rows.values()}
    for entry, found in zip(changed, inspections, strict=True):
        if isinstance(found, str):
            plan.warnings.append(f"Source '{source.name}': {entry.file} {found}")
            continue
        same = entry.known
        if same is None or same.sha256 != found.sha256:
            same = moved.get(found.sha256)
            if same and not _has_same_folders(source, same.file, entry.file):
                same = None  # values of its rows are other ones now
            moved.pop(found.sha256 if same else "", None)
        if same:
            plan.n_known += 1
            plan.renewed[source.name, entry.file] = entry.renewed(same)
            continue
        rule = arrivals.rule_of(source.name, entry.file, found.sha256, contents)
        file_id = _file_id(entry.file, f"{found.sha256}\n{source.name}\n{entry.file}\n{reading}{rule.mark}", ids)
        layout, problem = layout_of(con, source, entry.path, entry.file, found)
        if _is_parquet_bomb(con, entry, layout, settings.cleaning.max_expansion):
            too_far = _TOO_FAR.format(settings.cleaning.max_expansion)
            plan.warnings.append(f"Source '{source.name}': {entry.file} {too_far}")
            continue
        plan.to_read.append(entry.raw_file(found, file_id, layout, rule, problem))
        if found.foreign and not problem and layout.kind != "parquet":
            plan.warnings.append(
                f"Source '{source.name}': {entry.file} {found.foreign}. The lines that are not read are rejected."
            )
    return plan


@dataclass(frozen=True)
class _Changed:
    """A file that is new or was changed or touched, and the ledger's row where it still holds for the same content."""

    path: Path
    file: str
    stat: os.stat_result
    known: LedgerRow | None

    @property
    def is_settled(self) -> bool:
        return time.time_ns() - self.stat.st_mtime_ns > _SETTLED_NS

    def renewed(self, row: LedgerRow) -> LedgerRow:
        mtime_ns = ledger_time(self.stat.st_mtime_ns, self.is_settled)
        stat = self.stat
        return replace(row, file=self.file, size_bytes=stat.st_size, mtime_ns=mtime_ns, ctime_ns=stat.st_ctime_ns)

    def raw_file(self, found: Inspection, file_id: str, layout: Layout, rule: LateRule, problem: str) -> RawFile:
        return RawFile(
            path=self.path,
            file=self.file,
            size_bytes=self.stat.st_size,
            mtime_ns=self.stat.st_mtime_ns,
            ctime_ns=self.stat.st_ctime_ns,
            is_settled=self.is_settled,
            inspection=found,
            file_id=file_id,
            layout=layout,
            late_rule=rule,
            problem=problem,
        )


def _changed_files(
    source: Source,
    paths: dict[str, Path],
    valid: dict[str, LedgerRow],
    plan: Plan,
    is_due: Callable[[LedgerRow], bool],
) -> list[_Changed]:
    """The files that a row of the ledger does not describe by size and times, or by content; the others are known."""
    changed = []
    for file, path in paths.items():
        try:
            if (stat := stat_of(path)) is None:
                continue
        except OSError as error:
            plan.warnings.append(f"Source '{source.name}': {file} {_unreadable(error)}")
            continue
        known = valid.get(file)
        is_same = known is not None and has_same_time(known, stat)
        if known and is_same and (has_new_inode_time(known, stat) or is_due(known)):
            still = checked(known, path, stat)
            is_same = still is not None
            if still is None:
                plan.warnings.append(
                    f"Source '{source.name}': {file} has other content under the same size and time; it is read again."
                )
            elif still != known:
                plan.renewed[source.name, file] = still
        if is_same:
            plan.n_known += 1
        else:
            changed.append(_Changed(path, file, stat, known))
    return changed


def _file_id(file: str, identity: str, ids: dict[str, str]) -> str:
    """The id of a file, by what decides its events."""
    while ids.get(file_id := hashlib.sha256(identity.encode()).hexdigest()[:16], file) != file:
        identity += "+"  # this content had this name before, and its events have another one now
    return file_id


def stat_of(path: Path) -> os.stat_result | None:
    """Its size and time; None where it was removed since the folder was listed."""
    try:
        return path.stat()
    except FileNotFoundError:
        return None


def _inspect_all(files: list[_Changed], settings: Settings, source: Source) -> list[Inspection | str]:
    """What the bytes of each file are, or why it is not read."""
    is_table = "delimited" in format_of(source).layouts
    limit, expansion = settings.cleaning.max_line_bytes, settings.cleaning.max_expansion
    with ThreadPoolExecutor(max_workers=min(4, os.cpu_count() or 1)) as pool:
        return list(pool.map(lambda file: _inspect(file.path, limit, is_table, expansion, source.delimiter), files))


def _inspect(
    path: Path, max_line_bytes: int, is_table: bool, max_expansion: float, delimiter: str | None
) -> Inspection | str:
    try:
        return inspect_file(path, max_line_bytes, is_table, max_expansion, delimiter)
    except WindowTooLarge as error:
        return f"{error.why}. It is skipped."
    except ExpandsTooFar:
        return _TOO_FAR.format(max_expansion)
    except FileNotFoundError:
        return "was removed before it was read."
    except OSError as error:
        return _unreadable(error)


def _unreadable(error: OSError) -> str:
    if isinstance(error, PermissionError):
        return "cannot be read (no permission). It is skipped until it can: give this user the right to read it."
    return f"cannot be read ({error.strerror or error}). It is skipped until it can: check its disk, or move it away."


def _is_parquet_bomb(con: duckdb.DuckDBPyConnection, file: _Changed, layout: Layout, max_expansion: float) -> bool:
    """Rows times columns by the footer of a Parquet file: each takes a byte at least once it is read."""
    if layout.kind != "parquet":
        return False
    footer = f"select sum(num_rows) from parquet_file_metadata({file_list([file.path])})"
    try:
        ((n_rows,),) = con.execute(footer).fetchall()
    except duckdb.Error as error:
        if is_full(str(error)):
            raise
        return False  # whoever reads it says what is wrong with it
    return expands_too_far(int(n_rows or 0) * len(layout.columns), file.stat.st_size, max_expansion)


def ledger_time(mtime_ns: int, is_settled: bool) -> int:
    """The time of change as the ledger keeps it; an unknown one makes the next run hash the file again."""
    return mtime_ns if is_settled else _UNKNOWN_TIME


def _has_same_folders(source: Source, file: str, other: str) -> bool:
    return "parquet" not in format_of(source).layouts or (
        folder_values(PurePath(file)) == folder_values(PurePath(other))
    )


def layout_of(
    con: duckdb.DuckDBPyConnection, source: Source, path: Path, file: str, found: Inspection
) -> tuple[Layout, str]:
    """The layout of a file, and why it is not what the source says; empty if it is."""
    layout, form = Layout("none"), format_of(source)
    try:
        if found.n_bytes:  # none is left of a file that was cut in its first block
            layout = read_layout(con, path, source, form.layouts)
            if layout.kind in ("delimited", "parquet"):
                layout = layout.with_folders(folder_values(PurePath(file)))
                form.columns(source, layout)
    except FileProblem as problem:
        return layout, str(problem) if layout.kind == "parquet" else found.foreign or str(problem)
    return layout, ""


def batches(files: list[RawFile]) -> Iterator[list[RawFile]]:
    """Files of one layout together, up to a size; a larger file is a batch of its own."""
    groups: dict[tuple[Layout, bool], list[RawFile]] = {}
    for file in files:
        groups.setdefault((file.layout, bool(file.problem)), []).append(file)
    for group in groups.values():
        batch: list[RawFile] = []
        n_bytes = 0
        for file in group:
            if batch and (n_bytes + file.inspection.n_bytes > _BATCH_BYTES or len(batch) == _BATCH_FILES):
                yield batch
                batch, n_bytes = [], 0
            batch.append(file)
            n_bytes += file.inspection.n_bytes
        yield batch
