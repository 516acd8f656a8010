"""Mends a damaged text file line by line: what is sound goes to a temporary copy, what is not is listed with a reason.

Only damaged files come here (see inspect.py); it is slower by far than handing the file to DuckDB as it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.ingest.inspect import ByteStream

_KEPT_BYTES = 10_000
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class BadLine:
    """A line that never reached the parser."""

    line_number: int
    reason: str
    raw_line: str


@dataclass
class Mended:
    """The sound copy and the lines left out of it."""

    path: Path
    bad_lines: list[BadLine] = field(default_factory=list)


def _lines(stream: ByteStream, limit: int) -> Iterator[tuple[bytes, bool, bool]]:
    """Lines without their end, whether over the limit (then cut short), and whether the end was there."""
    carry, is_long = bytearray(), False
    for chunk in stream:
        start = 0
        while (end := chunk.find(b"\n", start)) >= 0:
            carry += chunk[start:end]
            yield bytes(carry), is_long or len(carry.rstrip(b"\r")) > limit, True
            carry, is_long, start = bytearray(), False, end + 1
        carry += chunk[start:]
        if len(carry) > limit + 1:
            is_long = True
            del carry[max(limit, _KEPT_BYTES) :]
    if carry:
        yield bytes(carry), is_long or len(carry) > limit, False


def _fault(line: bytes, is_long: bool) -> str | None:
    if is_long:
        return "oversized_line"
    if b"\0" in line:
        return "bad_encoding"
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return "bad_encoding"
    return None


def _shown(line: bytes) -> str:
    """A bad line as text for the table of rejected lines: NULs and broken bytes shown, length bounded."""
    return line[:_KEPT_BYTES].decode("utf-8", errors="replace").replace("\0", "\ufffd")


def mend(path: Path, target: Path, max_line_bytes: int) -> Mended:
    """Write the sound lines of `path` to `target`; a bad one leaves an empty line, so that line numbers stay."""
    stream, mended, number = ByteStream(path), Mended(target), 0
    pending: tuple[int, bytes] | None = None
    with target.open("wb") as out:
        for raw, is_long, has_end in _lines(stream, max_line_bytes):
            number += 1
            line = raw.rstrip(b"\r").replace(b"\r", b" ")
            line = line.removeprefix(_BOM) if number == 1 else line
            reason = _fault(line, is_long)
            if not has_end:
                pending = (number, line)
                if stream.is_truncated:
                    break
            if reason is not None:
                mended.bad_lines.append(BadLine(number, reason, _shown(line)))
                line = b""
            out.write(line + b"\n")
    if stream.is_truncated:
        number, line = pending or (number + 1, b"")
        mended.bad_lines.append(BadLine(number, "truncated_file", _shown(line)))
    return mended
