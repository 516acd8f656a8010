"""DuckDB in memory for small questions: time zones, short Parquet files. An instance of its own costs 15 ms each time.

Not here: connections to a file, or those that take what is large (`pipeline.home.memory`).
"""

from __future__ import annotations

from functools import cache

from duckdb import DuckDBPyConnection, connect


def in_memory() -> DuckDBPyConnection:
    """A connection to the instance of this process, to be closed. Temporary tables are its own: create no others."""
    return _instance().cursor()


@cache
def _instance() -> DuckDBPyConnection:
    # One thread: none is missing in a fork. No cache of files: ours are replaced under the same name.
    return connect(config={"threads": 1, "enable_external_file_cache": "false"})
