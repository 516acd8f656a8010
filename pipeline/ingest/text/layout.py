"""The layout of a file: JSON lines, delimited text or Parquet, and its columns.

Belongs here: looking at the first bytes of a file. Reading its rows is in rows.py, what its columns mean in `formats`.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from urllib.parse import unquote

import duckdb

from pipeline.home.error_advice import is_full
from pipeline.home.sql_text import file_list
from pipeline.ingest.text.foreign import describe_archive
from pipeline.ingest.text.records import PARQUET_MAGIC, find_delimiter
from pipeline.ingest.text.unpack import ByteStream
from pipeline.settings import Source

_FIRST_BYTES = 1 << 16
_KINDS = {"json_lines": "JSON lines", "delimited": "delimited text", "parquet": "Parquet"}
_FOLDER = re.compile(r"([^=]+)=(.*)")
_DATA = re.compile(r"@|^[\d.,:/ -]+$")


class FileProblem(Exception):
    """Why one file is not what its source says; the message continues "the file"."""


@dataclass(frozen=True)
class Layout:
    """The kind of a file, and its columns in order (none for JSON lines). Files of one layout are read together."""

    kind: str  # json_lines | delimited | parquet | none (an empty file)
    delimiter: str = ","
    columns: tuple[str, ...] = ()
    types: tuple[str, ...] = ()  # of Parquet
    n_skip: int = 0  # lines before the first row: the header, and blank lines above it
    folders: tuple[str, ...] = ()  # the last of the columns: they are in the names of folders, `name=value`

    @property
    def in_file(self) -> tuple[str, ...]:
        """The columns of the file itself."""
        return self.columns[: len(self.columns) - len(self.folders)]

    def with_folders(self, names: Iterable[str]) -> Layout:
        """The same with the columns that are in the names of folders; one that the file has too is the file's."""
        taken = {name.lower() for name in self.columns}
        more = tuple({name.lower(): name for name in names if name.lower() not in taken}.values())
        types = (*self.types, *("VARCHAR",) * len(more)) if self.types else ()
        return replace(self, columns=(*self.columns, *more), types=types, folders=more)

    def type_of(self, column: str) -> str:
        """The type of a column; text has no other."""
        return dict(zip(self.columns, self.types, strict=False)).get(column, "VARCHAR")

    @property
    def looks_like_data(self) -> bool:
        """Whether the names of the columns are values, because the file has no header."""
        return any(_DATA.search(name) for name in self.columns)


def read_layout(con: duckdb.DuckDBPyConnection, path: Path, source: Source, kinds: tuple[str, ...]) -> Layout:
    """Look at the beginning of a file; FileProblem where its format reads no such `kinds` of layout."""
    start = b""
    for chunk in ByteStream(path):
        start += chunk
        if len(start) >= _FIRST_BYTES and start.strip():  # an erasure may leave many empty lines at the start
            break
    text = start.decode("utf-8", errors="replace").removeprefix("\ufeff")
    kind = "parquet" if start[:4] == PARQUET_MAGIC else "json_lines" if text.lstrip()[:1] == "{" else "delimited"
    if not text.strip():
        return Layout("json_lines" if "json_lines" in kinds else "none")
    if kinds == ("json_lines",) and kind != "parquet":
        return Layout("json_lines")  # whatever is not JSON is rejected line by line
    if archive := describe_archive(start):
        raise FileProblem(archive)
    if kind not in kinds:
        wanted = " or ".join(_KINDS[kind] for kind in kinds)
        raise FileProblem(f"is {_KINDS[kind]}, but a {source.format} source is {wanted} (use `format: table` for it)")
    if kind == "parquet":
        return _parquet_layout(con, path)
    return _delimited_layout(text, source) if kind == "delimited" else Layout("json_lines")


def folder_values(path: PurePath) -> dict[str, str | None]:
    """The values in the names of folders (`dt=2026-11-10/`, as Hive and Spark write them) by their names."""
    found: dict[str, str | None] = {}
    for part in path.parent.parts:
        if named := _FOLDER.fullmatch(part):
            name, value = (unquote(text).replace("\0", "\ufffd") for text in named.groups())  # SQL ends at a NUL
            found[name] = None if value == "__HIVE_DEFAULT_PARTITION__" else value
    return found


def _parquet_layout(con: duckdb.DuckDBPyConnection, path: Path) -> Layout:
    try:
        rows = con.execute(
            f"describe select * from read_parquet({file_list([path])}, hive_partitioning = false)"
        ).fetchall()
    except duckdb.Error as error:
        if is_full(str(error)):
            raise
        raise FileProblem(f"is not a complete Parquet file ({str(error).splitlines()[0]})") from error
    return Layout("parquet", columns=tuple(str(row[0]) for row in rows), types=tuple(str(row[1]) for row in rows))


def _delimited_layout(text: str, source: Source) -> Layout:
    n_blank = len(text) - len(text.lstrip("\r\n"))
    n_blank_lines = text[:n_blank].count("\n")
    text = text[n_blank:]
    first_line = text.split("\n", 1)[0]
    delimiter = source.delimiter or find_delimiter(first_line)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        first = next(reader, [])
        for _ in range(source.header_rows - 1):
            next(reader, None)
    except csv.Error as error:
        raise FileProblem(f"is not delimited text ({error})") from error
    if not source.header:
        return Layout("delimited", delimiter, tuple(str(i) for i in range(len(first))), n_skip=n_blank_lines)
    names = _distinct([name.strip() for name in first])
    return Layout("delimited", delimiter, tuple(names), n_skip=n_blank_lines + reader.line_num)


def _distinct(names: list[str]) -> list[str]:
    """The names of a header, unique for SQL: an empty one becomes column_N, a repeated one gets its position."""
    made: dict[str, str] = {}
    for position, name in enumerate(names):
        name = name.replace("\0", "") or f"column_{position}"
        while name.lower() in made:
            name = f"{name}_{position}"
        made[name.lower()] = name
    return list(made.values())
