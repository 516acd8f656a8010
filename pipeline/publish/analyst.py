"""The analysts' connection: the published version, read-only, with no way out of it.

Read-only alone still lets a query read and write other files, so external access, extensions and the configuration
are locked too.
"""

from __future__ import annotations

import re
from pathlib import Path

import duckdb

from pipeline.home.paths import HomePaths
from pipeline.home.sql_text import quote

LOCKED_DOWN = {
    "enable_external_access": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "lock_configuration": "true",
}

_HELP = """.tables          every table and its grain
.describe TABLE  its comment and its columns, e.g. .describe marts.retention
.quit            leave
Everything else is SQL of DuckDB and ends with ;"""


def connect(paths: HomePaths, writable: Path | None = None) -> duckdb.DuckDBPyConnection:
    """A locked-down, read-only connection to the version the link points at now; `writable` is the one file it may write."""
    file = str(paths.warehouse.resolve())
    if writable is None:
        return duckdb.connect(file, read_only=True, config=dict(LOCKED_DOWN))
    con = duckdb.connect(file, read_only=True)
    try:
        # Allowed paths can be set only before external access is disabled.
        con.execute(f"set allowed_paths = [{quote(writable)}]")
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
    """A small read–eval–print loop; a statement ends with a semicolon or the input, a line with a dot is a command."""
    print(
        "growthhouse warehouse, read-only. End a query with ;  .tables lists them, .help lists the commands, .quit leaves."
    )
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
        if not buffer and line.strip().startswith("."):
            _obey(con, *line.split(maxsplit=1))
            continue
        buffer = f"{buffer}\n{line}" if buffer else line
        if buffer.rstrip().endswith(";"):
            _answer(con, buffer)
            buffer = ""


def _obey(con: duckdb.DuckDBPyConnection, command: str, argument: str = "") -> None:
    """Run a command that begins with a dot; an unknown one prints the list of commands."""
    argument = argument.strip().rstrip(";").strip()
    if command.rstrip(";") == ".tables":
        _list_tables(con)
    elif command == ".describe" and argument:
        _describe(con, argument)
    else:
        print(_HELP if command == ".help" else f"there is no command {command} {argument}".rstrip() + f"\n{_HELP}")


def _list_tables(con: duckdb.DuckDBPyConnection) -> None:
    """One line per table: its name and the first sentence of its comment."""
    rows = con.execute(
        "select schema_name || '.' || table_name, coalesce(comment, '') from duckdb_tables() order by 1"
    ).fetchall()
    width = max((len(name) for name, _ in rows), default=0)
    for name, comment in rows:
        print(f"{name:{width}}  {_first_sentence(comment)}".rstrip())


def _first_sentence(comment: str) -> str:
    return re.split(r"(?<=[.;])\s", " ".join(comment.split()), maxsplit=1)[0]


def _describe(con: duckdb.DuckDBPyConnection, table: str) -> None:
    """The whole comment of a table, then its columns with theirs."""
    schema, _, name = table.rpartition(".")
    where = "where table_name = ? and (schema_name = ? or ? = '') order by schema_name"
    parameters = [name, schema, schema]
    found = con.execute(
        f"select schema_name || '.' || table_name, comment from duckdb_tables() {where}", parameters
    ).fetchall()
    if not found:
        print(f"error: there is no table {table}; .tables lists them")
    for full_name, comment in found:
        print(f"{full_name}  {' '.join((comment or '').split())}")
    columns = con.execute(
        f"select column_name, lower(data_type), coalesce(comment, '') from duckdb_columns() {where}, column_index",
        parameters,
    ).fetchall()
    width = max((len(column) for column, _, _ in columns), default=0)
    for column, kind, comment in columns:
        print(f"  {column:{width}}  {kind:9}  {' '.join(comment.split())}".rstrip())


def _answer(con: duckdb.DuckDBPyConnection, query: str) -> None:
    """Print the error and wait for the next query."""
    try:
        print_result(con, query)
    except duckdb.Error as error:
        print(f"error: {error}")
