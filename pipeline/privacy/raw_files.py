"""The person's lines in the raw files, prepared together with the same lines of the lake, so that they agree.

Belongs here: which raw files there are, and the new content of one. Not here: putting it in place (erasure.py).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from pipeline.home.checksums import digest
from pipeline.ingest import LedgerRow, format_of, shown_path
from pipeline.ingest.text import ByteStream, FileProblem, Layout, read_layout
from pipeline.privacy.lake import RawContent
from pipeline.privacy.person import Person
from pipeline.privacy.rewrite import Rewritten, Table, without_lines, without_parquet_rows
from pipeline.settings import Settings, Source


@dataclass
class RawChange:
    """A raw file with its new content beside it, and what that means for the rows of the ledger."""

    path: Path
    new: Path
    lines: list[int]
    content: RawContent
    moves_up: bool  # Parquet has no empty lines: later rows get lower numbers
    has_numbers: bool  # whether `lines` are the lake's line numbers
    known_as: list[LedgerRow] = field(default_factory=list)  # rows with the content that was rewritten


def raw_files(settings: Settings) -> dict[Path, Source | None]:
    """The files of every source, and all others below data/raw."""
    found: dict[Path, Source | None] = {
        path: None
        for path in sorted((settings.data_dir / "raw").rglob("*"))
        if path.is_file() and not path.is_symlink()
    }
    for source in settings.sources:
        found.update(dict.fromkeys(settings.source_files(source), source))
    return found


def change_of(
    con: duckdb.DuckDBPyConnection,
    settings: Settings,
    path: Path,
    source: Source | None,
    person: Person,
    rows: list[LedgerRow],
    lake_lines: dict[str, set[int]],
) -> RawChange | None:
    """New content of one file, written beside it; None if the person is not in it."""
    stream, hints, is_suspect, tail = ByteStream(path), _hints(person), False, b""
    for chunk in stream:
        is_suspect = is_suspect or any(hint in tail + chunk for hint in hints)
        tail = chunk[-1024:]
    known_as = [row for row in rows if row.file == shown_path(settings.home, path) and row.sha256 == stream.sha256]
    known = set().union(*(lake_lines.get(row.file_id, set()) for row in known_as))
    with path.open("rb") as file:
        start = file.read(4)
    if not (is_suspect or known or start == b"PAR1"):
        return None
    if start == b"PK\x03\x04":  # an archive is not rewritten as text: the final search reports what it contains
        return None
    before = path.stat()
    layout = _layout(con, path, source)
    copy, has_numbers = _rewritten(con, path, source, layout, person, known)
    if copy.new is None:
        return None
    if (path.stat().st_size, path.stat().st_mtime_ns) != (before.st_size, before.st_mtime_ns):
        copy.new.unlink()  # somebody is writing it: the final search will report what it still contains
        return None
    stat = copy.new.stat()
    content = RawContent(digest(copy.new).sha256, stat.st_size, stat.st_mtime_ns)
    return RawChange(path, copy.new, copy.lines, content, layout.kind == "parquet", has_numbers, known_as)


def _hints(person: Person) -> list[bytes]:
    """Bytes that a text needs to name the person."""
    return [*person.needles, *(given.encode() for given in person.ids)]


def _layout(con: duckdb.DuckDBPyConnection, path: Path, source: Source | None) -> Layout:
    with path.open("rb") as file:
        if source is None and file.read(4) == b"PAR1":
            return Layout("parquet")
    try:
        return read_layout(con, path, source, format_of(source).layouts) if source else Layout("json_lines")
    except FileProblem:
        return Layout("json_lines")


def _rewritten(
    con: duckdb.DuckDBPyConnection, path: Path, source: Source | None, layout: Layout, person: Person, known: set[int]
) -> tuple[Rewritten, bool]:
    columns = _columns(source, layout)
    if layout.kind == "parquet":
        return without_parquet_rows(con, path, person, known, columns), True
    if layout.kind == "delimited":
        at = {ours: layout.columns.index(theirs) for ours, theirs in columns.items()}
        # Rows that span lines and rejected rows have other numbers in the lake: here the cells decide.
        table = Table(layout.delimiter, at.get("user_id"), at.get("anonymous_id"))
        return without_lines(path, person, set(), table), False
    return without_lines(path, person, known), source is not None


def _columns(source: Source | None, layout: Layout) -> dict[str, str]:
    """user_id and anonymous_id to their columns in the file, as far as the source names them and the file has them."""
    if source is None or not layout.columns:
        return {}
    try:
        taken = format_of(source).columns(source, layout)
    except FileProblem:
        return {}
    return {ours: theirs for ours, theirs in taken.items() if ours in ("user_id", "anonymous_id")}
