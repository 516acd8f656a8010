"""`growthhouse report`: where the latest report lies, and opening it. Not here: making it (`pipeline.reports`, in the night)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.options import DEFAULT_CONFIG, Config, Home, command, fail, home_of
from pipeline.home.paths import HomePaths
from pipeline.home.versions import report_of
from pipeline.reports import latest_report

_REPORT = 'key:"published/report"'


def report(
    config: Config = DEFAULT_CONFIG,
    home: Home = None,
    open_it: Annotated[bool, typer.Option("--open", help="Show it in the browser as well.")] = False,
) -> None:
    """Print the path of the latest report. Exit 1: there is none yet."""
    paths = HomePaths(home_of(config, home))
    found = latest_report(paths)
    if found is None:
        raise fail(f"no report in {paths.reports}; {_what_makes_one(paths, config, home)}", 1)
    typer.echo(found)
    if paths.warehouse.exists() and found != report_of(paths, paths.warehouse.resolve()):
        typer.secho(
            f"it is of another version than the published one; {_what_makes_one(paths, config, home)}",
            err=True,
            fg=typer.colors.YELLOW,
        )
    if open_it and not _opened(found):
        typer.secho("no browser was found here: open the file with one", err=True, fg=typer.colors.YELLOW)


def _what_makes_one(paths: HomePaths, config: Path, home: Path | None) -> str:
    # The path of a report needs no config, so the one of this home may not have been named.
    of_home = config if config.exists() or not home else home / DEFAULT_CONFIG
    only = ("--select", _REPORT) if paths.warehouse.exists() else ()
    return f"{command('run', of_home, home, *only)} makes one"


def _opened(file: Path) -> bool:
    import webbrowser

    try:
        return webbrowser.open(file.as_uri())
    except (OSError, webbrowser.Error):
        return False
