"""Delimited text (CSV, TSV) into the table `rows`; rows that do not fit are completed or rejected as bad_row.

Belongs here: what DuckDB's CSV reader rejects, and line numbers (a row that spans several lines counts as one).
Not here: what the columns mean.
"""

from __future__ import annotations

import csv
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from heapq import merge
from pathlib import Path

from duckdb import DuckDBPyConnection

from pipeline.home.sql_text import file_list, quote
from pipeline.ingest.text.layout import Layout
from pipeline.ingest.text.repair import RejectedLines

_FETCHED_ROWS = 10_000


@dataclass(frozen=True)
class DelimitedFile:
    """A file to read, and the numbers of its empty lines: blank ones, and those that were rejected before."""

    path: Path
    file_number: int
    compression: str
    empty_lines: array[int]


@dataclass(frozen=True)
class _Piece:
    """A line that DuckDB did not read as a row: an empty one without text, a row to keep with cells, else a bad one."""

    line: int
    text: str | None = None
    cells: tuple[str, ...] | None = None


def read_delimited(
    con: DuckDBPyConnection,
    file: DelimitedFile,
    layout: Layout,
    n_needed: int,
    max_line_bytes: int,
    rejected: RejectedLines,
    scratch: Path,
) -> None:
    """Append the rows of a file, and how line numbers shift. A row may lack columns after the first `n_needed`."""
    for leftover in ("bad_rows", "bad_scans"):
        con.execute(f"drop table if exists {leftover}")
    kinds = ", ".join(f"{quote('c_' + name)}: 'VARCHAR'" for name in layout.columns)
    options = f"delim = {quote(layout.delimiter)}, quote = '\"', escape = '\"', header = false, auto_detect = false"
    con.execute(
        f"""insert into rows select {file.file_number}, null, * from read_csv({file_list([file.path])},
            columns = {{{kinds}}}, {options}, skip = {layout.n_skip}, hive_partitioning = false,
            max_line_size = {max(max_line_bytes + 2, 1 << 16)}, compression = {quote(file.compression)},
            store_rejects = true, rejects_table = 'bad_rows', rejects_scan = 'bad_scans')"""
    )
    kept, shifts = scratch / "kept.csv", scratch / "shifts.csv"
    with kept.open("w", encoding="utf-8", newline="") as rows, shifts.open("w", encoding="utf-8") as moves:
        writer = csv.writer(rows, lineterminator="\n", quoting=csv.QUOTE_ALL)
        pieces = merge(
            (_Piece(line) for line in file.empty_lines if line > layout.n_skip),
            _bad_pieces(con, layout, n_needed),
            key=lambda piece: piece.line,
        )
        for n_moved, (after_rank, piece) in enumerate(_ranked(pieces, layout.n_skip), start=1):
            moves.write(f"{after_rank},{n_moved}\n")
            number = after_rank + layout.n_skip + n_moved
            if piece.cells is not None:
                writer.writerow([number, *piece.cells, *[""] * (len(layout.columns) - len(piece.cells))])
            elif piece.text is not None:
                rejected.add(file.file_number, number, "bad_row", piece.text)
    con.execute(
        f"""insert into rows select {file.file_number}, * from read_csv({quote(str(kept))},
            columns = {{'kept_line': 'BIGINT', {kinds}}}, delim = ',', quote = '"', escape = '"', header = false,
            auto_detect = false, max_line_size = {4 * max_line_bytes + (1 << 16)})"""
    )
    con.execute(
        f"""insert into shifts select {file.file_number}, after_rank, max(moved) from read_csv({quote(str(shifts))},
            columns = {{'after_rank': 'BIGINT', 'moved': 'BIGINT'}}, header = false, auto_detect = false)
        group by after_rank"""
    )


def _bad_pieces(con: DuckDBPyConnection, layout: Layout, n_needed: int) -> Iterator[_Piece]:
    """An open quote makes DuckDB read several lines as one row: each of them is checked on its own."""
    found = con.execute("select line, min(csv_line) from bad_rows group by line order by line")
    while rows := found.fetchmany(_FETCHED_ROWS):
        for line, text in rows:
            for part in (text or "").strip("\r\n").split("\n"):
                part = part.rstrip("\r")
                cells = _cells(part, layout.delimiter)
                fits = cells is not None and n_needed <= len(cells) <= len(layout.columns)
                yield _Piece(line, part, tuple(cells) if fits and cells is not None else None)


def _cells(text: str, delimiter: str) -> list[str] | None:
    try:
        return next(csv.reader([text], delimiter=delimiter, strict=True), None)
    except csv.Error:
        return None


def _ranked(pieces: Iterator[_Piece], n_skip: int) -> Iterator[tuple[int, _Piece]]:
    """Each piece with the number of rows before it."""
    n_lines_before, line, after_rank = 0, -1, 0
    for piece in pieces:
        if piece.line != line:
            line, after_rank = piece.line, piece.line - n_skip - n_lines_before - 1
            n_lines_before += 1
        yield after_rank, piece
