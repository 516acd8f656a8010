"""The person's lines in the raw files, prepared together with the same lines of the lake, so that they agree.

Not here: which raw files there are (files.py), putting the new content in place (erasure.py).
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from pipeline.home.checksums import digest
from pipeline.home.open_files import is_being_written
from pipeline.ingest import LedgerRow, format_of
from pipeline.ingest.text import (
    PARQUET_MAGIC,
    ByteStream,
    ExpandsTooFar,
    FileProblem,
    Layout,
    describe_binary,
    read_layout,
)
from pipeline.privacy.files import FoundFile
from pipeline.privacy.lake import RawContent
from pipeline.privacy.person import Person
from pipeline.privacy.replacement import Replacement, state_of
from pipeline.privacy.rewrite import (
    Rewritten,
    Table,
    is_theirs,
    numbered_lines,
    parquet_rows,
    without_lines,
    without_parquet_rows,
)
from pipeline.settings import Settings, Source

_OVERLAP = 1 << 12  # bytes: an id may lie across two chunks


class CannotErase(Exception):
    """Why a file is not rewritten; the message is for a person."""


@dataclass
class RawChange:
    """A raw file with its new content beside it, and what that means for the rows of the ledger."""

    file: FoundFile
    replacement: Replacement
    lines: list[int]
    content: RawContent
    moves_up: bool  # Parquet has no empty lines: later rows get lower numbers
    has_numbers: bool  # whether `lines` are the lake's line numbers
    known_as: list[LedgerRow] = field(default_factory=list)  # rows with the content that was rewritten


@dataclass(frozen=True)
class Look:
    """A first look at the bytes of a file."""

    sha256: str
    n_lines: int
    may_name: bool
    is_damaged: bool


def look_at(file: FoundFile, person: Person, max_expansion: float) -> Look:
    """Whether the bytes of a file can name the person at all, compressed or not. Raises CannotErase."""
    stream, may_name, tail, n_lines = ByteStream(file.path, max_expansion), False, b"", 0
    try:
        for chunk in stream:
            n_lines += chunk.count(b"\n")
            may_name = may_name or person.words.may_be_in(tail + chunk)
            tail = chunk[-_OVERLAP:]
    except ExpandsTooFar as error:
        raise CannotErase(f"cannot be searched: {error.why}") from error
    return Look(stream.sha256, n_lines, may_name, stream.is_truncated)


def change_of(
    con: duckdb.DuckDBPyConnection,
    settings: Settings,
    file: FoundFile,
    person: Person,
    rows: list[LedgerRow],
    lake_lines: dict[str, set[int]],
) -> RawChange | None:
    """New content of one file, written beside it; None if the person is not in it. Raises CannotErase, OSError."""
    state = state_of(file.path)
    look = look_at(file, person, settings.cleaning.max_expansion)
    known_as = [row for row in rows if row.file in file.names and row.sha256 == look.sha256]
    known = set().union(*(lake_lines.get(row.file_id, set()) for row in known_as))
    start = _start(file)
    if not (look.may_name or known or start == PARQUET_MAGIC):
        return None
    layout = layout_of(con, file)
    if layout.kind != "parquet" and describe_binary(first_bytes(file.path)):
        return None  # it is not rewritten as text: the final search reports what it contains
    if not file.is_ours:
        if known or theirs_in(con, file, layout, person):
            raise CannotErase("lies outside this home and belongs to no source: remove the person there")
        return None
    if is_being_written(file.path):
        if theirs_in(con, file, layout, person):
            raise CannotErase(
                "is still written by `growthhouse collect`: end it, or wait until it finishes this file, and run the "
                "erasure again"
            )
        return None
    if look.is_damaged:
        if known or theirs_in(con, file, layout, person):
            raise CannotErase("is a damaged archive, and rewriting would lose what is behind the damage")
        return None
    copy, has_numbers = _rewritten(con, file, layout, person, known)
    if copy.new is None:
        return None
    if state_of(file.path) != state:
        copy.new.unlink()
        raise CannotErase("was written to while it was searched: run the erasure again")
    stat = copy.new.stat()
    content = RawContent(digest(copy.new).sha256, stat.st_size, stat.st_mtime_ns)
    replacement = Replacement(copy.new, file.path, state, look.sha256)
    return RawChange(file, replacement, copy.lines, content, layout.kind == "parquet", has_numbers, known_as)


def theirs_in(con: duckdb.DuckDBPyConnection, file: FoundFile, layout: Layout, person: Person) -> int:
    """How many lines of a raw file name the person or are theirs."""
    columns = _columns(file.source, layout)
    if layout.kind == "parquet":
        return len(parquet_rows(con, file.path, person, columns))
    table = _table(columns, layout)
    return sum(is_theirs(line, person, table) for _, line in numbered_lines(file.path, table))


def first_bytes(path: Path) -> bytes:
    """The beginning of a file, decompressed."""
    return next(iter(ByteStream(path)), b"")


def _start(file: FoundFile) -> bytes:
    with file.path.open("rb") as opened:
        return opened.read(4)


def layout_of(con: duckdb.DuckDBPyConnection, file: FoundFile) -> Layout:
    """How a raw file is read: as its source says, else by its first bytes.

    A source may match files that it cannot read, and another source reads them: they are what their bytes are.
    """
    try:
        read = read_layout(con, file.path, file.source, format_of(file.source).layouts) if file.source else None
    except FileProblem:
        read = None
    if _start(file) == PARQUET_MAGIC and (read is None or read.kind != "parquet"):
        return Layout("parquet")
    return read or Layout("json_lines")


def _table(columns: dict[str, str], layout: Layout) -> Table | None:
    if layout.kind != "delimited":
        return None
    at = {ours: layout.columns.index(theirs) for ours, theirs in columns.items()}
    return Table(layout.delimiter, len(layout.columns), at.get("user_id"), at.get("anonymous_id"))


def _rewritten(
    con: duckdb.DuckDBPyConnection, file: FoundFile, layout: Layout, person: Person, known: set[int]
) -> tuple[Rewritten, bool]:
    columns = _columns(file.source, layout)
    if layout.kind == "parquet":
        return without_parquet_rows(con, file.path, person, known, columns), True
    if table := _table(columns, layout):
        # Rows that span lines and rejected rows have other numbers in the lake: here the cells decide.
        return without_lines(file.path, person, set(), table), False
    return without_lines(file.path, person, known), file.source is not None


def _columns(source: Source | None, layout: Layout) -> dict[str, str]:
    """user_id and anonymous_id to their columns in the file, as far as the source names them and the file has them."""
    if source is None or not layout.columns:
        return {}
    try:
        taken = format_of(source).columns(source, layout)
    except FileProblem:
        return {}
    return {ours: theirs for ours, theirs in taken.items() if ours in ("user_id", "anonymous_id")}


def names_elsewhere(files: list[FoundFile], file: FoundFile) -> int:
    """How many other names (hard links) the file has that an erasure does not see: they keep the old content."""
    stat = file.path.stat()
    if stat.st_nlink == 1:
        return 0
    return stat.st_nlink - sum(os.path.samestat(other.path.stat(), stat) for other in files if other.path.exists())
