"""One pass over the bytes of a raw file before DuckDB sees it: its hash, and whether it is sound.

Belongs here: decompression and facts about bytes. Not here: repairing a damaged file (repair.py), parsing.
"""

from __future__ import annotations

import codecs
import hashlib
import math
import re
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import zstandard

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

_READ_BYTES = 1 << 18
# A zstd block of 4 bytes may expand to 128 KiB, so zstd gets little at a time; zlib has a limit of its own.
_ZSTD_SLICE, _OUTPUT_BYTES = 1 << 12, 1 << 20
# A file that expands to no more than this is harmless at any ratio.
_SMALL_BYTES = 1 << 26
# Empty lines, or lines of one brace, cost much more than their bytes; no event is so short.
_MANY_LINES, _HOLLOW_BYTES, _HOLLOW_SHARE = 1 << 20, 8, 0.1
_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_SKIPPABLE = re.compile(rb"[\x50-\x5f]\x2a\x4d\x18")  # a zstd frame of notes, as pzstd writes first
# The line reader takes it for the end of a column; JSON never contains it unescaped.
LINE_MARK = b"\x01"


class ExpandsTooFar(Exception):
    """A compressed file expands to far more than data does; nothing of it was kept."""


def expands_too_far(n_expanded: int, size_bytes: int, max_expansion: float, n_lines: int = 0) -> bool:
    """Whether a file of that size must not become so many bytes, or so many lines with next to nothing in them."""
    is_hollow = n_lines > _MANY_LINES and n_expanded < n_lines * _HOLLOW_BYTES
    limit = size_bytes * max_expansion
    return n_expanded > max(_SMALL_BYTES, limit) or (is_hollow and n_expanded > limit * _HOLLOW_SHARE)


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


@dataclass
class ByteStream:
    """The decompressed bytes of a file; afterwards, the hash of the raw bytes and whether the file is truncated."""

    path: Path
    max_expansion: float = math.inf  # times its size that a compressed file may expand to
    compression: str = "none"
    is_truncated: bool = False
    is_padded: bool = False
    n_read: int = 0  # raw bytes
    _hash: Any = field(default_factory=hashlib.sha256)

    @property
    def sha256(self) -> str:
        """Hash of the file on disk; complete once the stream was read to its end."""
        return str(self._hash.hexdigest())

    def __iter__(self) -> Iterator[bytes]:
        with self.path.open("rb") as file:
            start = file.read(4)
            file.seek(0)
            if start.startswith(_GZIP):
                self.compression = "gzip"
            elif start == _ZSTD or _SKIPPABLE.fullmatch(start):
                self.compression = "zstd"
            raw = self._raw(file)
            yield from raw if self.compression == "none" else self._limited(self._decompressed(raw))
            for _ in raw:  # after a broken member the hash still has to cover the whole file
                pass

    def hash_rest(self) -> None:
        """Add the bytes that were not read to the hash, without decompressing them."""
        with self.path.open("rb") as file:
            file.seek(self.n_read)
            for _ in self._raw(file):
                pass

    def _limited(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        size, n_expanded, n_lines = self.path.stat().st_size, 0, 0
        for chunk in chunks:
            n_expanded += len(chunk)
            n_lines += chunk.count(b"\n") if math.isfinite(self.max_expansion) else 0
            if expands_too_far(n_expanded, size, self.max_expansion, n_lines):
                raise ExpandsTooFar
            yield chunk

    def _raw(self, file: Any) -> Iterator[bytes]:
        while chunk := file.read(_READ_BYTES):
            self._hash.update(chunk)
            self.n_read += len(chunk)
            yield chunk

    def _decompressed(self, raw: Iterator[bytes]) -> Iterator[bytes]:
        """One member after the other; a broken one ends the stream, and what came before it is kept."""
        is_gzip = self.compression == "gzip"
        member, is_fresh = _member(is_gzip), True
        for piece in raw if is_gzip else _sliced(raw, _ZSTD_SLICE):
            rest = piece
            while rest:
                if is_fresh and not rest.strip(b"\0"):
                    self.is_padded = True
                    break
                earlier = member.copy() if is_gzip else None
                try:
                    data = member.decompress(rest, _OUTPUT_BYTES) if is_gzip else member.decompress(rest)
                except (zlib.error, zstandard.ZstdError):
                    self.is_truncated = True
                    if earlier is not None:
                        yield from _before_damage(earlier, rest)
                    return
                is_fresh = False
                if data:
                    yield data
                if not member.eof:
                    rest = member.unconsumed_tail if is_gzip else b""
                    continue
                rest, member, is_fresh = member.unused_data, _member(is_gzip), True
        while is_gzip and not is_fresh and (data := member.decompress(member.unconsumed_tail, _OUTPUT_BYTES)):
            yield data
        self.is_truncated = not is_fresh


def _member(is_gzip: bool) -> Any:
    return zlib.decompressobj(wbits=31) if is_gzip else zstandard.ZstdDecompressor().decompressobj()


def _before_damage(member: Any, rest: bytes) -> Iterator[bytes]:
    """What a gzip member gives before it fails: an error in a piece would lose all that the piece gave."""
    with suppress(zlib.error):
        for position in range(len(rest)):
            if data := member.decompress(rest[position : position + 1]):
                yield data


def _sliced(pieces: Iterator[bytes], size: int) -> Iterator[bytes]:
    for piece in pieces:
        for start in range(0, len(piece), size):
            yield piece[start : start + size]


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
    if not (found.is_damaged or stream.is_truncated or stream.is_padded):
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
