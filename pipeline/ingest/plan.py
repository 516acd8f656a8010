"""Which files of a source are new, and in which batches they are read.

The content decides: a file counts as known where its hash does. Path, size and time of change only spare the hashing, and
only where the file had been left alone for two seconds before it was read, so that a later write has another time.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

from duckdb import DuckDBPyConnection

from pipeline.ingest.lake.ledger import LedgerRow
from pipeline.ingest.late import Arrivals, LateRule
from pipeline.ingest.result import FileProblem
from pipeline.ingest.text.inspect import Inspection, UnpacksTooFar, inspect_file, is_too_far
from pipeline.ingest.text.layout import Layout, read_layout, resolve_columns
from pipeline.settings import Settings, Source

# A batch is compiled once and lies in memory at once.
_BATCH_BYTES, _BATCH_FILES = 1 << 28, 200
_SETTLED_NS = 2_000_000_000
_UNKNOWN_TIME = -1
_SHOWN_NAMES = 3

_TOO_FAR = (
    "unpacks to more than {:,.0f} times its size, as a decompression bomb does. It is left out; where it is sound, raise "
    "cleaning.max_expansion."
)

Key = tuple[str, str]  # source and file


@dataclass(frozen=True)
class RawFile:
    """A file to read: where it is, what its bytes are, and the id its events will carry."""

    path: Path
    file: str  # as people see it: relative to the home folder where it lies below
    size_bytes: int
    mtime_ns: int
    is_settled: bool  # long enough unchanged that size and time will tell the next change
    inspection: Inspection
    file_id: str
    layout: Layout
    late_rule: LateRule
    problem: str = ""  # why its lines cannot be read as the source says; all of them are refused then


@dataclass
class Plan:
    """What there is to do for one source."""

    to_read: list[RawFile] = field(default_factory=list)
    n_known: int = 0
    forgotten: list[LedgerRow] = field(default_factory=list)  # files that gave no event and are gone
    renewed: dict[Key, LedgerRow] = field(default_factory=dict)  # known content under a new time or name
    warnings: list[str] = field(default_factory=list)


def plan_source(
    con: DuckDBPyConnection,
    settings: Settings,
    source: Source,
    rows: dict[Key, LedgerRow],
    reading: str,
    must_reread: Callable[[LedgerRow], bool],
    arrivals: Arrivals,
) -> Plan:
    """Compare the files there are with the ledger's active rows."""
    plan = Plan()
    paths = _present_files(settings, source, plan, any(key[0] == source.name for key in rows))
    unknown: list[tuple[Path, str, os.stat_result, LedgerRow | None]] = []
    for path in paths:
        file, stat = shown_path(settings.home, path), stat_of(path)
        if stat is None:
            continue
        known = rows.get((source.name, file))
        if known and (known.reading != reading or must_reread(known)):
            known = None
        if known and (known.size_bytes, known.mtime_ns) == (stat.st_size, stat.st_mtime_ns):
            plan.n_known += 1
        else:
            unknown.append((path, file, stat, known))
    names = {shown_path(settings.home, path) for path in paths}
    gone = [row for row in rows.values() if row.source == source.name and row.file not in names]
    plan.forgotten = [row for row in gone if not row.gave_events and not row.is_spent]
    moved = {row.sha256: row for row in gone if row.reading == reading and row.gave_events and not must_reread(row)}
    ids = {row.file_id: row.file for row in rows.values()}
    limit, expansion = settings.cleaning.max_line_bytes, settings.cleaning.max_expansion
    with ThreadPoolExecutor(max_workers=min(4, os.cpu_count() or 1)) as pool:
        inspected = list(pool.map(lambda entry: _inspect(entry[0], limit, expansion, source), unknown))
        contents = {found.sha256 for found in inspected if not isinstance(found, str)}
        for (path, file, stat, known), found in zip(unknown, inspected, strict=True):
            if isinstance(found, str):
                plan.warnings.append(f"Source '{source.name}': {file} {found}")
                continue
            is_settled = time.time_ns() - stat.st_mtime_ns > _SETTLED_NS
            same = known if known and known.sha256 == found.sha256 else None
            same = same or moved.pop(found.sha256, None)
            if same:
                plan.n_known += 1
                time_ns = ledger_time(stat.st_mtime_ns, is_settled)
                plan.renewed[(source.name, file)] = replace(same, file=file, size_bytes=stat.st_size, mtime_ns=time_ns)
                continue
            late_rule = arrivals.rule_of(source.name, file, found.sha256, contents)
            identity = f"{found.sha256}\n{source.name}\n{file}\n{reading}{late_rule.mark}"
            while ids.get(file_id := hashlib.sha256(identity.encode()).hexdigest()[:16], file) != file:
                identity += "+"  # this content had this name before, and its events go by another now
            layout, problem = _layout(con, source, path, found)
            if layout.kind == "parquet" and is_too_far(_n_cells(con, path, layout), stat.st_size, expansion):
                plan.warnings.append(f"Source '{source.name}': {file} {_TOO_FAR.format(expansion)}")
                continue
            size, changed_ns = stat.st_size, stat.st_mtime_ns
            plan.to_read.append(
                RawFile(path, file, size, changed_ns, is_settled, found, file_id, layout, late_rule, problem)
            )
            if found.is_utf16:
                plan.warnings.append(
                    f"Source '{source.name}': {file} is UTF-16, so its lines are refused. Save it as UTF-8."
                )
    return plan


def stat_of(path: Path) -> os.stat_result | None:
    """Its size and time; None where it went away since the folder was listed, and so is no part of this night."""
    try:
        return path.stat()
    except FileNotFoundError:
        return None


def _inspect(path: Path, max_line_bytes: int, max_expansion: float, source: Source) -> Inspection | str:
    try:
        return inspect_file(path, max_line_bytes, source.format == "table", max_expansion)
    except UnpacksTooFar:
        return _TOO_FAR.format(max_expansion)
    except PermissionError:
        return "cannot be read (no permission). It is left out until it can be: give this user the right to read it."
    except FileNotFoundError:
        return "went away before it was read."


def _n_cells(con: DuckDBPyConnection, path: Path, layout: Layout) -> int:
    """Rows times columns as the footer of a Parquet file claims them: a byte each is the least they take once read."""
    (claimed,) = con.execute("select sum(num_rows) from parquet_file_metadata(?)", [str(path)]).fetchall()[0]
    return int(claimed or 0) * len(layout.columns)


def ledger_time(mtime_ns: int, is_settled: bool) -> int:
    """The time of change as the ledger keeps it; one that says nothing makes the next run hash the file again."""
    return mtime_ns if is_settled else _UNKNOWN_TIME


def _layout(con: DuckDBPyConnection, source: Source, path: Path, found: Inspection) -> tuple[Layout, str]:
    layout = Layout("none")
    try:
        if found.n_bytes:
            layout = read_layout(con, path, source)
            if layout.kind in ("delimited", "parquet"):
                resolve_columns(source, layout.columns)
    except FileProblem as problem:
        return layout, str(problem)
    return layout, ""


def shown_path(home: Path, path: Path) -> str:
    """How a file is named in the ledger and in messages."""
    return path.relative_to(home).as_posix() if path.is_relative_to(home) else str(path)


def listed(names: list[str]) -> str:
    """A few names, and how many more there are."""
    more = f" and {len(names) - _SHOWN_NAMES} more" if len(names) > _SHOWN_NAMES else ""
    return ", ".join(names[:_SHOWN_NAMES]) + more


def _present_files(settings: Settings, source: Source, plan: Plan, has_history: bool) -> list[Path]:
    files = settings.source_files(source)
    folders = settings.source_folders(source)
    pattern = settings.source_pattern(source)
    if not files:
        hint = f" It is a folder: write {pattern}/**/* for the files in it." if pattern in map(str, folders) else ""
        history = " What was ingested before stays." if has_history else ""
        plan.warnings.append(f"Source '{source.name}': no file matches {pattern}.{hint}{history}")
    elif folders and Path(source.path).name not in ("*", "**"):
        names = listed([shown_path(settings.home, folder) for folder in folders])
        plan.warnings.append(f"Source '{source.name}': `path` matches folders, which are not read as files: {names}.")
    return files


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
