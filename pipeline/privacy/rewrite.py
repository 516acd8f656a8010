"""New content for one file, written beside it and ready to be renamed over it: text, Parquet or a DuckDB database.

Belongs here: making the copy without a person's rows. When it takes the place of the old one is up to the caller. A line that is
taken out of a raw file leaves an empty one, so that the numbers of all other lines stay.
"""

from __future__ import annotations

import csv
import gzip
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import duckdb
import zstandard

from pipeline.home.checksums import RECORD, accept, digest
from pipeline.home.sql_text import file_list, identifier, quote
from pipeline.ingest.lake.ledger import sync
from pipeline.ingest.text.inspect import ByteStream
from pipeline.privacy.person import Person

PREFIX = ".erasing-"
_MAX_RECORD_BYTES = 1 << 22  # an open quote must not swallow a file


@dataclass(frozen=True)
class Table:
    """Where the identities of a delimited file stand."""

    delimiter: str
    user: int | None
    anonymous: int | None


@dataclass
class Rewritten:
    """A finished copy, or none where nothing had to go; the numbers of the lines taken out."""

    made: Path | None = None
    lines: list[int] = field(default_factory=list)


def beside(path: Path) -> Path:
    """Where the new content of a file is written: hidden, so that no pattern of a source takes it for a delivery."""
    return path.with_name(f"{PREFIX}{path.name}")


def text_lines(path: Path) -> Iterator[bytes]:
    """The lines of a text file, packed or not, each with its end."""
    kept = b""
    for chunk in ByteStream(path):
        kept += chunk
        if b"\n" in chunk:
            *lines, kept = kept.split(b"\n")
            yield from (line + b"\n" for line in lines)
    if kept:
        yield kept


def _records(lines: Iterator[bytes]) -> Iterator[bytes]:
    """Rows of a delimited file: lines put together as long as a quote is open."""
    held = b""
    for line in lines:
        held += line
        if held.count(b'"') % 2 == 0 or len(held) > _MAX_RECORD_BYTES:
            yield held
            held = b""
    if held:
        yield from held.splitlines(keepends=True)


@contextmanager
def _packed(path: Path, compression: str) -> Iterator[IO[bytes]]:
    with path.open("wb") as raw:
        if compression == "gzip":  # no name and no time: the same content gives the same bytes
            with gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0, compresslevel=6) as out:
                yield out  # type: ignore[misc]
        elif compression == "zstd":
            with zstandard.ZstdCompressor().stream_writer(raw, closefd=False) as out:
                yield out  # type: ignore[misc]
        else:
            yield raw


def without_lines(
    path: Path, person: Person, known: set[int], table: Table | None = None, keep_places: bool = True
) -> Rewritten:
    """A copy of a text file without the lines that are `known` by number, or that belong to or name the person."""
    stream = ByteStream(path)
    next(iter(stream), b"")
    target, result = beside(path), Rewritten()
    lines = _records(text_lines(path)) if table else text_lines(path)
    with _packed(target, stream.compression) as out:
        for number, line in enumerate(lines, start=1):
            if number in known or person.pattern.search(line) or (table and _is_theirs(line, table, person)):
                result.lines.append(number)
                out.write(_line_end(line) if keep_places else b"")
            else:
                out.write(line)
    return _finished(path, target, result)


def _line_end(line: bytes) -> bytes:
    return line[len(line.rstrip(b"\r\n")) :][-2:]


def _is_theirs(record: bytes, table: Table, person: Person) -> bool:
    try:
        cells = next(csv.reader([record.decode("utf-8", errors="replace")], delimiter=table.delimiter), [])
    except csv.Error:
        return False
    user, anonymous = (cells[at] if at is not None and at < len(cells) else "" for at in (table.user, table.anonymous))
    return person.owns(user, anonymous)


def with_words_blotted(path: Path, person: Person) -> Rewritten:
    """A copy of a text that is no list of lines (JSON, HTML, SQL): only the ids go."""
    text = b"".join(ByteStream(path))
    blotted, n = person.pattern.subn(b"(erased)", text)
    target = beside(path)
    with _packed(target, "none") as out:
        out.write(blotted)
    return _finished(path, target, Rewritten(lines=[0] * n))


def without_parquet_rows(
    con: duckdb.DuckDBPyConnection, path: Path, person: Person, known: set[int], columns: dict[str, str]
) -> Rewritten:
    """A copy of a Parquet file without the person's rows; `columns` name ours and theirs, so that the rule knows them."""
    source = f"read_parquet({file_list([path])}, hive_partitioning = false)"
    kinds = {row[0]: row[1] for row in con.execute(f"describe select * from {source}").fetchall()}
    ours = {theirs: name for name, theirs in columns.items() if theirs in kinds}
    seen = ", ".join(f"{identifier(name)} as {identifier(ours.get(name, name))}" for name in kinds)
    rule = person.row_sql({ours.get(name, name): kind for name, kind in kinds.items()}) or "false"
    rows = con.execute(
        f"""select number from (select row_number() over () as number, {seen} from {source}) where {rule} order by 1"""
    ).fetchall()
    result = Rewritten(lines=sorted(known | {number for (number,) in rows}))
    target = beside(path)
    if not result.lines:
        return result
    con.execute("create or replace temp table gone as select unnest(?::bigint[]) as number", [result.lines])
    con.execute(
        f"""copy (
            select * exclude (erased_row_number) from (select *, row_number() over () as erased_row_number from {source})
            where erased_row_number not in (from gone) order by erased_row_number
        ) to {quote(str(target))} (format parquet)"""
    )
    return _finished(path, target, result)


def _finished(path: Path, target: Path, result: Rewritten) -> Rewritten:
    if not result.lines:
        target.unlink()
        return result
    os.chmod(target, path.stat().st_mode & 0o7777)
    sync(target)
    result.made = target
    return result


def replace_now(path: Path, made: Path) -> None:
    """Put finished content in its place, and its sum in the record of its folder, where there is one."""
    if (path.parent / RECORD).exists():
        accept(path.parent, {path.name: digest(made)})
    os.replace(made, path)
    sync(path.parent)
