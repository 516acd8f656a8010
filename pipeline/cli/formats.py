"""A query's result as the lines of a table, CSV, JSON or Markdown. Not here: running the query (`results.py`)."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

_INTEGERS = {f"{sign}{size}" for sign in ("", "u") for size in ("tinyint", "smallint", "integer", "bigint", "hugeint")}
_NUMBERS = {*_INTEGERS, "bignum", "decimal", "float", "double"}
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_NOT_JSON = {"nan": '"NaN"', "-nan": '"NaN"', "inf": '"Infinity"', "-inf": '"-Infinity"'}

Row = tuple[Any, ...]


class Format(StrEnum):
    """How results are printed."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    MARKDOWN = "markdown"


@dataclass(frozen=True)
class Result:
    """A query's result. A cell is None, text (all scalars), or the Python value of a nested type."""

    columns: list[str]
    types: list[str]  # as a person reads them, e.g. decimal(18,2)
    kinds: list[str]  # without parameters, e.g. decimal
    rows: Iterable[Row]

    @property
    def is_number(self) -> list[bool]:
        """By column: whether it is aligned to the right, and without quotes in JSON."""
        return [kind in _NUMBERS for kind in self.kinds]


def write_table(result: Result) -> Iterator[str]:
    """A box with every row and column, as wide as it needs."""
    columns = [visible(name) for name in result.columns]
    body = [[visible(_text(cell)) for cell in row] for row in result.rows]
    widths = [max(map(_width, cells)) for cells in zip(columns, result.types, *body, strict=True)]
    left, aligned = [False] * len(columns), result.is_number

    def rule(start: str, between: str, end: str) -> str:
        return start + between.join("─" * (width + 2) for width in widths) + end

    def line(cells: list[str], to_the_right: list[bool]) -> str:
        return f"│ {' │ '.join(map(_pad, cells, widths, to_the_right))} │"

    yield rule("┌", "┬", "┐")
    yield line(columns, left)
    yield line(result.types, left)
    yield rule("├", "┼", "┤")
    yield from (line(cells, aligned) for cells in body)
    yield rule("└", "┴", "┘")
    yield f"{len(body):,} rows, {len(columns):,} columns"


def write_csv(result: Result) -> Iterator[str]:
    """RFC 4180 with NULL as an empty cell."""
    yield ",".join(map(_csv_cell, result.columns))
    yield from (",".join("" if cell is None else _csv_cell(_text(cell)) for cell in row) for row in result.rows)


def write_markdown(result: Result) -> Iterator[str]:
    """A table of GitHub's Markdown."""
    yield _markdown_row(result.columns)
    yield f"|{'|'.join('---:' if is_number else '---' for is_number in result.is_number)}|"
    yield from (_markdown_row(map(_text, row)) for row in result.rows)


def write_json(result: Result) -> Iterator[str]:
    """An array with one object per line."""
    keys = [json.dumps(name, ensure_ascii=False) for name in _unique(result.columns)]
    unquoted = [
        kind in _NUMBERS or name in ("boolean", "json") for kind, name in zip(result.kinds, result.types, strict=True)
    ]
    objects = ("{" + ",".join(map(_json_member, keys, row, unquoted)) + "}" for row in result.rows)
    start, current = "[", next(objects, "")
    for following in objects:
        yield f"{start}{current},"
        start, current = "", following
    yield f"{start}{current}]"


WRITERS: dict[Format, Callable[[Result], Iterator[str]]] = {
    Format.TABLE: write_table,
    Format.CSV: write_csv,
    Format.JSON: write_json,
    Format.MARKDOWN: write_markdown,
}


def _text(cell: Any) -> str:
    if cell is None:
        return "NULL"
    return cell if isinstance(cell, str) else _json_value(cell)


def visible(text: str) -> str:
    """In one line, and with nothing that a terminal would obey: strangers wrote the data."""
    return _CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def _width(text: str) -> int:
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(c) else 1 + (unicodedata.east_asian_width(c) in "WF") for c in text)


def _pad(text: str, width: int, to_the_right: bool) -> str:
    space = " " * (width - _width(text))
    return space + text if to_the_right else text + space


def _csv_cell(text: str) -> str:
    """In quotes where it must be, and where it is empty: without quotes that is NULL."""
    if not text or text != text.strip() or any(sign in text for sign in ',"\r\n'):
        return '"' + text.replace('"', '""') + '"'
    return text


def _markdown_row(cells: Iterable[str]) -> str:
    shown = (visible(cell).replace("&", "&amp;").replace("<", "&lt;").replace("|", "&#124;") for cell in cells)
    return f"| {' | '.join(shown)} |"


def _unique(names: list[str]) -> list[str]:
    """An object holds a key once: columns of the same name get a number."""
    unique: list[str] = []
    for name in names:
        number, candidate = 0, name
        while candidate in unique:
            number += 1
            candidate = f"{name}_{number}"
        unique.append(candidate)
    return unique


def _json_member(key: str, cell: Any, is_unquoted: bool) -> str:
    if is_unquoted and cell is not None:
        return f"{key}:{_NOT_JSON.get(cell, cell)}"
    return f"{key}:{_json_value(cell)}"


def _json_value(value: Any) -> str:
    """JSON that keeps every digit of a decimal, also inside nested values."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_json_key(key)}: {_json_value(item)}" for key, item in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_json_value, value)) + "]"
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, float):
        return _NOT_JSON.get(str(value), str(value))
    if value is None or isinstance(value, (bool, int, str)):
        return json.dumps(value, ensure_ascii=False)
    return json.dumps(str(value), ensure_ascii=False)


def _json_key(key: Any) -> str:
    return json.dumps(key if isinstance(key, str) else str(key), ensure_ascii=False)
