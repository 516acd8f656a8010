"""The `growthhouse` command: assembles the commands. Each is in the file of its name; `backfill` is in run.py."""

from __future__ import annotations

from typing import Annotated

import typer

from pipeline.cli.collect import collect
from pipeline.cli.dbt import dbt
from pipeline.cli.doctor import doctor
from pipeline.cli.erase import erase
from pipeline.cli.export import export
from pipeline.cli.guard import GuardedGroup
from pipeline.cli.init import init
from pipeline.cli.models import app as models
from pipeline.cli.rejected import rejected
from pipeline.cli.report import report
from pipeline.cli.run import backfill, run
from pipeline.cli.simulate import simulate
from pipeline.cli.sources import app as sources
from pipeline.cli.sql import sql

app = typer.Typer(
    name="growthhouse",
    cls=GuardedGroup,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _print_version(is_requested: bool) -> None:
    if is_requested:
        from importlib.metadata import version

        typer.echo(f"growthhouse {version('growthhouse')}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Product analytics in your own warehouse: raw interaction logs in, an audited DuckDB warehouse out."""


for command in (init, simulate, collect, run, backfill, rejected, sql, export, report, doctor, erase):
    app.command()(command)
# What follows the first word is dbt's own.
app.command(context_settings={"allow_interspersed_args": False, "ignore_unknown_options": True})(dbt)
app.add_typer(sources, name="sources")
app.add_typer(models, name="models")
