"""Delimited text (CSV, TSV) into the temporary view `numbered`; rows that do not fit are mended or refused as bad_row.

Belongs here: what DuckDB's CSV reader refuses, and line numbers. What the columns mean is in table.py.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from duckdb import DuckDBPyConnection

from pipeline.ingest.canonical import quote
from pipeline.ingest.sanitize import BadLine
from pipeline.ingest.table import Layout, identifier


@dataclass(frozen=True)
class _Piece:
    """A line that DuckDB did not read: its cells where it can be kept all the same, else None."""

    line: int
    reason: str
    text: str
    cells: list[str] | None = None


def read_delimited(
    con: DuckDBPyConnection,
    path: Path,
    layout: Layout,
    *,
    has_header: bool,
    n_needed: int,
    bad_lines: list[BadLine],
    compression: str,
    max_line_bytes: int,
    scratch: Path,
) -> list[BadLine]:
    """Read the rows, and return those refused. A row may be short of columns beyond the first `n_needed`."""
    names = [f"c_{name}" for name in layout.columns]
    header = int(has_header)
    for leftover in ("bad_rows", "bad_scans"):
        con.execute(f"drop table if exists {leftover}")
    con.execute(
        f"""create or replace temp table ranked as
        select row_number() over () as rank, * from read_csv({quote(str(path))},
            columns = {{{", ".join(f"{quote(name)}: 'VARCHAR'" for name in names)}}}, delim = {quote(layout.delimiter)},
            quote = '"', escape = '"', header = false, skip = {header}, auto_detect = false,
            max_line_size = {max(max_line_bytes + 2, 1 << 16)}, compression = {quote(compression)},
            store_rejects = true, rejects_table = 'bad_rows', rejects_scan = 'bad_scans')"""
    )
    refused = con.execute("select line, min(csv_line) from bad_rows group by line order by line").fetchall()
    pieces = [_Piece(bad.line_number, bad.reason, bad.raw_line) for bad in bad_lines]
    pieces += [piece for line, text in refused for piece in _split(line, text or "", layout, n_needed)]
    numbered, shifts = _number(sorted(pieces, key=lambda piece: piece.line), header)
    _add_kept(con, [piece for piece in numbered if piece.cells is not None], names, scratch)
    _make_view(con, shifts, header)
    return [BadLine(piece.line, piece.reason, piece.text) for piece in numbered if piece.cells is None]


def _split(line: int, text: str, layout: Layout, n_needed: int) -> list[_Piece]:
    """An open quote makes DuckDB take several lines for one row: each of them is looked at on its own."""
    pieces = []
    for part in text.strip("\r\n").split("\n"):
        part = part.rstrip("\r")
        cells = _cells(part, layout.delimiter)
        fits = cells is not None and n_needed <= len(cells) <= len(layout.columns)
        pieces.append(_Piece(line, "bad_row", part, cells if fits else None))
    return pieces


def _cells(text: str, delimiter: str) -> list[str] | None:
    try:
        return next(csv.reader([text], delimiter=delimiter, strict=True), None)
    except csv.Error:
        return None


def _number(pieces: list[_Piece], header: int) -> tuple[list[_Piece], dict[int, int]]:
    """Final line numbers of the pieces, and by how much rows after a given rank move on because of them."""
    numbered: list[_Piece] = []
    shifts: dict[int, int] = {}
    n_lines_before, line = 0, -1
    for n_before, piece in enumerate(pieces):
        if piece.line != line:
            line, after_rank = piece.line, piece.line - header - n_lines_before - 1
            n_lines_before += 1
        number = after_rank + header + n_before + 1
        numbered.append(_Piece(number, piece.reason, piece.text, piece.cells))
        shifts[after_rank] = n_before + 1
    return numbered, shifts


def _add_kept(con: DuckDBPyConnection, kept: list[_Piece], names: list[str], scratch: Path) -> None:
    """The rows that were kept all the same, as a table beside `ranked`."""
    columns = ", ".join(f"{identifier(name)} varchar" for name in names)
    con.execute(f"create or replace temp table kept (line_number bigint, {columns})")
    if not kept:
        return
    target = scratch / "kept.csv"
    with target.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        for piece in kept:
            cells = piece.cells or []
            writer.writerow([piece.line, *cells, *[""] * (len(names) - len(cells))])
    kinds = ", ".join(f"{quote(name)}: 'VARCHAR'" for name in names)
    con.execute(
        f"""insert into kept from read_csv({quote(str(target))}, columns = {{'line_number': 'BIGINT', {kinds}}},
        header = false, auto_detect = false, delim = ',', quote = '"', escape = '"')"""
    )
    target.unlink()


def _make_view(con: DuckDBPyConnection, shifts: dict[int, int], header: int) -> None:
    """Line numbers count from the top of the file, header included."""
    if not shifts:
        con.execute(
            f"""create or replace temp view numbered as
            select rank + {header} as line_number, * exclude (rank) from ranked"""
        )
        return
    values = ", ".join(f"({after_rank}, {by})" for after_rank, by in shifts.items())
    con.execute(
        f"""create or replace temp table shifts as
        select * from (values (-1, 0), {values}) as listed (after_rank, moved)"""
    )
    con.execute(
        f"""create or replace temp view numbered as
        select rank + {header} + moved as line_number, ranked.* exclude (rank)
        from ranked asof join shifts on ranked.rank > shifts.after_rank
        union all from kept"""
    )
