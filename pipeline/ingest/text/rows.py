"""The rows of a batch of files as the temporary table `rows`, in file order, with their line numbers.

Belongs here: handing files to DuckDB, the damaged ones repaired first. A row's number within its file follows from its
rowid, because DuckDB keeps the order of what it inserts. What rows mean is in `formats`.
"""

from __future__ import annotations

import os
from array import array
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from duckdb import DuckDBPyConnection

from pipeline.home.sql_text import file_list, identifier, quote
from pipeline.ingest.text.delimited import DelimitedFile, read_delimited
from pipeline.ingest.text.inspect import LINE_MARK, Inspection
from pipeline.ingest.text.layout import Layout
from pipeline.ingest.text.repair import RejectedLines, repair


@dataclass(frozen=True)
class InputFile:
    """A file to load, and what is known of its bytes."""

    path: Path
    file_id: str
    layout: Layout
    inspection: Inspection


@dataclass(frozen=True)
class Rows:
    """The rows that were loaded, to be read in slices."""

    layout: Layout
    n_rows: int
    has_shifts: bool = False

    def relation(self, start: int, end: int) -> str:
        """Rows from one rowid up to another as a relation with file_number and line_number."""
        number = "rows.rowid - files.first_row + files.n_skip + 1"
        if self.layout.kind == "json_lines":
            columns, lines = "rows.line, rows.is_object", "filled(rows.line) is not null"
        else:
            columns, lines = ", ".join(f"rows.{identifier('c_' + name)}" for name in self.layout.columns), "true"
            number = f"coalesce(rows.kept_line, {number}{' + coalesce(shifts.moved, 0)' if self.has_shifts else ''})"
        join = (
            """asof left join shifts on rows.file_number = shifts.file_number
                and rows.rowid - files.first_row >= shifts.after_rank"""
            if self.has_shifts
            else ""
        )
        return f"""(
            select rows.file_number, {number} as line_number, {columns}
            from rows inner join files on rows.file_number = files.file_number {join}
            where rows.rowid >= {start} and rows.rowid < {end} and {lines}
        )"""


def load_rows(
    con: DuckDBPyConnection,
    batch: list[InputFile],
    needed: Collection[str],
    max_line_bytes: int,
    rejected: RejectedLines,
    scratch: Path,
) -> Rows:
    """Fill `rows` and `files` from a batch of files with one layout; lines that no parser may see go to `rejected`.

    A row of delimited text must reach up to the last of the `needed` columns.
    """
    layout = batch[0].layout
    con.execute(
        "create or replace temp table files (file_number bigint, file_id varchar, first_row bigint, n_skip bigint)"
    )
    con.execute("create or replace temp table shifts (file_number bigint, after_rank bigint, moved bigint)")
    if layout.kind == "json_lines":
        return _load_lines(con, batch, max_line_bytes, rejected, scratch)
    n_needed = 1 + max((layout.columns.index(name) for name in needed), default=-1)
    kinds = layout.types or ("VARCHAR",) * len(layout.columns)
    columns = ", ".join(f"{identifier('c_' + name)} {kind}" for name, kind in zip(layout.columns, kinds, strict=True))
    con.execute(f"create or replace temp table rows (file_number bigint, kept_line bigint, {columns})")
    for number, file in enumerate(batch):
        first = con.execute("select count(*) from rows").fetchall()[0][0]
        con.execute("insert into files values (?, ?, ?, ?)", [number, file.file_id, first, layout.n_skip])
        if layout.kind == "parquet":
            con.execute(
                f"""insert into rows select {number}, null, *
                from read_parquet({file_list([file.path])}, hive_partitioning = false)"""
            )
            continue
        path, empty_lines = _repaired(file, number, max_line_bytes, rejected, scratch)
        part = DelimitedFile(path, number, "none" if path != file.path else file.inspection.compression, empty_lines)
        read_delimited(con, part, layout, n_needed, max_line_bytes, rejected, scratch)
    n_rows = con.execute("select count(*) from rows").fetchall()[0][0]
    return Rows(layout, n_rows, con.execute("select count(*) > 0 from shifts").fetchall()[0][0])


def _repaired(
    file: InputFile, number: int, max_line_bytes: int, rejected: RejectedLines, scratch: Path
) -> tuple[Path, array[int]]:
    """The file itself where it is sound, else a repaired copy and the numbers of the lines that are empty in it."""
    found, is_lines = file.inspection, file.layout.kind == "json_lines"
    is_sound = not found.is_damaged and not (found.has_line_mark if is_lines else found.has_blank_line)
    if is_sound:
        return file.path, array("q")
    target = scratch / f"repaired-{number}.txt"
    empty_lines = repair(
        file.path,
        target,
        max_line_bytes=max_line_bytes,
        faults=(b"\0", LINE_MARK) if is_lines else (b"\0",),
        has_only_returns=found.has_only_returns,
        with_blank_lines=not is_lines,
        rejected=rejected,
        file_number=number,
    )
    return target, empty_lines


def _load_lines(
    con: DuckDBPyConnection, batch: list[InputFile], max_line_bytes: int, rejected: RejectedLines, scratch: Path
) -> Rows:
    """Every line of every file; blank ones are counted, so that numbers are right."""
    con.execute("create or replace temp table rows (file_number bigint, line varchar, is_object boolean)")
    groups: dict[str, list[tuple[int, Path]]] = {}
    with ThreadPoolExecutor(max_workers=min(4, os.cpu_count() or 1)) as pool:
        sound = pool.map(
            lambda entry: _repaired(entry[1], entry[0], max_line_bytes, rejected, scratch), enumerate(batch)
        )
    for number, (file, (path, _)) in enumerate(zip(batch, sound, strict=True)):
        compression = file.inspection.compression if path == file.path else "none"
        groups.setdefault(compression, []).append((number, path))
    for compression, group in groups.items():
        numbers = ", ".join(str(number) for number, _ in group)
        con.execute(
            f"""insert into rows
            select
                ([{numbers}])[file_index::bigint + 1], line,
                coalesce(json_valid(line) and starts_with(ltrim(line, ' ' || chr(9) || chr(13)), '{{'), false)
            from read_csv({file_list([path for _, path in group])}, columns = {{'line': 'VARCHAR'}},
                delim = {quote(LINE_MARK.decode())}, quote = '', escape = '', header = false, auto_detect = false,
                strict_mode = false, hive_partitioning = false, max_line_size = {max(max_line_bytes + 2, 1 << 16)},
                compression = {quote(compression)})"""
        )
    ids = ", ".join(f"({number}, {quote(file.file_id)})" for number, file in enumerate(batch))
    con.execute(
        f"""insert into files
        select ids.file_number, ids.file_id, coalesce(min(rows.rowid), 0), 0
        from (values {ids}) as ids (file_number, file_id) left join rows on ids.file_number = rows.file_number
        group by all"""
    )
    n_rows, is_ordered = con.execute(
        """select coalesce(sum(n), 0), coalesce(bool_and(last_row - first_row + 1 = n), true)
        from (select count(*) as n, min(rowid) as first_row, max(rowid) as last_row from rows group by file_number)"""
    ).fetchall()[0]
    if not is_ordered:
        raise RuntimeError("DuckDB did not keep the order of lines, so they have no numbers")
    return Rows(batch[0].layout, n_rows)
