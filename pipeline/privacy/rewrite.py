"""New content for one file without a person's rows: written beside it, ready to be renamed over it.

Belongs here: text and Parquet (DuckDB files are in databases.py). When the new content replaces the old is up to the
caller. A line removed from a raw file leaves an empty one, so that the numbers of all other lines stay.
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

from pipeline.home.atomic import fsync
from pipeline.home.checksums import RECORD, accept, digest
from pipeline.home.sql_text import file_list, identifier, quote
from pipeline.ingest.text import ByteStream
from pipeline.privacy.person import Person

PREFIX = ".erasing-"
_MAX_RECORD_BYTES = 1 << 22  # an open quote must not swallow a file


@dataclass(frozen=True)
class Table:
    """The positions of the identities in a delimited file."""

    delimiter: str
    user: int | None
    anonymous: int | None


@dataclass
class Rewritten:
    """A complete copy, or none if there was nothing to remove; the numbers of the removed lines."""

    new: Path | None = None
    lines: list[int] = field(default_factory=list)


def beside(path: Path) -> Path:
    """Where the new content of a file is written: hidden, so that no source reads it as a delivery."""
    return path.with_name(f"{PREFIX}{path.name}")


def text_lines(path: Path) -> Iterator[bytes]:
    """The lines of a text file, compressed or not, each with its end."""
    kept, end = b"", _end_of_lines(path)
    for chunk in ByteStream(path):
        kept += chunk
        if end in chunk:
            *lines, kept = kept.split(end)
            yield from (line + end for line in lines)
    if kept:
        yield kept


def _end_of_lines(path: Path) -> bytes:
    r"""\n, also in \r\n; but \r where a file has no \n at all, as ingest reads it."""
    has_returns = False
    for chunk in ByteStream(path):
        if b"\n" in chunk:
            return b"\n"
        has_returns = has_returns or b"\r" in chunk
    return b"\r" if has_returns else b"\n"


def _records(lines: Iterator[bytes]) -> Iterator[bytes]:
    """Rows of a delimited file: lines are joined while a quote is open."""
    held = b""
    for line in lines:
        held += line
        if held.count(b'"') % 2 == 0 or len(held) > _MAX_RECORD_BYTES:
            yield held
            held = b""
    if held:
        yield from held.splitlines(keepends=True)


@contextmanager
def _writer(path: Path, compression: str) -> Iterator[IO[bytes]]:
    with path.open("wb") as raw:
        if compression == "gzip":  # without name and time, so that the same content gives the same bytes
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
    with _writer(target, stream.compression) as out:
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


def with_ids_replaced(path: Path, person: Person) -> Rewritten:
    """A copy of a text that is not a list of lines (JSON, HTML, SQL): only the ids are removed."""
    text = b"".join(ByteStream(path))
    replaced, n = person.pattern.subn(b"(erased)", text)
    target = beside(path)
    with _writer(target, "none") as out:
        out.write(replaced)
    return _finished(path, target, Rewritten(lines=[0] * n))


def without_parquet_rows(
    con: duckdb.DuckDBPyConnection, path: Path, person: Person, known: set[int], columns: dict[str, str]
) -> Rewritten:
    """A copy of a Parquet file without the person's rows; `columns` are names of identities to those in the file."""
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
            select * exclude (erased_row_number)
            from (select *, row_number() over () as erased_row_number from {source})
            where erased_row_number not in (from gone) order by erased_row_number
        ) to {quote(str(target))} (format parquet)"""
    )
    return _finished(path, target, result)


def _finished(path: Path, target: Path, result: Rewritten) -> Rewritten:
    if not result.lines:
        target.unlink()
        return result
    os.chmod(target, path.stat().st_mode & 0o7777)
    fsync(target)
    result.new = target
    return result


def replace_now(path: Path, new: Path) -> None:
    """Put new content in place, and its checksum into the record of the folder, if there is one."""
    if (path.parent / RECORD).exists():
        accept(path.parent, {path.name: digest(new)})
    os.replace(new, path)
    fsync(path.parent)
