"""A copy of delimited text that every reader reads alike; rows that no parser should see are rejected.

Belongs here: what stray quotes, short rows, broken bytes and line ends of several kinds become. Plain files never come
here (delimited.py). Blocks are checked at once, row by row only around a fault.

A quote is stray if it opens a cell and none closes it at the end of a cell, or only after lines each of which is a row
with a time by itself. Its line is then read by itself, and rejected if its cells do not fit; no other row is lost.
"""

from __future__ import annotations

import re
from array import array
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from pipeline.ingest.text.records import BOM, Positions, after_space, outside, positions, scan
from pipeline.ingest.text.repair import KEPT_BYTES, RejectedLines, is_utf8, shown, with_plain_line_ends
from pipeline.ingest.text.unpack import ByteStream

_FIRST_WINDOW, _LAST_WINDOW = 1 << 12, 1 << 20


@dataclass(frozen=True)
class RowRule:
    """What a row has: so many columns, of which the last may be left out; one of them holds a time."""

    delimiter: str
    n_columns: int
    n_needed: int
    time_column: int | None

    def cells(self, row: str) -> list[str] | None:
        """The cells of a row; None where they do not fit, or one begins with a quote and does not end with it."""
        cells, at = list[str](), 0
        while found := self._cell.match(row, at):
            quoted, plain, end = found.groups()
            cells.append(plain if quoted is None else quoted.replace('""', '"'))
            at = found.end()
            if not end:
                return cells if self.n_needed <= len(cells) <= self.n_columns else None
        return None

    @cached_property
    def _cell(self) -> re.Pattern[str]:
        mark, space = re.escape(self.delimiter), "" if self.delimiter == " " else " *"
        return re.compile(rf'''(?:{space}"([^"]*(?:""[^"]*)*)"{space}|((?!{space}")[^{mark}]*))({mark}|\Z)''')

    def are_rows(self, lines: list[str]) -> bool:
        """Whether each line within one row would be a row if it stood alone, and so a quote is stray."""
        if self.time_column is None:
            return False
        parts = [line.split(self.delimiter) for line in lines]
        fit = all(max(self.n_needed, 3) <= len(cells) <= self.n_columns for cells in parts)
        return fit and all(any(map(str.isdigit, cells[self.time_column])) for cells in parts)


@dataclass
class TableCopy:
    """Text goes in, in pieces; rows go to `out` or to `rejected`."""

    out: IO[bytes]
    rule: RowRule
    n_skip: int
    max_line_bytes: int
    rejected: RejectedLines
    file_number: int
    n_copied: int = 0
    n_rejected: int = 0
    # For each row and blank line that is not in the copy, how many rows of the copy come before it.
    removed: array[int] = field(default_factory=lambda: array("q"))
    _n_to_skip: int = 0
    _is_at_start: bool = True
    _window: int = _LAST_WINDOW
    _long_start: bytes | None = None  # of a line that is over the limit and has not ended yet

    def __post_init__(self) -> None:
        self._n_to_skip = self.n_skip

    @property
    def n_rows(self) -> int:
        """How many rows the text has."""
        return self.n_copied + self.n_rejected

    def take(self, text: bytes, is_last: bool = False) -> bytes:
        """Copy the complete rows of a text that begins with a row; returns the rest, of the last text nothing."""
        at = self._after_start(text, is_last)
        while at < len(text) and not (self._is_at_start or self._n_to_skip or self._long_start is not None):
            reached = self._take_window(text, at, is_last)
            if reached is None:
                break
            at = reached
        return text[at:]

    def finish(self, rest: bytes, is_truncated: bool) -> None:
        """Take what `take` left. The last line of a truncated file is rejected; an empty one if it ends with a line."""
        end = rest.rfind(b"\n") + 1 if is_truncated else len(rest)
        complete, rest = rest[:end], rest[end:]
        if not is_truncated and (complete or self._long_start is not None):
            complete += b"" if complete.endswith(b"\n") else b"\n"
        if complete:
            self.take(complete, is_last=True)
        if is_truncated:
            self._reject("truncated_file", self._long_start or rest)

    def _after_start(self, text: bytes, is_last: bool) -> int:
        """Where rows begin or go on: after byte order marks, the header, and a line that is too long."""
        at = 0
        if self._is_at_start and len(text) < len(BOM) and not is_last:
            return 0
        while self._is_at_start and text.startswith(BOM, at):
            at += len(BOM)
        self._is_at_start = False
        while self._n_to_skip and (end := text.find(b"\n", at) + 1):
            at, self._n_to_skip = end, self._n_to_skip - 1
        if self._long_start is not None:
            end = text.find(b"\n", at) + 1
            if not end:
                return len(text)
            self._reject("oversized_line", self._long_start)
            self._long_start, at = None, end
        return at

    def _take_window(self, text: bytes, at: int, is_last: bool) -> int | None:
        """Where to go on; None if that needs more text."""
        window = text[at : at + self._window]
        found = scan(window, self.rule.delimiter.encode())
        n_taken = int(found.ends[-1]) if len(found.ends) else 0
        if n_taken:
            self._take_rows(window[:n_taken], found.ends)
        if found.is_odd:
            self._window = _FIRST_WINDOW  # lines with stray quotes may follow each other
            return self._take_line(text, at + n_taken, is_last)
        is_whole = at + self._window >= len(text)
        self._window = min(2 * self._window, max(_LAST_WINDOW, len(text)))
        if n_taken or not is_whole:
            return at + n_taken
        if is_last or len(text) - at > self.max_line_bytes:  # an open quote
            return self._take_line(text, at, is_last)
        return None

    def _take_line(self, text: bytes, at: int, is_last: bool) -> int | None:
        """Read the next line by itself, whatever its quotes say."""
        end = text.find(b"\n", at) + 1
        if not end and len(text) - at > self.max_line_bytes + 2:
            self._long_start = text[at : at + KEPT_BYTES]
            return len(text)
        if not end and not is_last:
            return None
        self._take_row(text[at : end or len(text)])
        return end or len(text)

    def _take_rows(self, block: bytes, ends: Positions) -> None:
        """Complete rows: runs of good ones at once."""
        if b"\0" in block or not is_utf8(block):
            if len(ends) == 1:
                self._reject("oversized_line" if len(block) > self.max_line_bytes + 1 else "bad_encoding", block)
                return
            middle = int(ends[len(ends) // 2 - 1])
            self._take_rows(block[:middle], ends[: len(ends) // 2])
            self._take_rows(block[middle:], ends[len(ends) // 2 :] - middle)
            return
        bad = np.flatnonzero(~self._are_good(block, ends))
        starts = np.concatenate(([0], ends))
        done = 0
        for row in [*bad.tolist(), len(ends)]:
            self.out.write(block[starts[done] : starts[row]])
            self.n_copied += row - done
            if row < len(ends):
                self._take_row(block[starts[row] : ends[row]])
            done = row + 1

    def _are_good(self, block: bytes, ends: Positions) -> NDArray[np.bool_]:
        """Rows with all their cells that are not too long, and whose lines by themselves have not as many cells."""
        sizes = np.diff(ends, prepend=0)
        every = delimiters = positions(block, self.rule.delimiter.encode())
        if b'"' in block:
            delimiters = every[outside(positions(block, b'"'), every)]
        n_others = self.rule.n_columns - 1
        is_good = (_counts(delimiters, ends) == n_others) & (sizes > 1) & (sizes <= self.max_line_bytes + 1)
        is_good &= _counts(after_space(block, self.rule.delimiter.encode()), ends) == 0
        newlines = positions(block, b"\n")
        if len(newlines) > len(ends):
            n_lines = _counts(newlines, ends)
            is_good &= (n_lines == 1) | (_counts(every, ends) != n_others * n_lines)
        return is_good

    def _take_row(self, row: bytes) -> None:
        """A row with a fault, or one that spans lines and may be several."""
        if len(lines := row.split(b"\n")[:-1] or [row]) > 1:
            text = row[:-1].decode()
            cells = self.rule.cells(text)
            if cells is None or len(row) > self.max_line_bytes + 1 or self.rule.are_rows(text.split("\n")):
                for line in lines:
                    self._take_row(line + b"\n")
            else:
                self._write(cells)
            return
        line = lines[0]
        if not line.strip(b" \r" if self.rule.delimiter == "\t" else b" \t\r"):
            self.removed.append(self.n_copied)
        elif len(line) > self.max_line_bytes:
            self._reject("oversized_line", line)
        elif b"\0" in line or not is_utf8(line):
            self._reject("bad_encoding", line)
        elif (cells := self.rule.cells(line.decode())) is None:
            self._reject("bad_row", line)
        else:
            self._write(cells)

    def _write(self, cells: list[str]) -> None:
        """A row in the simplest form: all cells in quotes, with empty ones for those that were left out."""
        cells = [*cells, *[""] * (self.rule.n_columns - len(cells))]
        quoted = self.rule.delimiter.join('"' + cell.replace('"', '""') + '"' for cell in cells)
        self.out.write(quoted.encode() + b"\n")
        self.n_copied += 1

    def _reject(self, reason: str, row: bytes) -> None:
        number = self.n_skip + self.n_copied + len(self.removed) + 1
        self.rejected.add(self.file_number, number, reason, shown(row.rstrip(b"\n")))
        self.removed.append(self.n_copied)
        self.n_rejected += 1


def _counts(places: Positions, ends: Positions) -> Positions:
    """How many places each row has."""
    return np.diff(np.searchsorted(places, ends), prepend=0)


def copy_table(path: Path, has_only_returns: bool, copy: TableCopy) -> None:
    """Read a file to its end."""
    stream, rest = ByteStream(path), b""
    for chunk in with_plain_line_ends(stream, has_only_returns):
        rest = copy.take(rest + chunk)
    copy.finish(rest, stream.is_truncated)
