"""The analysts' connection: the published version, read-only, with no way out of it.

Read-only alone still lets a query read and write other files, so external access, extensions and the configuration
are locked too.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from pipeline.paths import HomePaths

LOCKED_DOWN = {
    "enable_external_access": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "lock_configuration": "true",
}


def connect(paths: HomePaths, writable: Path | None = None) -> duckdb.DuckDBPyConnection:
    """A locked-down, read-only connection to the version the link points at now; `writable` is the one file it may write."""
    file = str(paths.warehouse.resolve())
    if writable is None:
        return duckdb.connect(file, read_only=True, config=dict(LOCKED_DOWN))
    con = duckdb.connect(file, read_only=True)
    try:
        # What may be reached can only be said before the door is shut.
        con.execute("set allowed_paths = [" + "'" + str(writable).replace("'", "''") + "']")
        for setting, value in LOCKED_DOWN.items():
            con.execute(f"set {setting} = {value}")
    except BaseException:
        con.close()
        raise
    return con


def print_result(con: duckdb.DuckDBPyConnection, query: str) -> None:
    """Print a query's rows as a table (the first 100)."""
    relation = con.sql(query)
    if relation is not None:
        relation.show(max_rows=100, max_width=200)


def shell(con: duckdb.DuckDBPyConnection) -> None:
    """A small read–eval–print loop; a statement ends with a semicolon or the input, `.tables` lists, `.quit` leaves."""
    print("growthhouse warehouse, read-only. End a query with ;  .tables lists them, .quit leaves.")
    buffer = ""
    while True:
        try:
            line = input("growthhouse> " if not buffer else "        ...> ")
        except (EOFError, KeyboardInterrupt) as end:
            print()
            if isinstance(end, EOFError) and buffer.strip():
                _answer(con, buffer)
            return
        if not buffer and line.strip() in (".quit", ".exit", "quit", "exit"):
            return
        if not buffer and line.strip() == ".tables":
            line = "select schema_name || '.' || table_name as table_name, comment from duckdb_tables() order by 1;"
        buffer = f"{buffer}\n{line}" if buffer else line
        if buffer.rstrip().endswith(";"):
            _answer(con, buffer)
            buffer = ""


def _answer(con: duckdb.DuckDBPyConnection, query: str) -> None:
    """In the shell an error is told and the next query is awaited."""
    try:
        print_result(con, query)
    except duckdb.Error as error:
        print(f"error: {error}")
