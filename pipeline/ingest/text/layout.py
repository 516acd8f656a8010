"""What a file of a source is: JSON lines, delimited text or Parquet, and which of its columns the config names.

Belongs here: looking at the first bytes of a file and at the config. Reading its rows is in rows.py.
"""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from pathlib import Path

from duckdb import DuckDBPyConnection, InvalidInputException, IOException

from pipeline.home.sql_text import file_list
from pipeline.ingest.result import FileProblem
from pipeline.ingest.text.inspect import ByteStream
from pipeline.settings import Source

_DELIMITERS = (",", "\t", ";", "|")
_FIRST_BYTES = 1 << 16
_SHOWN_COLUMNS, _SHOWN_CHARS = 30, 500
_DATA = re.compile(r"@|^[\d.,:/ -]+$")
_FOREIGN = {b"PK\x03\x04": "a ZIP archive or an Excel workbook", b"%PDF": "a PDF", b"SQLite": "an SQLite database"}


@dataclass(frozen=True)
class Layout:
    """What kind of file it is, and its columns in order (none for JSON lines). Files of one layout are read together."""

    kind: str  # json_lines | delimited | parquet
    delimiter: str = ","
    columns: tuple[str, ...] = ()
    types: tuple[str, ...] = ()  # of Parquet
    n_skip: int = 0  # lines before the first row: the header, and what is blank above it


def read_layout(con: DuckDBPyConnection, path: Path, source: Source) -> Layout:
    """Look at the beginning of a file; FileProblem where it is not what the source says."""
    start = b""
    for chunk in ByteStream(path):
        start += chunk
        if len(start) >= _FIRST_BYTES:
            break
    is_parquet = start[:4] == b"PAR1"
    if source.format == "tracker":
        if is_parquet:
            raise FileProblem("is Parquet, but a tracker source is JSON lines (use `format: table` for it)")
        return Layout("json_lines")
    for magic, name in _FOREIGN.items():
        if start.startswith(magic):
            raise FileProblem(f"is {name}, not a table of text or Parquet: unpack or export it")
    if is_parquet:
        return _parquet_layout(con, path)
    text = start.decode("utf-8", errors="replace").removeprefix("\ufeff")
    if text.lstrip()[:1] == "{":
        return Layout("json_lines")
    return _delimited_layout(text, source)


def _parquet_layout(con: DuckDBPyConnection, path: Path) -> Layout:
    try:
        rows = con.execute(f"describe select * from read_parquet({file_list([path])})").fetchall()
    except (InvalidInputException, IOException) as error:
        raise FileProblem(f"is no whole Parquet file ({str(error).splitlines()[0]})") from error
    return Layout("parquet", columns=tuple(str(row[0]) for row in rows), types=tuple(str(row[1]) for row in rows))


def _delimited_layout(text: str, source: Source) -> Layout:
    n_blank = len(text) - len(text.lstrip("\r\n"))
    n_blank_lines = text[:n_blank].count("\n")
    text = text[n_blank:]
    first_line = text.split("\n", 1)[0]
    delimiter = source.delimiter or max(
        _DELIMITERS, key=lambda mark: (first_line.count(mark), -_DELIMITERS.index(mark))
    )
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        first = next(reader, [])
    except csv.Error as error:
        raise FileProblem(f"is no delimited text ({error})") from error
    if not source.header:
        return Layout("delimited", delimiter, tuple(str(i) for i in range(len(first))), n_skip=n_blank_lines)
    names = _distinct([name.strip() for name in first])
    return Layout("delimited", delimiter, tuple(names), n_skip=n_blank_lines + reader.line_num)


def _distinct(names: list[str]) -> list[str]:
    """Names of a header made unique as SQL sees them: an empty one becomes column_N, a repeated one gets its position."""
    made: dict[str, str] = {}
    for position, name in enumerate(names):
        name = name.replace("\0", "") or f"column_{position}"
        while name.lower() in made:
            name = f"{name}_{position}"
        made[name.lower()] = name
    return list(made.values())


def resolve_columns(source: Source, columns: tuple[str, ...]) -> dict[str, str]:
    """Canonical name to the name of a column that is in the file; FileProblem where one is not."""
    found = {}
    for canonical, theirs in source.columns.items():
        if isinstance(theirs, int):
            if not 0 <= theirs < len(columns):
                raise FileProblem(
                    f"has {len(columns)} columns (0 to {len(columns) - 1}) in its first row, "
                    f"but `columns` takes {canonical} from position {theirs}"
                )
            found[canonical] = columns[theirs]
        elif theirs in columns:
            found[canonical] = theirs
        else:
            raise FileProblem(f"lacks a column '{theirs}' ({canonical} in `columns`); {_shown(columns)}")
    return found


def _shown(columns: tuple[str, ...]) -> str:
    """The columns there are, but no data: messages are kept where no erasure reaches."""
    if any(_DATA.search(name) for name in columns):
        return "its first row looks like data: with `header: false`, `columns` are positions 0, 1, …"
    shown = ", ".join(columns[:_SHOWN_COLUMNS]) + (", …" if len(columns) > _SHOWN_COLUMNS else "")
    return f"it has: {shown[:_SHOWN_CHARS]}"


def n_needed_columns(source: Source, layout: Layout) -> int:
    """How many columns a row must have at least: up to the last that the config names."""
    return 1 + max(layout.columns.index(theirs) for theirs in resolve_columns(source, layout.columns).values())
