"""`growthhouse run` and `growthhouse backfill`: the options of a night. Not here: running it (`night.py`)."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from pipeline.cli.guard import say
from pipeline.cli.options import DEFAULT_CONFIG, Config, Home, fail, read_settings


def run(
    config: Config = DEFAULT_CONFIG,
    home: Home = None,
    as_of: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Last date to use. Default: the newest in the data, before today."),
    ] = None,
    full_refresh: Annotated[
        bool, typer.Option("--full-refresh", help="Rebuild every table from the lake; retrain the models.")
    ] = False,
    select: Annotated[
        str | None, typer.Option(help="Run a part: a Dagster asset selection, e.g. 'group:marts'.")
    ] = None,
) -> None:
    """Run one night, as a Dagster run of the job `nightly`.

    Exit codes: 0 published; 1 a gate or step failed; 2 wrong configuration or input.
    """
    settings = read_settings(config, home)
    last_date = as_of.date() if as_of else None
    _run_night(config, settings, as_of=last_date, full_refresh=full_refresh, select=select)


def backfill(
    first: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="First date to read again.")],
    last: Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d"], help="Last date to read again.")],
    config: Config = DEFAULT_CONFIG,
    home: Home = None,
) -> None:
    """Read the raw files of certain dates again, rebuild what depends on them, and publish.

    Exit codes as for `run`.
    """
    from pipeline.ingest.backfill import why_nothing_to_read

    span: tuple[date, date] = (first.date(), last.date())
    if last < first:
        raise fail(f"--from {span[0]} is later than --to {span[1]}")
    settings = read_settings(config, home)
    if problem := why_nothing_to_read(settings, span):
        raise fail(f"{problem}. Nothing was read or published")
    _run_night(config, settings, backfill=span)


def _run_night(config: Path, settings: Any, **options: Any) -> None:
    from pipeline.cli.errors import NightError
    from pipeline.cli.night import run_night

    try:
        outcome = run_night(config.resolve(), settings, say=say, **options)
    except NightError as error:
        raise fail(str(error), error.exit_code) from error
    say(outcome)
