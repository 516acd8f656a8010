"""Values of the data in Markdown that the Dagster UI renders: shown as they are, never run, never a link."""

from __future__ import annotations

import re


def quoted(value: object) -> str:
    """A value as an inline code span, fit for a table cell: no HTML, link or emphasis of its own, one line."""
    text = " ".join(str(value).split())
    if not text:
        return ""
    ticks = "`" * (1 + max((len(run) for run in re.findall("`+", text)), default=0))
    space = " " if text.startswith("`") or text.endswith("`") else ""
    # A pipe ends a cell even inside code, unless an odd number of backslashes stands before it.
    text = re.sub(r"(\\*)\|", lambda found: found[1] + ("\\" if len(found[1]) % 2 == 0 else "\\\\") + "|", text)
    return f"{ticks}{space}{text}{space}{ticks}"
