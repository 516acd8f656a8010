"""New content for one file without a person's rows: written beside it, ready to be renamed over it.

Belongs here: text and Parquet (DuckDB files are in databases.py). When the new content replaces the old is up to the
caller. A line removed from a raw file leaves an empty one, so that the numbers of all other lines stay.
"""

from __future__ import annotations

import csv
import gzip
import io
import zipfile
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import IO

import duckdb
import zstandard

from pipeline.home.atomic import fsync
from pipeline.home.sql_text import file_list, identifier, quote
from pipeline.ingest.text import ByteStream
from pipeline.privacy.person import Person
from pipeline.privacy.replacement import State, state_of, take_over_owner

PREFIX = ".erasing-"
_MAX_RECORD_BYTES, _MAX_RECORD_LINES = 1 << 22, 1000


@dataclass(frozen=True)
class Table:
    """The positions of the identities in a delimited file."""

    delimiter: str
    n_columns: int
    user: int | None
    anonymous: int | None


@dataclass
class Rewritten:
    """A complete copy, or none if there was nothing to remove; the numbers of the removed lines."""

    new: Path | None = None
    lines: list[int] = field(default_factory=list)
    state: State | None = None  # of the file when it was read


def beside(path: Path) -> Path:
    """Where the new content of a file is written: hidden, so that no source reads it as a delivery."""
    return path.with_name(f"{PREFIX}{path.name}")


def text_lines(path: Path) -> Iterator[bytes]:
    """The lines of a text file, compressed or not, each with its end."""
    kept, end = bytearray(), _end_of_lines(path)
    for chunk in ByteStream(path):
        kept += chunk
        if end in chunk:
            *lines, rest = bytes(kept).split(end)
            kept = bytearray(rest)
            yield from (line + end for line in lines)
    if kept:
        yield bytes(kept)


def _end_of_lines(path: Path) -> bytes:
    r"""\n, also in \r\n; but \r where a file has no \n at all, as ingest reads it."""
    has_returns = False
    for chunk in ByteStream(path):
        if b"\n" in chunk:
            return b"\n"
        has_returns = has_returns or b"\r" in chunk
    return b"\r" if has_returns else b"\n"


def _records(lines: Iterator[bytes], table: Table) -> Iterator[bytes]:
    """Rows of a delimited file. Lines are joined where quotes make them one row; a stray quote must not join others."""
    waiting: deque[bytes] = deque()
    while True:
        if not waiting and (line := next(lines, b"")):
            waiting.append(line)
        if not waiting:
            return
        n_lines = _length_of_record(waiting, lines, table)
        yield b"".join(waiting.popleft() for _ in range(n_lines))


def _length_of_record(waiting: deque[bytes], lines: Iterator[bytes], table: Table) -> int:
    """How many of the lines are one row; reads further lines into `waiting` while a quote is open."""
    n_quotes = n_bytes = 0
    for n in range(1, _MAX_RECORD_LINES + 1):
        if len(waiting) < n:
            if not (line := next(lines, b"")):
                break
            waiting.append(line)
        n_quotes, n_bytes = n_quotes + waiting[n - 1].count(b'"'), n_bytes + len(waiting[n - 1])
        if n_quotes % 2 == 0:
            return n if n == 1 or len(_cells(b"".join(islice(waiting, n)), table)) == table.n_columns else 1
        if n_bytes > _MAX_RECORD_BYTES:
            break
    return 1


def _cells(record: bytes, table: Table, strict: bool = True) -> list[str]:
    text = record.decode("utf-8", errors="replace")
    try:
        return next(csv.reader(io.StringIO(text, newline=""), delimiter=table.delimiter, strict=strict), [])
    except csv.Error:
        return []


@contextmanager
def _writer(path: Path, compression: str) -> Iterator[IO[bytes]]:
    with path.open("wb") as raw:
        if compression == "gzip":  # without name and time, so that the same content gives the same bytes
            with gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0, compresslevel=6) as out:
                yield out  # type: ignore[misc]
        elif compression == "zstd":
            with zstandard.ZstdCompressor().stream_writer(raw, closefd=False) as out:
                yield out  # type: ignore[misc]
        elif compression == "zip":
            entry = zipfile.ZipInfo("events.json")  # of 1980, for the same reason
            entry.compress_type = zipfile.ZIP_DEFLATED
            with zipfile.ZipFile(raw, "w") as archive, archive.open(entry, "w", force_zip64=True) as out:
                yield out
        else:
            yield raw


def without_lines(
    path: Path, person: Person, known: set[int], table: Table | None = None, keep_places: bool = True
) -> Rewritten:
    """A copy of a text file without the lines that are `known` by number, or that belong to or name the person."""
    state = state_of(path)
    stream = ByteStream(path)
    next(iter(stream), b"")
    target, result = beside(path), Rewritten(state=state)
    with _writer(target, stream.compression) as out:
        for number, line in numbered_lines(path, table):
            if number in known or is_theirs(line, person, table):
                result.lines.append(number)
                out.write(_line_end(line) if keep_places else b"")
            else:
                out.write(line)
    return _finished(path, target, result)


def numbered_lines(path: Path, table: Table | None = None) -> Iterator[tuple[int, bytes]]:
    """The lines of a text with their numbers; of a delimited file, its rows."""
    return enumerate(_records(text_lines(path), table) if table else text_lines(path), start=1)


def is_theirs(line: bytes, person: Person, table: Table | None = None) -> bool:
    """Whether a line names the person or, in a delimited file, has them in a column of identities."""
    if not person.words.may_be_in(line):
        return False
    return person.words.names(line) or (table is not None and _is_owned(line, table, person))


def _line_end(line: bytes) -> bytes:
    return line[len(line.rstrip(b"\r\n")) :][-2:]


def _is_owned(record: bytes, table: Table, person: Person) -> bool:
    cells = _cells(record, table, strict=False)
    if record.count(b'"') % 2:  # a stray quote: the row is not sound, but whose it is can still be seen
        cells = [cell.strip('"\r\n') for cell in record.decode("utf-8", errors="replace").split(table.delimiter)]
    user, anonymous = (cells[at] if at is not None and at < len(cells) else "" for at in (table.user, table.anonymous))
    return person.owns(user, anonymous)


def with_ids_replaced(path: Path, person: Person) -> Rewritten:
    """A copy of a text that is not a list of lines (JSON, HTML, SQL): only the ids are removed."""
    state = state_of(path)
    replaced, n = person.words.replaced(b"".join(ByteStream(path)), b"(erased)")
    target = beside(path)
    with _writer(target, "none") as out:
        out.write(replaced)
    return _finished(path, target, Rewritten(lines=[0] * n, state=state))


def parquet_rows(con: duckdb.DuckDBPyConnection, path: Path, person: Person, columns: dict[str, str]) -> list[int]:
    """The numbers of the person's rows; `columns` are names of identities to those in the file."""
    source = _parquet(path)
    kinds = {row[0]: row[1] for row in con.execute(f"describe select * from {source}").fetchall()}
    ours = {theirs: name for name, theirs in columns.items() if theirs in kinds}
    seen = ", ".join(f"{identifier(name)} as {identifier(ours.get(name, name))}" for name in kinds)
    rule = person.row_sql({ours.get(name, name): kind for name, kind in kinds.items()}) or "false"
    rows = con.execute(
        f"""select number from (select row_number() over () as number, {seen} from {source}) where {rule} order by 1"""
    ).fetchall()
    return [number for (number,) in rows]


def _parquet(path: Path) -> str:
    return f"read_parquet({file_list([path])}, hive_partitioning = false)"


def without_parquet_rows(
    con: duckdb.DuckDBPyConnection, path: Path, person: Person, known: set[int], columns: dict[str, str]
) -> Rewritten:
    """A copy of a Parquet file without the person's rows and those `known` by number."""
    state, source = state_of(path), _parquet(path)
    result = Rewritten(lines=sorted(known | set(parquet_rows(con, path, person, columns))), state=state)
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
    take_over_owner(path, target)
    fsync(target)
    result.new = target
    return result
