"""The rows of a batch of files as the temporary table `rows`, in file order, with their line numbers.

Belongs here: handing files to DuckDB, the damaged ones repaired first. A row's number within its file follows from its
rowid, because DuckDB keeps the order of what it inserts. What rows mean is in `formats`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from pipeline.home.error_advice import is_full
from pipeline.home.sql_text import file_list, identifier, quote
from pipeline.ingest.text.delimited import DelimitedFile, UnreadableFile, read_delimited
from pipeline.ingest.text.inspect import LINE_MARK, Inspection
from pipeline.ingest.text.layout import Layout
from pipeline.ingest.text.repair import RejectedLines, repair
from pipeline.ingest.text.table_copy import RowRule

_QUOTED = re.compile(r"""(["']).*?\1""")
# What records.py counts as a line: not white space alone.
_IS_LINE = "(rows.line >= '!' or trim(rows.line, ' ' || chr(9) || chr(10) || chr(13)) <> '')"


@dataclass(frozen=True)
class InputFile:
    """A file to load, and what is known of its bytes."""

    path: Path
    file_id: str
    layout: Layout
    inspection: Inspection
    folder_values: tuple[str | None, ...] = ()  # of the layout's `folders`


@dataclass
class Rows:
    """The rows that were loaded, to be read in slices; by file_number, how many lines a second reader counted."""

    layout: Layout
    n_rows: int = 0
    has_shifts: bool = False
    n_lines: dict[int, int] = field(default_factory=dict)
    refused: dict[int, str] = field(default_factory=dict)  # why a file could not be read

    @contextmanager
    def refusing(self, number: int) -> Iterator[None]:
        """An error of one file refuses it, and the others go on; not if the disk or the memory is full."""
        try:
            yield
        except (UnreadableFile, OSError, UnicodeError, duckdb.Error) as error:
            if is_full(str(error)):
                raise
            self.refused[number] = _in_short(error)

    def relation(self, start: int, end: int) -> str:
        """Rows from one rowid up to another as a relation with file_number and line_number."""
        number = "rows.rowid - files.first_row + files.n_skip + 1"
        if self.layout.kind == "json_lines":
            columns, lines = "rows.line, rows.is_object", _IS_LINE
        else:
            columns, lines = ", ".join(f"rows.{identifier('c_' + name)}" for name in self.layout.columns), "true"
            number += " + coalesce(shifts.moved, 0)" if self.has_shifts else ""
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


def _in_short(error: Exception) -> str:
    """The first line of an error, without what it quotes: messages are kept where no erasure reaches."""
    text = _QUOTED.sub("…", str(error).strip().split("\n")[0])
    return "".join(c if c.isprintable() else "\ufffd" for c in text)


def load_rows(
    con: duckdb.DuckDBPyConnection,
    batch: list[InputFile],
    required: Collection[str],
    time_column: str | None,
    max_line_bytes: int,
    rejected: RejectedLines,
    scratch: Path,
) -> Rows:
    """Fill `rows` and `files` from a batch of files with one layout; lines that no parser may see go to `rejected`.

    A row of delimited text must reach up to the last of the `required` columns, one of which holds the time.
    """
    layout = batch[0].layout
    con.execute(
        "create or replace temp table files (file_number bigint, file_id varchar, first_row bigint, n_skip bigint)"
    )
    con.execute("create or replace temp table shifts (file_number bigint, after_rank bigint, moved bigint)")
    if layout.kind == "json_lines":
        return _load_lines(con, batch, max_line_bytes, rejected, scratch)
    rule = RowRule(
        layout.delimiter,
        len(layout.in_file),
        n_needed=1 + max((layout.in_file.index(name) for name in required if name in layout.in_file), default=-1),
        time_column=layout.in_file.index(time_column) if time_column in layout.in_file else None,
    )
    kinds = layout.types or ("VARCHAR",) * len(layout.columns)
    columns = ", ".join(f"{identifier('c_' + name)} {kind}" for name, kind in zip(layout.columns, kinds, strict=True))
    con.execute(f"create or replace temp table rows (file_number bigint, {columns})")
    loaded = Rows(layout)
    for number, file in enumerate(batch):
        first = con.execute("select coalesce(max(rowid) + 1, 0) from rows").fetchall()[0][0]
        con.execute("insert into files values (?, ?, ?, ?)", [number, file.file_id, first, layout.n_skip])
        with loaded.refusing(number):
            in_folders = "".join(f", {'null' if value is None else quote(value)}" for value in file.folder_values)
            if layout.kind == "parquet":
                loaded.n_lines[number] = _read_parquet(con, file.path, number, in_folders)
            else:
                part = DelimitedFile(file.path, number, file.inspection, layout, in_folders)
                loaded.n_lines[number] = read_delimited(con, part, rule, max_line_bytes, rejected, scratch)
    loaded.n_rows = con.execute("select coalesce(max(rowid) + 1, 0) from rows").fetchall()[0][0]
    loaded.has_shifts = con.execute("select count(*) > 0 from shifts").fetchall()[0][0]
    return loaded


def _read_parquet(con: duckdb.DuckDBPyConnection, path: Path, number: int, in_folders: str) -> int:
    """Append the rows of a Parquet file; how many it has by its footer."""
    con.execute(
        f"""insert into rows select {number}, *{in_folders}
        from read_parquet({file_list([path])}, hive_partitioning = false)"""
    )
    footer = con.execute(f"select sum(num_rows) from parquet_file_metadata({file_list([path])})").fetchall()
    return int(footer[0][0] or 0)


def _sound_lines(
    file: InputFile, number: int, max_line_bytes: int, rejected: RejectedLines, scratch: Path
) -> tuple[Path, int]:
    """The file itself where it is sound, else a repaired copy; and how many lines with something on them it has."""
    found = file.inspection
    if found.n_lines is not None and not found.is_damaged and not found.has_line_mark:
        return file.path, found.n_lines
    target = scratch / f"repaired-{number}.txt"
    n_lines = repair(
        file.path,
        target,
        max_line_bytes=max_line_bytes,
        faults=(b"\0", LINE_MARK),
        has_only_returns=found.has_only_returns,
        rejected=rejected,
        file_number=number,
    )
    return target, n_lines


def _load_lines(
    con: duckdb.DuckDBPyConnection, batch: list[InputFile], max_line_bytes: int, rejected: RejectedLines, scratch: Path
) -> Rows:
    """Every line of every file; blank ones are counted, so that numbers are right."""
    con.execute("create or replace temp table rows (file_number bigint, line varchar, is_object boolean)")
    loaded = Rows(batch[0].layout)

    def sound(entry: tuple[int, InputFile]) -> Path | None:
        number, file = entry
        with loaded.refusing(number):
            path, loaded.n_lines[number] = _sound_lines(file, number, max_line_bytes, rejected, scratch)
            return path
        return None

    groups: dict[str, list[tuple[int, Path]]] = {}
    with ThreadPoolExecutor(max_workers=min(4, os.cpu_count() or 1)) as pool:
        paths = list(pool.map(sound, enumerate(batch)))
    for number, (file, path) in enumerate(zip(batch, paths, strict=True)):
        if path is not None:
            compression = file.inspection.compression if path == file.path else "none"
            groups.setdefault(compression, []).append((number, path))
    for compression, group in groups.items():
        _insert_lines(con, group, compression, max_line_bytes, loaded)
    ids = ", ".join(f"({number}, {quote(file.file_id)})" for number, file in enumerate(batch))
    con.execute(
        f"""insert into files
        select ids.file_number, ids.file_id, coalesce(min(rows.rowid), 0), 0
        from (values {ids}) as ids (file_number, file_id) left join rows on ids.file_number = rows.file_number
        group by all"""
    )
    loaded.n_rows, is_ordered = con.execute(
        """select coalesce(max(last_row) + 1, 0), coalesce(bool_and(last_row - first_row + 1 = n), true)
        from (select count(*) as n, min(rowid) as first_row, max(rowid) as last_row from rows group by file_number)"""
    ).fetchall()[0]
    if not is_ordered:
        raise RuntimeError("DuckDB did not keep the order of lines, so they have no numbers")
    return loaded


def _insert_lines(
    con: duckdb.DuckDBPyConnection,
    group: list[tuple[int, Path]],
    compression: str,
    max_line_bytes: int,
    loaded: Rows,
) -> None:
    """The lines of some files in one statement; if one of them cannot be read, of each by itself."""
    numbers = ", ".join(str(number) for number, _ in group)
    statement = f"""insert into rows
        select
            ([{numbers}])[file_index::bigint + 1], line,
            coalesce(json_valid(line) and starts_with(ltrim(line, ' ' || chr(9) || chr(13)), '{{'), false)
        from read_csv({file_list([path for _, path in group])}, columns = {{'line': 'VARCHAR'}},
            delim = {quote(LINE_MARK.decode())}, quote = '', escape = '', header = false, auto_detect = false,
            strict_mode = false, hive_partitioning = false, max_line_size = {max(max_line_bytes + 2, 1 << 16)},
            compression = {quote(compression)})"""
    if len(group) == 1:
        with loaded.refusing(group[0][0]):
            con.execute(statement)
        return
    try:
        con.execute(statement)
    except duckdb.Error as error:
        if is_full(str(error)):
            raise
        for one in group:
            _insert_lines(con, [one], compression, max_line_bytes, loaded)
