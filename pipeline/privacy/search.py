"""Searching one file for a person, whatever its kind: what names them, and longer words that contain their id.

Not here: removing anything (places.py, raw_files.py), which files there are (files.py).
"""

from __future__ import annotations

import csv
import lzma
import mmap
import sqlite3
import struct
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from pipeline.home.sql_text import file_list, identifier
from pipeline.ingest.text import PARQUET_MAGIC, ByteStream, ExpandsTooFar, describe_binary, expands_too_far
from pipeline.privacy.databases import count_rows, longer_words_in
from pipeline.privacy.person import Person
from pipeline.privacy.rewrite import Table, is_theirs, numbered_lines, text_lines

_LINES = (".csv", ".tsv", ".jsonl", ".ndjson", ".log", ".txt", ".out", ".err")
_OVERLAP, _PIECE_BYTES = 1 << 12, 1 << 20
# Compressed in a way that is not read here: what is in them is unknown.
_OPAQUE = {
    b"BZh": "bzip2",
    b"\xfd7zXZ\x00": "xz",
    b"7z\xbc\xaf": "7-Zip",
    b"Rar!": "RAR",
    b"\x04\x22\x4d\x18": "LZ4",
    b"%PDF": "PDF",
    b"ORC": "ORC",
    b"Obj\x01": "Avro",
}
KINDS = {
    "parquet": "Parquet: every value of every column, and all bytes",
    "duckdb": "DuckDB: every value of every table, and all bytes, free blocks included",
    "sqlite": "SQLite: every value of every table, and all bytes",
    "zip": "ZIP: every file in it",
    "lines": "text: every line, decompressed (gzip, zstd)",
    "text": "text: every line, decompressed (gzip, zstd)",
    "binary": "other files: all bytes",
    "empty": "empty files",
}

# What the readers of databases and archives raise where these are damaged, encrypted or packed in a rare way.
_DAMAGED = (sqlite3.Error, zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, RuntimeError, struct.error)


class Unsearchable(Exception):
    """Why a file cannot be searched; the message is for a person."""


@dataclass
class Found:
    """What one file has of a person: how often, and the longer words with the places where they are."""

    n: int = 0
    longer: dict[str, list[str]] = field(default_factory=dict)  # by word: lines, rows or columns
    n_longer: Counter[str] = field(default_factory=Counter)
    others: set[str] = field(default_factory=set)  # longer words that are taken for other ids

    def add(self, marked: str, place: str, n: int = 1) -> None:
        """Note a longer word, with the mark of `Words`."""
        word = marked[1:]
        if marked[0] == "!":
            self.others.add(word)
            return
        self.longer.setdefault(word, []).append(place)
        self.n_longer[word] += n


def kind_of(path: Path) -> str:
    """The kind of a file by its first bytes, one of KINDS. Raises Unsearchable."""
    with path.open("rb") as file:
        start = file.read(8192)
    for magic, name in _OPAQUE.items():
        if start.startswith(magic):
            raise Unsearchable(f"is {name}, which is not searched")
    if start.startswith(PARQUET_MAGIC):
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


def find(con: duckdb.DuckDBPyConnection, path: Path, person: Person, max_expansion: float) -> Found:
    """Search a file. Raises Unsearchable, ExpandsTooFar, OSError and what DuckDB raises."""
    kind = kind_of(path)
    try:
        return _find(con, path, kind, person, max_expansion)
    except _DAMAGED as error:
        raise Unsearchable(f"cannot be searched: {type(error).__name__}") from error


def _find(con: duckdb.DuckDBPyConnection, path: Path, kind: str, person: Person, max_expansion: float) -> Found:
    if kind == "duckdb":
        found = Found(sum(count_rows(path, person).values()))
        for place, marked, n in longer_words_in(path, person):
            found.add(marked, place, n)
        return _with_bytes(path, person, found)
    if kind == "parquet":
        return _with_bytes(path, person, _in_parquet(con, path, person))
    if kind == "sqlite":
        return _with_bytes(path, person, _in_sqlite(path, person))
    if kind == "zip":
        return _in_zip(path, person, max_expansion)
    return _in_text(path, person, kind, max_expansion)


def header(path: Path) -> Table | None:
    """The positions of the identities, by the header of an exported table."""
    first = next(text_lines(path), b"").decode("utf-8", errors="replace")
    delimiter = max(",\t;|", key=first.count)
    try:
        names = [name.strip().lower() for name in next(csv.reader([first], delimiter=delimiter), [])]
    except csv.Error:
        return None
    at = {name: names.index(name) for name in ("user_id", "person_id", "anonymous_id") if name in names}
    if not at:
        return None
    return Table(delimiter, len(names), at.get("user_id", at.get("person_id")), at.get("anonymous_id"))


def bytes_in(path: Path, person: Person) -> bool:
    """Whether an id is among the bytes of a file, decompressed or not."""
    if not path.stat().st_size:
        return False
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return any(content.find(needle) >= 0 for needle in person.needles)


def _with_bytes(path: Path, person: Person, found: Found) -> Found:
    """Bytes of an id that no value explains are in free blocks or statistics."""
    if not (found.n or found.longer or found.others) and bytes_in(path, person):
        found.n = 1
    return found


def may_name(path: Path, person: Person, max_expansion: float) -> bool:
    """A quick look at all bytes of a text, in UTF-16 too."""
    wide = [given.encode(code) for given in person.words.distinctive for code in ("utf-16-le", "utf-16-be")]
    tail = b""
    for chunk in ByteStream(path, max_expansion):
        window = tail + chunk
        if person.words.may_be_in(window) or any(given in window for given in wide):
            return True
        tail = chunk[-_OVERLAP:]
    return False


def _in_text(path: Path, person: Person, kind: str, max_expansion: float) -> Found:
    found = Found()
    if not may_name(path, person, max_expansion):  # first, because it ends where a file expands too far
        return found
    table = header(path) if kind == "lines" else None
    wide = [given.encode(code) for given in person.words.distinctive for code in ("utf-16-le", "utf-16-be")]
    for number, line in numbered_lines(path, table):
        if any(given in line for given in wide):
            raise Unsearchable("names the person and is UTF-16, which is not rewritten: save it as UTF-8")
        if not person.words.may_be_in(line):
            continue
        if is_theirs(line, person, table):
            found.n += 1
            continue
        for marked in person.words.longer(line):
            found.add(marked, f":{number}")
    return found


def _in_parquet(con: duckdb.DuckDBPyConnection, path: Path, person: Person) -> Found:
    source = f"read_parquet({file_list([path])}, hive_partitioning = false)"
    columns = {row[0]: row[1] for row in con.execute(f"describe select * from {source}").fetchall()}
    rule = person.row_sql(columns) or "false"
    found = Found(con.execute(f"select count(*) from {source} where {rule}").fetchall()[0][0])
    has_bytes = " or ".join(person.words.has_bytes_sql(f"{identifier(name)}::varchar") for name in columns)
    words = " || ".join(f"coalesce({person.words.longer_sql(f'{identifier(name)}::varchar')}, [])" for name in columns)
    rows = con.execute(
        f"""select number, unnest(list_distinct({words}))
        from (select row_number() over () as number, * from {source}) where ({has_bytes}) and not ({rule})"""
    ).fetchall()
    for number, marked in rows:
        found.add(marked, f":{number}")
    return found


def _in_sqlite(path: Path, person: Person) -> Found:
    """Dagster's records contain counts and names, no values of the data; this checks it."""
    found = Found()
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as con:
        con.text_factory = bytes
        names = [name.decode() for (name,) in con.execute("select name from sqlite_master where type = 'table'")]
        for name in names:
            for row in con.execute(f"select * from {identifier(name)}"):
                for value in row:
                    if isinstance(value, bytes) and person.words.may_be_in(value):
                        found.n += person.words.names(value)
                        for marked in person.words.longer(value):
                            found.add(marked, f": {name}")
    return found


def _in_zip(path: Path, person: Person, max_expansion: float) -> Found:
    """What is in all its files together may not expand further than one compressed file may."""
    found, size, n_bytes = Found(), path.stat().st_size, 0
    with zipfile.ZipFile(path) as archive:
        for entry in archive.infolist():
            words = set[str]()
            for window, first, last in _windows(archive, entry):
                n_bytes += last - first
                if expands_too_far(n_bytes, size, max_expansion):
                    raise ExpandsTooFar
                for hit in person.words.hits(window):
                    if first < hit.end <= last:
                        found.n += hit.is_whole
                        words |= set() if hit.is_whole else {hit.marked}
            for marked in sorted(words):
                found.add(marked, f": {entry.filename}")
    return found


def _windows(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Iterator[tuple[bytes, int, int]]:
    """A file of an archive in overlapping pieces: each with the ends of the part that is new in it.

    A word that ends in the new part has all that belongs to it in the piece. Raises Unsearchable.
    """
    with archive.open(entry) as file:
        piece, first = b"", 0
        while chunk := file.read(_PIECE_BYTES):
            if not piece and (kind := _packed_kind(chunk)):
                raise Unsearchable(f"has {entry.filename} in it, which is {kind} and is not searched: unpack it")
            piece = piece[max(0, first - _OVERLAP) :] + chunk
            first = min(first, _OVERLAP)
            last = max(first, len(piece) - _OVERLAP)
            yield piece, first, last
            first = last
        yield piece, first, len(piece)


def _packed_kind(start: bytes) -> str:
    """What a file in an archive is, if its values are not among its bytes."""
    kind = describe_binary(start)
    return "a Parquet file" if start.startswith(PARQUET_MAGIC) else kind if kind != "a tar archive" else ""
