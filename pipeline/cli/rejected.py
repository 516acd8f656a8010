"""`growthhouse rejected`: the lines that were not accepted, with their reasons. Not here: finding them (`ingest`)."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from pipeline.cli.formats import Format
from pipeline.cli.options import DEFAULT_CONFIG, Config, Home, fail, load_config


def rejected(
    config: Config = DEFAULT_CONFIG,
    home: Home = None,
    source: Annotated[str | None, typer.Option("--source", help="Only lines of this source.")] = None,
    file: Annotated[
        str | None, typer.Option("--file", help="Only lines of this file: its name, its path, or a pattern with *.")
    ] = None,
    reason: Annotated[str | None, typer.Option("--reason", help="Only lines with this reason.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=10**9, help="Print at most this many lines.")] = 20,
    count: Annotated[
        bool, typer.Option("--count", help="Print how many there are by source, file and reason, and no line.")
    ] = False,
    output: Annotated[Format, typer.Option("--format", help="How to print them.")] = Format.TABLE,
) -> None:
    """Print the rejected lines of files that were read, also of a night that published nothing.

    What the config hides (ids, IP addresses, erased persons) is hidden here, too.

    Exit codes: 0 printed; 2 an error.
    """
    import duckdb

    from pipeline.cli.results import print_results
    from pipeline.home.memory import memory_limit
    from pipeline.ingest import IngestError, Rejects, count_rejects, load_rejects

    settings, wanted = load_config(config, home), Rejects(source, file, reason)
    with duckdb.connect(config={**memory_limit()}) as con:
        try:
            if count:
                count_rejects(con, settings, wanted)
                n_lines = 0
            else:
                n_lines = load_rejects(con, settings, wanted, limit)
        except IngestError as error:
            raise fail(str(error)) from error
        print_results(con, "from rejected_lines", output, fit_terminal=sys.stdout.isatty() and output == Format.TABLE)
    if n_lines > limit:
        typer.echo(f"{limit:,} of {n_lines:,} rejected lines; --limit prints more, --count their number", err=True)
