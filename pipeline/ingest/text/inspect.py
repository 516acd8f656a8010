"""One pass over the bytes of a raw file before DuckDB sees it: its hash, and whether it is sound.

Belongs here: facts about bytes. Not here: decompression (unpack.py), repairing a damaged file (repair.py), parsing.
"""

from __future__ import annotations

import codecs
import math
from dataclasses import dataclass
from pathlib import Path

from pipeline.ingest.text.foreign import describe_foreign
from pipeline.ingest.text.records import (
    BLANK,
    BOM,
    PARQUET_MAGIC,
    LineCounter,
    Positions,
    RowCounter,
    find_delimiter,
    has_blank_line,
    positions,
)
from pipeline.ingest.text.unpack import ByteStream

# The line reader takes it for the end of a column; JSON never contains it unescaped.
LINE_MARK = b"\x01"


@dataclass
class Inspection:
    """What the bytes of a file are, compressed or not; of a damaged one, as far as it was read."""

    sha256: str = ""
    compression: str = "none"
    n_bytes: int = 0  # decompressed, about
    is_truncated: bool = False
    is_padded: bool = False  # zeros after the last gzip member, as tar leaves them: sound, but not for DuckDB
    foreign: str = ""  # what it is, and how to convert it, where it is not text as it is read here
    has_bad_utf8: bool = False
    has_nul: bool = False
    has_line_mark: bool = False
    has_long_line: bool = False
    has_odd_newlines: bool = False
    has_only_returns: bool = False  # \r ends the lines, as on old Macs and in some spreadsheets
    has_blank_line: bool = False
    n_lines: int | None = None  # with something on them; of sound text
    n_rows: int | None = None  # of delimited text, with the header, where each is a line with its quotes in place

    @property
    def is_damaged(self) -> bool:
        """Whether the file must be repaired before it is parsed, whatever its format."""
        is_bad_file = self.is_truncated or self.is_padded or self.has_odd_newlines
        return is_bad_file or self.has_bad_utf8 or self.has_nul or self.has_long_line


def _line_is_long(window: bytes, carried: int, limit: int) -> tuple[bool, int]:
    """Whether a line that ends in this window is over the limit, and the length of the one that continues."""
    first = window.find(b"\n")
    if first < 0:
        return carried + len(window) > limit, carried + len(window)
    is_long = carried + first > limit
    if len(window) > limit and not is_long:
        is_long = max(map(len, window.split(b"\n"))) > limit
    rest = len(window) - window.rfind(b"\n") - 1
    return is_long or rest > limit, rest


@dataclass
class _Counter:
    """Counts the lines of JSON, or the rows of delimited text: the first bytes say which it is."""

    max_line_bytes: int
    is_table: bool
    delimiter: str | None
    lines: LineCounter | None = None
    rows: RowCounter | None = None

    def add(self, chunk: bytes, ends: Positions) -> None:
        if self.lines is None and self.rows is None:
            self._begin(chunk)
            if self.lines is not None and chunk.startswith(BOM):  # alone it is not a line
                chunk = b" " * len(BOM) + chunk.removeprefix(BOM)
        for counter in (self.lines, self.rows):
            if counter is not None:
                counter.add(chunk, ends)

    def _begin(self, chunk: bytes) -> None:
        text = chunk.removeprefix(BOM).lstrip()
        if not self.is_table or text.startswith(b"{") or not text:
            self.lines = LineCounter()
        elif not text.startswith(PARQUET_MAGIC):
            first_line = text.split(b"\n", 1)[0].decode("utf-8", errors="replace")
            delimiter = self.delimiter or find_delimiter(first_line)
            if not chunk.startswith(2 * BOM):
                self.rows = RowCounter(delimiter.encode(), self.max_line_bytes)


def inspect_file(
    path: Path,
    max_line_bytes: int,
    is_table: bool = True,
    max_expansion: float = math.inf,
    delimiter: str | None = None,
) -> Inspection:
    """Read a file once. A damaged one is not an error, as long as it can be read. Raises ExpandsTooFar.

    `is_table`: whether it may be delimited text, with this delimiter if it is given. Blank lines matter only there.
    """
    stream, found = ByteStream(path, max_expansion), Inspection()
    chunks, counter = iter(stream), _Counter(max_line_bytes, is_table, delimiter)
    decoder = codecs.getincrementaldecoder("utf-8")("strict")
    carried, n_newlines, n_returns, n_pairs, last, start = 0, 0, 0, 0, b"", b""
    for chunk in chunks:
        start = start or chunk
        found.n_bytes += len(chunk)
        ends = positions(chunk, b"\n")
        counter.add(chunk, ends)
        n_newlines += len(ends)
        if b"\r" in chunk or last == b"\r":
            n_returns += chunk.count(b"\r")
            n_pairs += chunk.count(b"\r\n") + (last == b"\r" and chunk[:1] == b"\n")
        found.has_nul = found.has_nul or b"\0" in chunk
        found.has_line_mark = found.has_line_mark or LINE_MARK in chunk
        found.has_blank_line = found.has_blank_line or (is_table and _is_blank_near(chunk, last, ends))
        is_long, carried = _line_is_long(chunk, carried, max_line_bytes)
        found.has_long_line = found.has_long_line or is_long
        if not found.has_bad_utf8 and not (chunk.isascii() and not decoder.getstate()[0]):
            found.has_bad_utf8 = not _decodes(decoder, chunk)
        last = chunk[-1:]
        if n_newlines and found.is_damaged and stream.compression != "none":
            found.n_bytes += sum(
                map(len, chunks)
            )  # not inspected, but it must not expand too far before it is repaired
        elif n_newlines and found.is_damaged:  # the repair sees the rest
            n_read = stream.n_read
            stream.hash_rest()
            found.n_bytes = found.n_bytes * stream.n_read // n_read
            break
    if not found.has_bad_utf8 and decoder.getstate()[0]:
        found.has_bad_utf8 = True
    # DuckDB wants one kind of line end per file: all \n, or all \r\n.
    found.has_odd_newlines = n_returns > 0 and not n_returns == n_pairs == n_newlines
    found.has_only_returns = n_returns > 0 and n_newlines == 0
    if found.has_bad_utf8 or found.has_nul or start.lstrip(BOM + BLANK).startswith(b"["):
        found.foreign = describe_foreign(start)
    # DuckDB reads no ZIP: its lines are copied out of it, and counted there.
    if not (found.is_damaged or stream.is_truncated or stream.is_padded or stream.compression == "zip"):
        found.n_lines = counter.lines.finish() if counter.lines else None
        found.n_rows = counter.rows.finish() if counter.rows else None
    found.sha256, found.compression = stream.sha256, stream.compression
    found.is_truncated, found.is_padded = stream.is_truncated, stream.is_padded
    return found


def _is_blank_near(chunk: bytes, last: bytes, ends: Positions) -> bool:
    return has_blank_line(chunk, ends) or (last in (b"\n", b"") and chunk[:1] in (b"\n", b"\r"))


def _decodes(decoder: codecs.IncrementalDecoder, chunk: bytes) -> bool:
    try:
        decoder.decode(chunk)
    except UnicodeDecodeError:
        return False
    return True
