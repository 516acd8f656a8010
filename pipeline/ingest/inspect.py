"""One pass over the bytes of a raw file before DuckDB sees it: its hash, and whether it is sound.

Belongs here: decompression and byte-level facts. Mending a damaged file is in sanitize.py, parsing in tracker.py and
table.py.
"""

from __future__ import annotations

import codecs
import hashlib
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import zstandard

_READ_BYTES = 1 << 18
_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"


class _Decompressor(Protocol):
    """What zlib's and zstandard's decompression objects share."""

    def decompress(self, data: bytes, /) -> bytes: ...


@dataclass
class Inspection:
    """What one pass over a file found."""

    sha256: str = ""
    size_bytes: int = 0
    compression: str = "none"
    n_newlines: int = 0
    is_empty: bool = True
    ends_with_newline: bool = True
    is_truncated: bool = False
    has_bad_utf8: bool = False
    has_nul: bool = False
    has_long_line: bool = False
    has_odd_newlines: bool = False
    has_quote: bool = False

    @property
    def is_damaged(self) -> bool:
        """Whether the file must be mended line by line before it is parsed."""
        return self.is_truncated or self.has_bad_utf8 or self.has_nul or self.has_long_line or self.has_odd_newlines


@dataclass
class ByteStream:
    """The decompressed bytes of a file; afterwards, the hash of the raw bytes and whether the file was cut."""

    path: Path
    compression: str = "none"
    size_bytes: int = 0
    is_truncated: bool = False
    _hash: Any = field(default_factory=hashlib.sha256)

    @property
    def sha256(self) -> str:
        """Hash of the file as it lies on disk; complete once the stream was read to its end."""
        return str(self._hash.hexdigest())

    def __iter__(self) -> Iterator[bytes]:
        with self.path.open("rb") as file:
            start = file.read(4)
            file.seek(0)
            if start.startswith(_GZIP):
                self.compression = "gzip"
            elif start == _ZSTD:
                self.compression = "zstd"
            raw = self._raw(file)
            yield from raw if self.compression == "none" else self._decompressed(raw)
            for _ in raw:  # after a broken member the hash still has to cover the whole file
                pass

    def _raw(self, file: Any) -> Iterator[bytes]:
        while chunk := file.read(_READ_BYTES):
            self._hash.update(chunk)
            self.size_bytes += len(chunk)
            yield chunk

    def _new(self) -> Any:
        return (
            zlib.decompressobj(wbits=31) if self.compression == "gzip" else zstandard.ZstdDecompressor().decompressobj()
        )

    def _decompressed(self, raw: Iterator[bytes]) -> Iterator[bytes]:
        member = self._new()
        is_fresh = True
        for chunk in raw:
            while chunk:
                if is_fresh and not chunk.strip(b"\0"):
                    break  # zero padding after the last member is allowed by gzip
                try:
                    data = member.decompress(chunk)
                except (zlib.error, zstandard.ZstdError):
                    self.is_truncated = True
                    return
                is_fresh = False
                if data:
                    yield data
                if not member.eof:
                    break
                chunk, member, is_fresh = member.unused_data, self._new(), True
        if not is_fresh:
            self.is_truncated = True


def _line_is_long(window: bytes, carried: int, limit: int) -> tuple[bool, int]:
    """Whether a line that ends in this window is over the limit, and the length of the one that goes on."""
    first = window.find(b"\n")
    if first < 0:
        return carried + len(window) > limit, carried + len(window)
    is_long = carried + first > limit
    if len(window) > limit and not is_long:
        is_long = max(map(len, window.split(b"\n"))) > limit
    rest = len(window) - window.rfind(b"\n") - 1
    return is_long or rest > limit, rest


def inspect_file(path: Path, max_line_bytes: int) -> Inspection:
    """Read a file once and say what it is; a readable file that is damaged is no error."""
    stream, found = ByteStream(path), Inspection()
    decoder = codecs.getincrementaldecoder("utf-8")("strict")
    carried, n_returns, n_pairs, last = 0, 0, 0, b""
    for chunk in stream:
        found.is_empty = False
        found.n_newlines += chunk.count(b"\n")
        returns = chunk.count(b"\r")
        if returns or last == b"\r":
            n_returns += returns
            n_pairs += chunk.count(b"\r\n") + (last == b"\r" and chunk[:1] == b"\n")
        found.has_nul = found.has_nul or b"\0" in chunk
        found.has_quote = found.has_quote or b'"' in chunk
        is_long, carried = _line_is_long(chunk, carried, max_line_bytes)
        found.has_long_line = found.has_long_line or is_long
        if not found.has_bad_utf8 and not (chunk.isascii() and not decoder.getstate()[0]):
            found.has_bad_utf8 = not _decodes(decoder, chunk)
        last = chunk[-1:]
    if not found.has_bad_utf8 and decoder.getstate()[0]:
        found.has_bad_utf8 = True
    # DuckDB wants one kind of line end per file: all \n, or all \r\n.
    found.has_odd_newlines = n_returns > 0 and not n_returns == n_pairs == found.n_newlines
    found.ends_with_newline = found.is_empty or last == b"\n"
    found.sha256, found.size_bytes = stream.sha256, stream.size_bytes
    found.compression, found.is_truncated = stream.compression, stream.is_truncated
    return found


def _decodes(decoder: codecs.IncrementalDecoder, chunk: bytes) -> bool:
    try:
        decoder.decode(chunk)
    except UnicodeDecodeError:
        return False
    return True
