"""The bytes of a raw file, decompressed (gzip, zstd, a ZIP of JSON lines), as far as they can be had.

Not here: what the bytes are (inspect.py), other archives of several files (foreign.py says what they are).
"""

from __future__ import annotations

import gzip
import hashlib
import math
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import zstandard

_READ_BYTES = 1 << 18
# A zstd block of 4 bytes may expand to 128 KiB, so zstd gets little at a time; zlib has a limit of its own.
_ZSTD_SLICE, _OUTPUT_BYTES = 1 << 12, 1 << 20
# A file that expands to no more than this is harmless at any ratio.
_SMALL_BYTES = 1 << 26
# Empty lines, or lines of one brace, cost much more than their bytes; no event is so short.
_MANY_LINES, _HOLLOW_BYTES, _HOLLOW_SHARE = 1 << 20, 8, 0.1
_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_ZIP = b"PK\x03\x04"
_JSON_NAME = re.compile(r"\.(json|jsonl|ndjson)(\.gz)?$", re.IGNORECASE)
_DAMAGED_ZIP = (zipfile.BadZipFile, gzip.BadGzipFile, EOFError, RuntimeError, NotImplementedError, zlib.error)
_TOO_MUCH_MEMORY = "too much memory"  # zstd's words
_SKIPPABLE = re.compile(rb"[\x50-\x5f]\x2a\x4d\x18")  # a zstd frame of notes, as pzstd writes first


class ExpandsTooFar(Exception):
    """A compressed file expands to far more than data does; nothing of it was kept."""

    why = "expands too far (cleaning.max_expansion)"


class WindowTooLarge(ExpandsTooFar):
    """A zstd file cannot be decompressed in the memory that zstd allows itself; nothing of it was kept."""

    why = (
        "is zstd with a window above 128 MiB: compress it again (`zstd -d --long=31 FILE`, then `zstd` without --long)"
    )


def expands_too_far(n_expanded: int, size_bytes: int, max_expansion: float, n_lines: int = 0) -> bool:
    """Whether a file of that size must not become so many bytes, or so many lines with next to nothing in them."""
    is_hollow = n_lines > _MANY_LINES and n_expanded < n_lines * _HOLLOW_BYTES
    limit = size_bytes * max_expansion
    return n_expanded > max(_SMALL_BYTES, limit) or (is_hollow and n_expanded > limit * _HOLLOW_SHARE)


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
            elif start == _ZIP and (names := _json_names(self.path)):
                self.compression = "zip"
                yield from self._limited(self._members(names))
            raw = self._raw(file)
            if self.compression != "zip":
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

    def _members(self, names: list[str]) -> Iterator[bytes]:
        """The files of a ZIP one after the other, by name, each ended by a line's end; a broken one ends the stream."""
        try:
            with zipfile.ZipFile(self.path) as archive:
                for name in names:
                    last = b"\n"
                    with archive.open(name) as packed:
                        is_gzip = packed.read(2) == _GZIP
                        packed.seek(0)
                        member = gzip.GzipFile(fileobj=packed) if is_gzip else packed
                        while chunk := member.read(_READ_BYTES):
                            yield chunk
                            last = chunk[-1:]
                    if last != b"\n":
                        yield b"\n"
        except _DAMAGED_ZIP:
            self.is_truncated = True

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
                if is_fresh and rest.startswith(b"\0"):
                    self.is_padded = True
                    rest = rest.lstrip(b"\0")
                    continue
                earlier = member.copy() if is_gzip else None
                try:
                    data = member.decompress(rest, _OUTPUT_BYTES) if is_gzip else member.decompress(rest)
                except (zlib.error, zstandard.ZstdError) as error:
                    if _TOO_MUCH_MEMORY in str(error):
                        raise WindowTooLarge from error
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


def _json_names(path: Path) -> list[str]:
    """The files of a ZIP in the order of their names, where all of them are JSON lines, as Amplitude exports them."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = sorted(entry.filename for entry in archive.infolist() if not entry.is_dir())
    except _DAMAGED_ZIP:
        return []
    return names if all(map(_JSON_NAME.search, names)) else []


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
