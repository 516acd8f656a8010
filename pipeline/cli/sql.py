"""`growthhouse sql`: queries from the command line, a pipe or a shell. Not here: the connection (`publish.analyst`)."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from pipeline.cli.formats import Format
from pipeline.cli.options import DEFAULT_CONFIG, Config, Home, fail, find_warehouse


def sql(
    query: Annotated[
        str | None,
        typer.Argument(
            help="SQL, several statements separated by ;. Default: a shell, or what is piped in.", show_default=False
        ),
    ] = None,
    config: Config = DEFAULT_CONFIG,
    home: Home = None,
    output: Annotated[
        Format,
        typer.Option("--format", help="How to print results. A table is cut to fit a terminal; in a pipe it is whole."),
    ] = Format.TABLE,
) -> None:
    """Query the published warehouse, read-only and without access to other files.

    csv prints NULL as an empty cell; json prints an array of objects per statement.
    Both leave values as they are; only `growthhouse export` disarms formulas.

    Exit codes: 0 done; 2 an error; 130 stopped with Ctrl-C.
    In the shell, Ctrl-C ends only the query.
    """
    import duckdb

    from pipeline.cli.results import print_results
    from pipeline.cli.shell import describe_error, run_shell
    from pipeline.publish.analyst import connect

    paths = find_warehouse(config, home)
    is_terminal = sys.stdout.isatty()
    try:
        with connect(paths) as con:
            if query is not None:
                print_results(con, query, output, fit_terminal=is_terminal)
            elif not run_shell(con, output, is_interactive=is_terminal and sys.stdin.isatty()):
                raise typer.Exit(2)
    except duckdb.Error as error:
        raise fail(describe_error(error)) from error
