"""`growthhouse dbt`: dbt commands on a home. Not here: what dbt is given (`pipeline.build.manual_dbt`)."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Annotated

import typer

from pipeline.cli.options import DEFAULT_CONFIG, Config, Home, fail, resolve_home


def dbt(
    arguments: Annotated[list[str], typer.Argument(help="As for dbt, e.g. build --select +funnel_conversion.")],
    config: Config = DEFAULT_CONFIG,
    home: Home = None,
) -> None:
    """Run dbt on the build database, with the variables of the last night.

    For example: growthhouse dbt -- build --select +funnel_conversion

    Selected tables are built whole. They are not published: the next night rebuilds every table and checks it.
    No other run can write the home meanwhile. Target and logs are in data/build/dbt.

    Exit codes: those of dbt; 2 also where dbt was not started.
    """
    from dbt.cli.main import cli

    from pipeline.build.manual_dbt import WRITING, ManualDbtError, find_command, only_writer, run_dbt
    from pipeline.build.plan import was_built_by_hand
    from pipeline.home.lock import WriterBusy
    from pipeline.home.paths import HomePaths

    paths = HomePaths(resolve_home(config, home))
    if not paths.data.is_dir():
        raise fail(f"no data in {paths.home}; name a home with --home or --config")
    command = find_command(cli, arguments).name
    try:
        # `docs serve` reads no database, and stays.
        with nullcontext() if command == "serve" else only_writer(paths):
            code = run_dbt(paths, arguments)
            is_changed = command in WRITING and was_built_by_hand(paths)
    except ManualDbtError as error:
        raise fail(str(error)) from error
    except WriterBusy as busy:
        raise fail(str(busy), 1) from busy
    if is_changed:
        typer.echo("note: the build database was changed by hand: the next night rebuilds every table", err=True)
    raise typer.Exit(code)
