"""The shell of `growthhouse sql`: reads statements and commands that begin with a dot. Not here: printing results."""

from __future__ import annotations

import re
import sys
from contextlib import suppress

import duckdb

from pipeline.cli.formats import Format
from pipeline.cli.results import print_results
from pipeline.home.error_advice import is_database_damage

_WELCOME = "growthhouse warehouse, read-only. End a query with ;  .tables lists the tables, .help the commands."
_HELP = """.tables          every table and its grain
.describe TABLE  its comment and its columns, e.g. .describe marts.retention
.quit            leave
Everything else is DuckDB's SQL and ends with ;  Ctrl-C ends a query."""


def run_shell(con: duckdb.DuckDBPyConnection, output: Format, *, is_interactive: bool) -> bool:
    """Answer what is typed or piped in until the input ends; returns False if a query that was piped in failed.

    A statement ends with a semicolon at the end of a line, or with the input; a line with a dot is a command. If
    nobody types, nothing but results is printed, and Ctrl-C ends everything.
    """
    if is_interactive:
        with suppress(ImportError):
            import readline  # noqa: F401  # gives input() its line editing
        print(_WELCOME)
    buffer, is_good = "", True
    while True:
        try:
            prompt = "        ...> " if buffer else "growthhouse> "
            line = input(prompt if is_interactive else "")
            if not buffer and line.strip() in (".quit", ".exit", "quit", "exit"):
                return is_good or is_interactive
            if not buffer and line.strip().startswith("."):
                _run_command(con, *line.split(maxsplit=1))
                continue
            buffer = f"{buffer}\n{line}" if buffer else line
            if buffer.rstrip().endswith(";"):
                query, buffer = buffer, ""
                is_good &= _answer(con, query, output, is_interactive)
        except EOFError:
            if is_interactive:
                print()
            return (_answer(con, buffer, output, is_interactive) and is_good) or is_interactive
        except KeyboardInterrupt:
            if not is_interactive:
                raise
            print()
            buffer = ""


def _answer(con: duckdb.DuckDBPyConnection, query: str, output: Format, is_interactive: bool) -> bool:
    """Print the results, or the error; returns whether there was none."""
    try:
        print_results(con, query, output, fit_terminal=is_interactive)
        return True
    except duckdb.Error as error:
        print(f"error: {describe_error(error)}", file=sys.stderr)
    except KeyboardInterrupt:
        if not is_interactive:
            raise
        print("interrupted", file=sys.stderr)
    return False


def describe_error(error: duckdb.Error) -> str:
    """DuckDB's message, with what to do about a damaged file."""
    if is_database_damage(str(error)):
        return f"the published version is damaged: `growthhouse doctor` goes back to the last intact one. {error}"
    return str(error)


def _run_command(con: duckdb.DuckDBPyConnection, command: str, argument: str = "") -> None:
    """Run a command that begins with a dot; an unknown one prints the list of commands."""
    argument = argument.strip().rstrip(";").strip()
    if command.rstrip(";") == ".tables":
        _list_tables(con)
    elif command == ".describe" and argument:
        _describe_table(con, argument)
    elif command == ".help":
        print(_HELP)
    else:
        print(f"unknown command: {command} {argument}".rstrip() + f"\n{_HELP}")


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


def _describe_table(con: duckdb.DuckDBPyConnection, table: str) -> None:
    """The whole comment of a table, then its columns with theirs."""
    schema, _, name = table.rpartition(".")
    where = "where table_name = ? and (schema_name = ? or ? = '') order by schema_name"
    parameters = [name, schema, schema]
    tables = con.execute(
        f"select schema_name || '.' || table_name, comment from duckdb_tables() {where}", parameters
    ).fetchall()
    if not tables:
        print(f"error: there is no table {table}; .tables lists them")
    for full_name, comment in tables:
        print(f"{full_name}  {' '.join((comment or '').split())}")
    columns = con.execute(
        f"select column_name, lower(data_type), coalesce(comment, '') from duckdb_columns() {where}, column_index",
        parameters,
    ).fetchall()
    width = max((len(column) for column, _, _ in columns), default=0)
    for column, kind, comment in columns:
        print(f"  {column:{width}}  {kind:9}  {' '.join(comment.split())}".rstrip())
