"""How much memory DuckDB may take, and connections that keep to it.

Not here: advice for a person when it does not suffice (`pipeline.home.error_advice`).
"""

from __future__ import annotations

import os
from pathlib import Path

import duckdb

MEMORY_VARIABLE = "GROWTH_MEMORY_LIMIT"


def memory_limit() -> dict[str, str]:
    """DuckDB's configuration for the limit that the environment sets, if it does."""
    limit = os.environ.get(MEMORY_VARIABLE)
    return {"memory_limit": limit} if limit else {}


def reading(file: Path) -> duckdb.DuckDBPyConnection:
    """A connection that reads the DuckDB file within the limit; what does not fit is spilled beside the file."""
    return duckdb.connect(str(file), read_only=True, config={**memory_limit()})
