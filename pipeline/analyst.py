"""The analysts' connection: the published version, read-only, with no way out of it.

Read-only alone still lets a query read and write other files, so external access, extensions and the configuration
are locked too.
"""

from __future__ import annotations

import duckdb

from pipeline.paths import HomePaths

LOCKED_DOWN = {
    "enable_external_access": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "lock_configuration": "true",
}


def connect(paths: HomePaths) -> duckdb.DuckDBPyConnection:
    """A locked-down, read-only connection to the version the link points at now."""
    return duckdb.connect(str(paths.warehouse.resolve()), read_only=True, config=dict(LOCKED_DOWN))


def print_result(con: duckdb.DuckDBPyConnection, query: str) -> None:
    """Print a query's rows as a table (the first 100)."""
    relation = con.sql(query)
    if relation is not None:
        relation.show(max_rows=100, max_width=200)


def shell(con: duckdb.DuckDBPyConnection) -> None:
    """A small read–eval–print loop; a statement ends with a semicolon, `.tables` lists, `.quit` leaves."""
    print("growthhouse warehouse, read-only. End a query with ;  .tables lists them, .quit leaves.")
    buffer = ""
    while True:
        try:
            line = input("growthhouse> " if not buffer else "        ...> ")
        except (EOFError, KeyboardInterrupt):
            print()
            return
        if not buffer and line.strip() in (".quit", ".exit", "quit", "exit"):
            return
        if not buffer and line.strip() == ".tables":
            line = "select schema_name || '.' || table_name as table_name, comment from duckdb_tables() order by 1;"
        buffer = f"{buffer}\n{line}" if buffer else line
        if buffer.rstrip().endswith(";"):
            try:
                print_result(con, buffer)
            except duckdb.Error as error:
                print(f"error: {error}")
            buffer = ""
