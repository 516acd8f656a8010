"""Where the rows of delimited text and the lines of JSON end, and how many there are: by the bytes alone.

This is the count that every reader is held against, so nothing here parses a value or asks DuckDB. Blocks are searched
with numpy; no Python runs per row. Not here: what becomes of a row that no parser should see (table_copy.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BOM = b"\xef\xbb\xbf"
PARQUET_MAGIC = b"PAR1"  # a Parquet file begins and ends with it
# White space that may stand alone on a line of JSON without making it a line.
BLANK = b" \t\r\n"
DELIMITERS = (",", "\t", ";", "|")
_QUOTE, _NEWLINE, _RETURN, _SPACE = b'"\n\r '
_MAX_SPACES = 64  # beside a quote
_IS_BLANK = np.isin(np.arange(256), np.frombuffer(BLANK, np.uint8))

Positions = NDArray[np.intp]


def find_delimiter(first_line: str) -> str:
    """The delimiter that a line has most of."""
    return max(DELIMITERS, key=lambda mark: (first_line.count(mark), -DELIMITERS.index(mark)))


@dataclass(frozen=True)
class Scan:
    """The ends of the rows of a block, each after its line end; and whether a quote is where none can be.

    A quote opens a cell at its beginning and closes it at its end. The row with another one, and what follows, are not
    in `ends`. Neither is a row that is not complete.
    """

    ends: Positions
    is_odd: bool = False
    spans_lines: bool = False  # a line end within a cell, up to the last end


def positions(block: bytes, mark: bytes) -> Positions:
    """Where a character begins; outside ASCII it has several bytes."""
    text = np.frombuffer(block, np.uint8)
    is_there = text == mark[0]
    for place, byte in enumerate(mark[1:], start=1):
        is_there[:-place] &= text[place:] == byte
        is_there[-place:] = False
    return np.flatnonzero(is_there)


def scan(block: bytes, delimiter: bytes) -> Scan:
    """Rows of a block that begins with a row."""
    newlines = positions(block, b"\n")
    if b'"' not in block:
        return Scan(newlines + 1)
    quotes = positions(block, b'"')
    odd_at = _first_odd(np.frombuffer(block, np.uint8), quotes, delimiter)
    is_end = outside(quotes, newlines)
    ends = newlines[is_end] + 1
    if odd_at is not None:
        ends = ends[ends <= odd_at]
    n_within = np.count_nonzero(~is_end[: np.searchsorted(newlines, ends[-1])]) if len(ends) else 0
    return Scan(ends, odd_at is not None, bool(n_within))


def outside(quotes: Positions, places: Positions) -> NDArray[np.bool_]:
    """Which places are not within quotes."""
    return np.searchsorted(quotes, places) % 2 == 0


def after_space(block: bytes, delimiter: bytes) -> Positions:
    """Quotes that open a cell after a space. DuckDB takes some for text and some for quotes, by how many spaces."""
    if b' "' not in block or delimiter == b" ":
        return np.zeros(0, np.intp)
    openers = positions(block, b'"')[0::2]
    openers = openers[openers > 0]
    return openers[np.frombuffer(block, np.uint8)[openers - 1] == _SPACE]


def _first_odd(text: NDArray[np.uint8], quotes: Positions, delimiter: bytes) -> int | None:
    """The first quote that neither opens a cell at its beginning, nor closes one at its end, nor is doubled."""
    skips_spaces = delimiter != b" "
    misplaced = (
        _first_misplaced(text, quotes[0::2], -1, (delimiter[-1], _NEWLINE), skips_spaces),
        _first_misplaced(text, quotes[1::2], 1, (delimiter[0], _NEWLINE, _RETURN), skips_spaces),
    )
    return min((place for place in misplaced if place is not None), default=None)


def _first_misplaced(
    text: NDArray[np.uint8], quotes: Positions, step: int, marks: tuple[int, ...], skips_spaces: bool
) -> int | None:
    """The first quote that has neither one of the marks beside it, nor the end of the text.

    A quote beside a quote continues a cell: both stand for one. Readers skip spaces between a quote and a delimiter.
    """
    is_fine = np.zeros(256, np.bool_)
    is_fine[[*marks, _QUOTE]] = True
    beside, found = quotes + step, list[int]()
    for _ in range(_MAX_SPACES):
        if not len(quotes):
            break
        is_within = (beside >= 0) & (beside < len(text))
        quotes, beside = quotes[is_within], beside[is_within]
        near = text[beside]
        is_bad = ~is_fine[near]
        is_space = is_bad & (near == _SPACE) & skips_spaces
        found += quotes[is_bad & ~is_space][:1].tolist()
        quotes, beside = quotes[is_space], beside[is_space] + step
        is_fine[_QUOTE] = False
    return min([*found, *quotes[:1].tolist()], default=None)


@dataclass
class LineCounter:
    """Lines with something on them."""

    n_lines: int = 0
    _is_blank_so_far: bool = True

    def add(self, chunk: bytes, ends: Positions) -> None:
        """Count the lines that end in the next bytes; `ends` are the line ends in them."""
        if not len(ends):
            self._is_blank_so_far = self._is_blank_so_far and not chunk.strip(BLANK)
            return
        first, last = int(ends[0]), int(ends[-1])
        self.n_lines += not (self._is_blank_so_far and not chunk[:first].strip(BLANK))
        self.n_lines += _filled(chunk, ends)
        self._is_blank_so_far = not chunk[last + 1 :].strip(BLANK)

    def finish(self) -> int:
        """The count, with a last line that has no end."""
        return self.n_lines + (not self._is_blank_so_far)


def _filled(text: bytes, ends: Positions) -> int:
    """How many lines between the first end and the last have something on them."""
    starts = ends[:-1] + 1
    is_suspect = _IS_BLANK[np.frombuffer(text, np.uint8)[starts]]
    if not is_suspect.any():
        return len(starts)
    suspects = zip(starts[is_suspect].tolist(), ends[1:][is_suspect].tolist(), strict=True)
    return len(starts) - sum(not text[start:end].strip(BLANK) for start, end in suspects)


def has_blank_line(text: bytes, ends: Positions) -> bool:
    """Whether a line between the first end and the last is empty."""
    return bool(np.isin(np.frombuffer(text, np.uint8)[ends[:-1] + 1], (_NEWLINE, _RETURN)).any())


def filled_lines(lines: bytes) -> int:
    """How many of complete lines have something on them."""
    counter = LineCounter()
    counter.add(lines, positions(lines, b"\n"))
    return counter.n_lines


@dataclass
class RowCounter:
    """Rows of delimited text, as long as each of them is one line with its quotes in place; then `is_plain` ends."""

    delimiter: bytes
    max_line_bytes: int
    n_rows: int = 0
    is_plain: bool = True
    _kept: bytes = b""

    def add(self, chunk: bytes, ends: Positions) -> None:
        """Count the rows that end in the next bytes; `ends` are the line ends in them."""
        if not self.is_plain:
            return
        if b'"' not in chunk and b'"' not in self._kept:
            self.n_rows += len(ends)
            end = int(ends[-1]) + 1 if len(ends) else 0
            self._kept = chunk[end:] if end else self._kept + chunk
            self.is_plain = len(self._kept) <= self.max_line_bytes
            return
        block = self._kept + chunk
        found = scan(block, self.delimiter)
        end = block.rfind(b"\n") + 1
        is_whole = not found.spans_lines and end == (found.ends[-1] if len(found.ends) else 0)
        self.is_plain = is_whole and not found.is_odd and not len(after_space(block[:end], self.delimiter))
        self.n_rows += len(found.ends)
        self._kept = block[end:]

    def finish(self) -> int | None:
        """The count, with a last row that has no line end; None where a row is not plain."""
        if self._kept and self.is_plain:
            self.add(b"\n", np.zeros(1, np.intp))
        return self.n_rows if self.is_plain else None
