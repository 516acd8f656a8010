"""One file of a home, of whatever kind: remove a person from it, and search it for them.

Raw files and the lake are searched here too, but rewritten together by erasure.py.
"""

from __future__ import annotations

import csv
import mmap
import sqlite3
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import duckdb

from pipeline.home.sql_text import file_list, identifier
from pipeline.home.versions import seal_of
from pipeline.ingest.text import ByteStream
from pipeline.privacy.databases import count_rows, explains_bytes, without_rows
from pipeline.privacy.person import Person
from pipeline.privacy.rewrite import (
    Table,
    replace_now,
    text_lines,
    with_ids_replaced,
    without_lines,
    without_parquet_rows,
)
from pipeline.publish.seals import seal_version

_LINES = (".csv", ".tsv", ".jsonl", ".ndjson", ".log", ".txt", ".out", ".err")
_OVERLAP = 4096


def kind_of(path: Path) -> str:
    """The kind of a file by its first bytes: parquet, duckdb, sqlite, zip, lines, text, binary or empty."""
    with path.open("rb") as file:
        start = file.read(8192)
    if start.startswith(b"PAR1"):
        return "parquet"
    if start[8:12] == b"DUCK":
        return "duckdb"
    if start.startswith(b"SQLite format 3\0"):
        return "sqlite"
    if start.startswith(b"PK\x03\x04"):
        return "zip"
    suffixes = [suffix for suffix in path.suffixes if suffix not in (".gz", ".zst")]
    if suffixes and suffixes[-1].lower() in _LINES:
        return "lines"
    is_packed = start.startswith((b"\x1f\x8b", b"\x28\xb5\x2f\xfd"))
    return "lines" if is_packed else "binary" if b"\0" in start else "text" if start else "empty"


def clean(con: duckdb.DuckDBPyConnection, path: Path, person: Person) -> int:
    """Remove the person from one file, in one step; returns how many rows, lines or words were removed."""
    kind = kind_of(path)
    if kind == "duckdb":
        if not count_rows(path, person) and not _bytes_in(path, person):
            return 0
        new, counts = without_rows(path, person)
        if seal_of(path).exists():
            seal_version(new, path)
        replace_now(path, new)
        return sum(counts.values())
    if kind == "parquet":
        result = without_parquet_rows(con, path, person, set(), {})
    elif kind == "lines":
        result = without_lines(path, person, set(), _header(path), keep_places=False)
    elif kind == "text" and _words_in(path, person):
        result = with_ids_replaced(path, person)
    else:
        return 0
    if result.new:
        replace_now(path, result.new)
    return len(result.lines)


def _header(path: Path) -> Table | None:
    """The positions of the identities, by the header of an exported table."""
    first = next(text_lines(path), b"").decode("utf-8", errors="replace")
    delimiter = max(",\t;|", key=first.count)
    try:
        names = [name.strip().lower() for name in next(csv.reader([first], delimiter=delimiter), [])]
    except csv.Error:
        return None
    at = {name: names.index(name) for name in ("user_id", "person_id", "anonymous_id") if name in names}
    return Table(delimiter, at.get("user_id", at.get("person_id")), at.get("anonymous_id")) if at else None


def find(con: duckdb.DuckDBPyConnection, path: Path, person: Person) -> int:
    """How often the person is found in a file: rows, words, or bytes that are not part of a longer word."""
    kind = kind_of(path)
    if kind == "duckdb":
        return sum(count_rows(path, person).values()) or _unexplained(
            path, person, lambda: explains_bytes(path, person)
        )
    if kind == "parquet":
        return _in_parquet(con, path, person)
    if kind == "sqlite":
        return _in_sqlite(path, person)
    if kind == "zip":
        with zipfile.ZipFile(path) as archive:
            return sum(len(person.pattern.findall(archive.read(name))) for name in archive.namelist())
    if kind == "lines" and (table := _header(path)):
        return len(_theirs(path, person, table))
    return _words_in(path, person)


def _theirs(path: Path, person: Person, table: Table) -> list[int]:
    result = without_lines(path, person, set(), table, keep_places=False)
    if result.new:
        result.new.unlink()
    return result.lines


def _words_in(path: Path, person: Person) -> int:
    n, tail = 0, b""
    for chunk in ByteStream(path):
        window = tail + chunk
        n += sum(1 for match in person.pattern.finditer(window) if match.end() > len(tail))
        tail = window[-_OVERLAP:]
    return n


def _bytes_in(path: Path, person: Person) -> bool:
    if not path.stat().st_size:
        return False
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return any(content.find(needle) >= 0 for needle in person.needles)


def _unexplained(path: Path, person: Person, is_explained: Callable[[], bool]) -> int:
    return 1 if _bytes_in(path, person) and not is_explained() else 0


def _in_parquet(con: duckdb.DuckDBPyConnection, path: Path, person: Person) -> int:
    source = f"read_parquet({file_list([path])}, hive_partitioning = false)"
    columns = {row[0]: row[1] for row in con.execute(f"describe select * from {source}").fetchall()}
    n = con.execute(f"select count(*) from {source} where {person.row_sql(columns) or 'false'}").fetchall()[0][0]
    texts = " or ".join(person.has_bytes_sql(f"{identifier(name)}::varchar") for name in columns)
    query = f"select count(*) > 0 from {source} where {texts}"
    return n or _unexplained(path, person, lambda: con.execute(query).fetchall()[0][0])


def _in_sqlite(path: Path, person: Person) -> int:
    """Dagster's records contain counts and names, no values of the data; this checks it."""
    n, has_bytes = 0, False
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as con:
        con.text_factory = bytes
        names = [name.decode() for (name,) in con.execute("select name from sqlite_master where type = 'table'")]
        for name in names:
            for row in con.execute(f"select * from {identifier(name)}"):
                for value in row:
                    if isinstance(value, bytes):
                        n += len(person.pattern.findall(value))
                        has_bytes = has_bytes or any(needle in value for needle in person.needles)
    return n or _unexplained(path, person, lambda: has_bytes)
