"""Markdown that the Dagster UI renders: tables, and values of the data shown as plain text, never as HTML or a link."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence


def quoted(value: object) -> str:
    """A value as an inline code span, fit for a table cell: no HTML, link or emphasis of its own, one line."""
    text = " ".join(str(value).split())
    if not text:
        return ""
    ticks = "`" * (1 + max((len(run) for run in re.findall("`+", text)), default=0))
    space = " " if text.startswith("`") or text.endswith("`") else ""
    # A pipe ends a cell even inside code, unless an odd number of backslashes precedes it.
    text = re.sub(r"(\\*)\|", lambda found: found[1] + ("\\" if len(found[1]) % 2 == 0 else "\\\\") + "|", text)
    return f"{ticks}{space}{text}{space}{ticks}"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; values of the data must come `quoted`."""
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows))


def decimals(value: object) -> str:
    """A cell: floats with three decimals, nothing for a missing value."""
    return "" if value is None else f"{value:.3f}" if isinstance(value, float) else str(value)
