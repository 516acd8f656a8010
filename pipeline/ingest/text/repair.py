"""Repairs damaged JSON lines: sound lines go to a temporary copy, the others are listed with a reason.

Only damaged files come here (see inspect.py). Blocks are checked at once, and line by line only around a fault.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import IO

from pipeline.ingest.text.records import BLANK, BOM, filled_lines
from pipeline.ingest.text.unpack import ByteStream

KEPT_BYTES = 10_000
_SMALL_BYTES = 1 << 12


class RejectedLines:
    """Lines of one batch that never reach a parser, kept on disk as JSON lines until DuckDB reads them."""

    def __init__(self, path: Path) -> None:
        self.path, self.n_lines = path, 0
        self._lock = Lock()
        self._out: IO[str] = path.open("w", encoding="utf-8")

    def add(self, file_number: int, line_number: int, reason: str, raw_line: str) -> None:
        """Keep one line, cut to a maximum length."""
        entry = {"f": file_number, "n": line_number, "reason": reason, "line": raw_line[:KEPT_BYTES]}
        with self._lock:
            self._out.write(json.dumps(entry) + "\n")
            self.n_lines += 1

    def close(self) -> None:
        """Make the lines readable."""
        self._out.close()


def shown(line: bytes) -> str:
    """A line as text for the table of rejected lines: NULs and broken bytes made visible, cut to a maximum length."""
    return line[:KEPT_BYTES].decode("utf-8", errors="replace").replace("\0", "\ufffd")


@dataclass
class _Block:
    """Complete lines of a file, or one line that is over the limit, cut off."""

    lines: bytes
    is_cut: bool = False


def _blocks(stream: Iterator[bytes], limit: int) -> Iterator[_Block]:
    """Blocks of complete lines, each with its end; the last may lack it. Memory does not grow with a line."""
    kept, is_long = bytearray(), False
    for chunk in stream:
        end = chunk.rfind(b"\n") + 1
        if not end:
            kept += chunk
        else:
            first = chunk.find(b"\n") + 1 if kept else 0
            if first:
                yield _Block(bytes(kept) if is_long else bytes(kept) + chunk[:first], is_cut=is_long)
            if first < end:
                yield _Block(chunk[first:end])
            is_long, kept = False, bytearray(chunk[end:])
        if len(kept) > limit + 2:
            is_long = True
            del kept[KEPT_BYTES:]
    if kept:
        yield _Block(bytes(kept), is_cut=is_long)


@dataclass
class _Sorter:
    """Separates sound lines from bad ones; a bad one leaves an empty line, so that line numbers stay."""

    out: IO[bytes]
    limit: int
    faults: tuple[bytes, ...]
    rejected: RejectedLines
    file_number: int
    n_lines: int = 0

    def sort(self, block: bytes) -> None:
        """Write the sound lines of a block: all at once where it is sound, else by halves."""
        if self._is_sound(block):
            self.out.write(block)
            self.n_lines += block.count(b"\n")
            return
        middle = block.find(b"\n", len(block) // 2, -1) + 1
        if len(block) > _SMALL_BYTES and middle:
            self.sort(block[:middle])
            self.sort(block[middle:])
            return
        for line in block.split(b"\n")[:-1]:
            self._sort_line(line)

    def reject(self, reason: str, line: bytes) -> None:
        """List a bad line and leave its place empty."""
        self.n_lines += 1
        self.rejected.add(self.file_number, self.n_lines, reason, shown(line))
        self.out.write(b"\n")

    def _sort_line(self, line: bytes) -> None:
        if not line.strip(BLANK):
            self.n_lines += 1
            self.out.write(b"\n")
        elif len(line) > self.limit:
            self.reject("oversized_line", line)
        elif any(fault in line for fault in self.faults) or not is_utf8(line):
            self.reject("bad_encoding", line)
        else:
            self.n_lines += 1
            self.out.write(line + b"\n")

    def _is_sound(self, block: bytes) -> bool:
        if any(fault in block for fault in self.faults):
            return False
        if len(block) > self.limit and max(map(len, block.split(b"\n"))) > self.limit:
            return False
        return is_utf8(block)


def is_utf8(text: bytes) -> bool:
    """Whether bytes are text."""
    if text.isascii():
        return True
    try:
        text.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def repair(
    path: Path,
    target: Path,
    *,
    max_line_bytes: int,
    faults: tuple[bytes, ...],
    has_only_returns: bool,
    rejected: RejectedLines,
    file_number: int,
) -> int:
    """Write the sound lines of `path` to `target` under their line numbers; a line with one of `faults` is bad.

    Returns how many lines with something on them the file has.
    """
    stream, n_filled = ByteStream(path), 0
    with target.open("wb") as out:
        sorter = _Sorter(out, max_line_bytes, faults, rejected, file_number)
        held: _Block | None = None
        for block in _blocks(with_plain_line_ends(stream, has_only_returns), max_line_bytes):
            if held is not None:
                n_filled += _take(sorter, held)
            held = block
        if held is not None:
            n_filled += _take_last(sorter, held, stream.is_truncated)
        elif stream.is_truncated:
            sorter.reject("truncated_file", b"")
            n_filled += 1
    return n_filled


def with_plain_line_ends(chunks: Iterable[bytes], has_only_returns: bool) -> Iterator[bytes]:
    r"""Only \n ends a line; a \r elsewhere is white space, unless nothing else ends lines."""
    held = b""
    for chunk in chunks:
        text = held + chunk
        held = b"\r" if text.endswith(b"\r") else b""
        text = text[: len(text) - len(held)]
        if b"\r" in text:
            text = text.replace(b"\r", b"\n") if has_only_returns else text.replace(b"\r\n", b"\n").replace(b"\r", b" ")
        yield text
    if has_only_returns and held:
        yield b"\n"


def _take(sorter: _Sorter, block: _Block) -> int:
    """How many lines with something on them a block has; they are sorted."""
    if block.is_cut:
        sorter.reject("oversized_line", block.lines)
        return 1
    lines = block.lines
    while sorter.n_lines == 0 and lines.startswith(BOM):
        lines = lines.removeprefix(BOM)
    sorter.sort(lines)
    return filled_lines(lines)


def _take_last(sorter: _Sorter, block: _Block, is_truncated: bool) -> int:
    """The last line of a truncated file is rejected as such; if it ends with a line, an empty one is."""
    start = block.lines.rfind(b"\n") + 1
    whole, rest = block.lines[:start], block.lines[start:]
    n_filled = _take(sorter, _Block(whole)) if whole else 0
    if is_truncated:
        sorter.reject("truncated_file", rest)
        return n_filled + 1
    return n_filled + (_take(sorter, _Block(rest if block.is_cut else rest + b"\n", block.is_cut)) if rest else 0)
