"""Damage in the lake: found when an ingest begins, and repaired by reading the raw files again, if they exist.

Every night checks the size of all files and the content of a seventh of them, a different seventh each day;
`growthhouse doctor` checks the content of all. Not here: how checksums are kept (`pipeline.home.checksums`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from pipeline.home.atomic import write_text
from pipeline.home.checksums import RecordDamaged, accept, damage, digest, is_due, read_record
from pipeline.home.memory import reading
from pipeline.ingest.lake.files import Lake, lake_files, name_of
from pipeline.ingest.lake.ledger import LedgerRow, read_ledger, write_ledger
from pipeline.ingest.late import Arrival
from pipeline.ingest.result import IngestError

_SHOWN = 5
_UNCHANGED = "Nothing was ingested, and the published warehouse is unchanged."


def open_ledger(lake: Lake, now: datetime, warnings: list[str]) -> tuple[list[LedgerRow], bool]:
    """The ledger's rows, and whether it was lost: then all raw files are read again, and the lake keeps its files."""
    _set_folders_aside(lake, now, warnings)
    problem = ledger_problem(lake)
    if problem is None:
        return read_ledger(lake.ledger), False
    aside = lake.ledger.with_name(f"{lake.ledger.name}.damaged-{now:%Y%m%dT%H%M%S}")
    if lake.ledger.exists():
        lake.ledger.rename(aside)
        problem += f"; it was set aside as {aside.name}"
    warnings.append(f"data/lake/{lake.ledger.name} {problem}. It is rebuilt: every raw file is read again.")
    return [], True


def _set_folders_aside(lake: Lake, now: datetime, warnings: list[str]) -> None:
    """Folders with the names of files of the lake, which somebody made: nothing of them is deleted."""
    for path in filter(Path.is_dir, lake_files(lake)):
        aside = path.rename(path.with_name(f"{path.name}.folder-{now:%Y%m%dT%H%M%S}"))
        warnings.append(
            f"{path.relative_to(lake.root.parent.parent)} is a folder, and only files can be of the lake; it was set "
            f"aside as {aside.name}. Move out of data/ what you keep there."
        )


def ledger_problem(lake: Lake) -> str | None:
    """Why the ledger cannot be used; None if it can."""
    try:
        sums = read_record(lake.root).get(lake.ledger.name)
    except RecordDamaged:
        sums = None
    if not lake.ledger.exists():
        return "is missing" if sums and lake_files(lake) else None
    if sums and (problem := damage(lake.root, lake.ledger.name, sums, by_hash=True)):
        return problem
    try:
        read_ledger(lake.ledger)
    except duckdb.Error as error:
        return f"cannot be read ({str(error).splitlines()[0]})"
    return None


def damaged_files(
    lake: Lake, rows: Iterable[LedgerRow], *, day: int | None, warnings: list[str] | None = None
) -> dict[str, list[str]]:
    """What is wrong with files of the lake that count, by file_id. With `day` None the content of all is checked."""
    active = {row.lake_name: row.file_id for row in rows if row.has_files}
    try:
        record = read_record(lake.root)
    except RecordDamaged as error:
        record = {}
        if warnings is not None:
            warnings.append(f"{error}; the checksums of the lake are recorded again, from its files as they are now.")
    found: dict[str, list[str]] = {}
    if lake.suspicion.exists():
        day = None
    for name, sums in record.items():
        file_id = active.get(name_of(Path(name)))
        if file_id is None or name == lake.ledger.name:
            continue
        if problem := damage(lake.root, name, sums, by_hash=is_due(name, day)):
            found.setdefault(file_id, []).append(f"data/lake/{name} {problem}")
    return found


def record_unknown(lake: Lake) -> int:
    """Record files that have no checksum yet, as in a lake of an older version; returns how many."""
    try:
        known = set(read_record(lake.root))
    except RecordDamaged:
        known = set()
    paths = [*lake_files(lake), *([lake.ledger] if lake.ledger.exists() else [])]
    unknown = {name: digest(path) for path in paths if (name := path.relative_to(lake.root).as_posix()) not in known}
    if unknown:
        accept(lake.root, unknown)
    return len(unknown)


def mark_damaged(lake: Lake) -> None:
    """Make the next ingest check the content of every file, whatever the day."""
    write_text("The next ingest checks the content of every file of the lake.\n", lake.suspicion)


def check_recoverable(
    damaged: dict[str, list[str]], rows: Iterable[LedgerRow], read_again: Collection[LedgerRow]
) -> set[str]:
    """file_ids of damaged files whose raw file was renamed, and read again so. IngestError if one is gone."""
    contents, ids = {row.sha256 for row in read_again}, {(row.source, row.file) for row in read_again}
    waiting = [row for row in rows if row.file_id in damaged and (row.source, row.file) not in ids]
    lost = [row for row in waiting if row.sha256 not in contents]
    if lost:
        raise IngestError(
            "The lake is damaged, and these raw files are gone, so they cannot be read again:\n"
            + "\n".join(_describe(row, damaged[row.file_id]) for row in sorted(lost, key=lambda row: row.file)[:_SHOWN])
            + (f"\n  and {len(lost) - _SHOWN} more" if len(lost) > _SHOWN else "")
            + f"\n{sum(row.n_accepted for row in lost):,} events of {_days(lost)} are lost without them. Restore the "
            "raw files, or these files of the lake from a backup, and run again; `growthhouse doctor --accept-loss` "
            f"continues without them. {_UNCHANGED}"
        )
    return {row.file_id for row in waiting}


def check_all_rewritten(lake: Lake, read_again: Collection[LedgerRow]) -> None:
    """With the ledger lost, every file of the lake must have been written again; else its raw file is gone.

    Or its raw file has other content now, which was read: the published version knows which file it was.
    """
    names = {row.lake_name for row in read_again}
    files = {(row.source, row.file) for row in read_again}
    names |= {name for name, file in _published_files(lake).items() if file in files}
    stray = sorted({path for path in lake_files(lake) if name_of(path) not in names})
    if not stray:
        return
    listed = "\n".join(f"  {path.relative_to(lake.root.parent.parent)}" for path in stray[:_SHOWN])
    raise IngestError(
        f"The ledger of the lake is lost, and {len(stray)} files of the lake come from raw files that are gone or "
        f"have changed, so it is unknown whether they count:\n{listed}\n"
        f"{_dates_of([path for path in stray if path.is_relative_to(lake.events)])}Restore the raw files, or move "
        f"these files out of data/lake to continue without them, and run again. {_UNCHANGED}"
    )


def _dates_of(events: list[Path]) -> str:
    if not events:
        return ""
    first, last = duckdb.execute(
        "select cast(min(event_at) as date), cast(max(event_at) as date) from read_parquet(?)", [list(map(str, events))]
    ).fetchall()[0]
    return f"Their events are of {first} to {last}. "


def _published_files(lake: Lake) -> dict[str, tuple[str, str]]:
    """Source and raw file by the name of their files in the lake; empty if the published version cannot be read."""
    rows = _published(lake, "select source, file_id, file from raw.ingested_files")
    return {f"{source}-{file_id}": (source, file) for source, file_id, file in rows}


def published_arrivals(lake: Lake) -> list[Arrival]:
    """What a lost ledger knew of its files, if the published version can be read; without it, no event is too late."""
    columns = ", ".join(Arrival._fields)
    query = f"select {columns} from raw.ingested_files where status <> 'superseded' order by ingested_at, source, file"
    return [Arrival(*row) for row in _published(lake, query)]


def _published(lake: Lake, query: str) -> list[tuple[Any, ...]]:
    warehouse = lake.root.parent / "warehouse.duckdb"
    if not warehouse.exists():
        return []
    try:
        with reading(warehouse.resolve()) as con:
            return con.execute(query).fetchall()
    except duckdb.Error:
        return []


def give_up(lake: Lake, present: Collection[tuple[str, str]]) -> list[LedgerRow]:
    """Continue without damaged files of the lake whose raw file (source, file) is gone: they no longer count."""
    rows = read_ledger(lake.ledger)
    damaged = damaged_files(lake, rows, day=None)
    lost = [row for row in rows if row.file_id in damaged and row.is_active and (row.source, row.file) not in present]
    ids = {row.file_id for row in lost}
    if lost:
        write_ledger(lake.ledger, [replace(row, status="superseded") if row.file_id in ids else row for row in rows])
    return lost


def _describe(row: LedgerRow, problems: list[str]) -> str:
    return f"  {'; '.join(problems)}: the events of {_days([row])} from {row.file}"


def _days(rows: list[LedgerRow]) -> str:
    first = min((row.min_event_at for row in rows if row.min_event_at), default=None)
    last = max((row.max_event_at for row in rows if row.max_event_at), default=None)
    if first is None or last is None:
        return "no day (only rejected lines)"
    return str(first.date()) if first.date() == last.date() else f"{first.date()} to {last.date()}"
