"""Delimited text (CSV, TSV) into the table `rows`.

A plain file, whose rows are lines with all their cells and quotes in place, is read by DuckDB as it is, and must give
as many rows as its bytes have. Every other file is first copied (table_copy.py). Not here: what the columns mean.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
from numpy.typing import NDArray

from pipeline.home.error_advice import is_full
from pipeline.home.sql_text import file_list, quote
from pipeline.ingest.text.inspect import Inspection
from pipeline.ingest.text.layout import Layout
from pipeline.ingest.text.repair import RejectedLines
from pipeline.ingest.text.table_copy import RowRule, TableCopy, copy_table


class UnreadableFile(Exception):
    """Why one file cannot be read; the message continues "the file"."""


@dataclass(frozen=True)
class DelimitedFile:
    """A file to read, and what its bytes are."""

    path: Path
    file_number: int
    inspection: Inspection
    layout: Layout
    in_folders: str = ""  # the values of the layout's `folders`, as SQL after a comma


def read_delimited(
    con: duckdb.DuckDBPyConnection,
    file: DelimitedFile,
    rule: RowRule,
    max_line_bytes: int,
    rejected: RejectedLines,
    scratch: Path,
) -> int:
    """Append the rows of a file, and how line numbers shift. Returns how many rows the file has."""
    n_rows, layout = file.inspection.n_rows, file.layout
    if n_rows is not None and not file.inspection.is_damaged and not file.inspection.has_blank_line:
        n_rows -= layout.n_skip  # no more than the header, where no line is blank
        if _read_plain(con, file, n_rows, max_line_bytes):
            return n_rows
    target = scratch / f"copy-{file.file_number}.csv"
    with target.open("wb") as out:
        copy = TableCopy(out, rule, layout.n_skip, max_line_bytes, rejected, file.file_number)
        copy_table(file.path, file.inspection.has_only_returns, copy)
    # One thread: several guess where rows begin that span lines.
    options = f"max_line_size = {4 * max_line_bytes + (1 << 16)}, parallel = false"
    n_read = _insert(con, target, file, options)
    if n_read != copy.n_copied:
        raise UnreadableFile(f"has {copy.n_copied:,} good rows, but {n_read:,} were read")
    target.unlink()
    _insert_shifts(con, file.file_number, np.frombuffer(copy.removed, np.int64), scratch)
    return copy.n_rows


def _read_plain(con: duckdb.DuckDBPyConnection, file: DelimitedFile, n_rows: int, max_line_bytes: int) -> bool:
    """Whether DuckDB could read a file as it is, and found all its rows; if not, none of them was appended."""
    options = f"""skip = {file.layout.n_skip}, max_line_size = {max(max_line_bytes + 2, 1 << 16)},
        compression = {quote(file.inspection.compression)}"""
    con.begin()
    try:
        is_complete = _insert(con, file.path, file, options) == n_rows
    except duckdb.Error as error:
        con.rollback()
        if is_full(str(error)):
            raise
        return False
    if is_complete:
        con.commit()
    else:
        con.rollback()
    return is_complete


def _insert(con: duckdb.DuckDBPyConnection, path: Path, file: DelimitedFile, options: str) -> int:
    kinds = ", ".join(f"{quote('c_' + name)}: 'VARCHAR'" for name in file.layout.in_file)
    found = con.execute(
        f"""insert into rows select {file.file_number}, *{file.in_folders}
        from read_csv({file_list([path])}, columns = {{{kinds}}}, delim = {quote(file.layout.delimiter)},
            quote = '"', escape = '"', header = false, auto_detect = false, hive_partitioning = false, {options})"""
    ).fetchall()
    return int(found[0][0])


def _insert_shifts(con: duckdb.DuckDBPyConnection, file_number: int, removed: NDArray[np.int64], scratch: Path) -> None:
    """By how much the numbers of rows are moved from a row on: by the rows and blank lines removed before it."""
    if not len(removed):
        return
    last = np.flatnonzero(np.diff(removed, append=-1))
    moves = scratch / "shifts.csv"
    np.savetxt(moves, np.column_stack((removed[last], last + 1)), fmt="%d", delimiter=",")
    con.execute(
        f"""insert into shifts select {file_number}, * from read_csv({file_list([moves])},
            columns = {{'after_rank': 'BIGINT', 'moved': 'BIGINT'}}, header = false, auto_detect = false)"""
    )
