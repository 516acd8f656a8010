"""How much memory DuckDB may take, and connections that keep to it.

Not here: advice for a person when it does not suffice (`pipeline.home.error_advice`).
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import duckdb

MEMORY_VARIABLE = "GROWTH_MEMORY_LIMIT"
_SIZE = re.compile(r"\s*\d+(\.\d+)?\s*([kmgt]i?b|%)\s*", re.IGNORECASE)


class MemoryLimitError(Exception):
    """The limit in the environment is not an amount of memory; the message is for a person."""


def given_limit() -> str | None:
    """The limit that the environment sets; MemoryLimitError where it is not an amount."""
    limit = os.environ.get(MEMORY_VARIABLE)
    if limit and not _SIZE.fullmatch(limit):
        raise MemoryLimitError(
            f"{MEMORY_VARIABLE} is '{limit}', which is not an amount of memory: set it to one such as 4GiB, 512MB or "
            "50%, or unset it"
        )
    return limit or None


def memory_limit() -> dict[str, str]:
    """DuckDB's configuration for the limit that the environment sets, if it does."""
    limit = given_limit()
    return {"memory_limit": limit} if limit else {}


def reading(file: Path) -> duckdb.DuckDBPyConnection:
    """A connection that reads the DuckDB file within the limit; what does not fit is spilled beside the file."""
    return duckdb.connect(str(file), read_only=True, config={**memory_limit()})
