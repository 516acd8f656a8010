"""The beginning of a raw file: a copy that can be read as the file would be, and its first rows as values.

Here, so that a sample and the recognition of formats look at the same rows. Not here: what they mean (`formats`).
"""

from __future__ import annotations

import csv
import io
import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import duckdb

from pipeline.home.sql_text import file_list, quote
from pipeline.ingest.text.layout import Layout, read_layout
from pipeline.ingest.text.records import PARQUET_MAGIC
from pipeline.ingest.text.unpack import ByteStream
from pipeline.settings import Source

_SAMPLE_BYTES, _SAMPLE_ROWS = 1 << 20, 10_000
_FIRST_ROWS = 1_000
_ANY_SOURCE, _ANY_KIND = Source(name="any", format="table", path="*"), ("json_lines", "delimited", "parquet")

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Beginning:
    """The beginning of a file of whatever format."""

    layout: Layout
    lines: tuple[str, ...]  # of text, without those that are blank
    rows: tuple[Row, ...]  # values by column; of JSON lines its objects

    @property
    def has_header(self) -> bool:
        """Whether the columns have names; without, they are positions."""
        return self.layout.kind != "delimited" or self.layout.columns[:1] != ("0",)

    @property
    def is_json(self) -> bool:
        """Whether its lines are JSON objects."""
        return self.layout.kind == "json_lines" and len(self.rows) > 0

    def share_with(self, *keys: str) -> float:
        """The share of the rows that have a value under each of these keys; `a.b` reaches into an object."""
        if not self.rows:
            return 0.0
        return sum(all(value_of(row, key) not in (None, "") for key in keys) for row in self.rows) / len(self.rows)


def value_of(row: Row, key: str) -> Any:
    """A value by its key; `a.b` reaches into an object."""
    if key in row:
        return row[key]
    outer, _, inner = key.partition(".")
    nested = row.get(outer)
    return value_of(nested, inner) if inner and isinstance(nested, Mapping) else None


def copy_beginning(con: duckdb.DuckDBPyConnection, path: Path, target: Path) -> None:
    """The first rows of Parquet, or the first whole lines of text, decompressed."""
    with path.open("rb") as file:
        is_parquet = file.read(4) == PARQUET_MAGIC
    if is_parquet:
        rows = f"select * from read_parquet({file_list([path])}, hive_partitioning = false) limit {_SAMPLE_ROWS}"
        try:
            con.execute(f"copy ({rows}) to {quote(target)} (format parquet)")
        except duckdb.Error:
            shutil.copyfile(path, target)  # what is wrong with it is said by who reads its layout
        return
    start = b""
    for chunk in ByteStream(path):
        start += chunk
        if len(start) > _SAMPLE_BYTES:
            cut = start.rfind(b"\n", 0, _SAMPLE_BYTES)
            start = start[: cut + 1] if cut > 0 else start
            break
    target.write_bytes(start)


def read_beginning(con: duckdb.DuckDBPyConnection, copy: Path) -> Beginning:
    """The first rows of a copy of a beginning. Raises FileProblem where it is no text and no Parquet."""
    layout = read_layout(con, copy, _ANY_SOURCE, _ANY_KIND)
    if layout.kind == "delimited" and layout.looks_like_data:
        layout = read_layout(con, copy, _ANY_SOURCE.model_copy(update={"header": False}), _ANY_KIND)
    if layout.kind == "parquet":
        return Beginning(layout, (), tuple(_parquet_rows(con, copy)))
    text = copy.read_bytes().decode("utf-8", errors="replace").removeprefix("\ufeff")
    lines = tuple(islice((line for line in text.splitlines() if line.strip()), _FIRST_ROWS))
    rows = _json_rows(lines) if layout.kind == "json_lines" else _delimited_rows(text, layout)
    return Beginning(layout, lines, tuple(rows))


def _parquet_rows(con: duckdb.DuckDBPyConnection, path: Path) -> Iterator[Row]:
    found = con.execute(f"select * from read_parquet({file_list([path])}) limit {_FIRST_ROWS}")
    names = [str(column[0]) for column in found.description or ()]
    for row in found.fetchall():
        yield dict(zip(names, row, strict=True))


def _json_rows(lines: tuple[str, ...]) -> Iterator[Row]:
    for line in lines:
        try:
            found = json.loads(line)
        except ValueError:
            continue
        if isinstance(found, dict):
            yield found


def _delimited_rows(text: str, layout: Layout) -> Iterator[Row]:
    """Rows below the header, if there is one; a row of another length is left out."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=layout.delimiter)
    try:
        for row in islice(reader, layout.n_skip, layout.n_skip + _FIRST_ROWS):
            if len(row) == len(layout.columns):
                yield dict(zip(layout.columns, (cell.strip() for cell in row), strict=True))
    except csv.Error:
        return
