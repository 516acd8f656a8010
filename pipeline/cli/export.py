"""`growthhouse export`: a published table as a file. Not here: writing it (`pipeline.publish.export`)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.guard import explaining_stop
from pipeline.cli.options import DEFAULT_CONFIG, Config, Home, fail, find_warehouse


def export(
    table: Annotated[str, typer.Argument(help="A published table, e.g. marts.retention.")],
    to: Annotated[Path, typer.Option("--to", help="FILE.csv, FILE.parquet or FILE.jsonl.")],
    config: Config = DEFAULT_CONFIG,
    home: Home = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it exists.")] = False,
) -> None:
    """Write a published table to a CSV, Parquet or JSON Lines file.

    Only you can read the file. In a CSV, text that a spreadsheet would run as a formula gets an apostrophe in front.
    """
    from pipeline.publish.export import ExportError
    from pipeline.publish.export import export as export_table

    paths = find_warehouse(config, home)
    try:
        with explaining_stop(lambda: f"{to} was not written"):
            n_rows = export_table(paths, table, to, force=force)
    except ExportError as error:
        raise fail(str(error)) from error
    typer.echo(f"wrote {n_rows:,} rows of {table} to {to}")
