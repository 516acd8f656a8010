"""`growthhouse report`: finds the latest report and opens it. Not here: writing it (`pipeline.reports`)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.options import DEFAULT_CONFIG, Config, Home, fail, guess_config, quote_command, resolve_home

if TYPE_CHECKING:
    from pipeline.home.paths import HomePaths

_REPORT = 'key:"published/report"'


def report(
    config: Config = DEFAULT_CONFIG,
    home: Home = None,
    open_it: Annotated[bool, typer.Option("--open", help="Also open it in the browser.")] = False,
) -> None:
    """Print the path of the latest report.

    Exit codes: 0 found; 1 there is none yet.
    """
    from pipeline.home.paths import HomePaths
    from pipeline.home.versions import report_of
    from pipeline.reports import latest_report

    paths = HomePaths(resolve_home(config, home))
    found = latest_report(paths)
    if found is None:
        raise fail(f"no report in {paths.reports}; {_run_command(paths, config, home)} writes one", 1)
    typer.echo(found)
    if paths.warehouse.exists() and found != report_of(paths, paths.warehouse.resolve()):
        _warn(f"it is of another version than the published one; {_run_command(paths, config, home)} writes that one")
    if open_it and not _open_in_browser(found):
        _warn("no browser was found on this machine: open the file with one")


def _warn(message: str) -> None:
    typer.secho(message, err=True, fg=typer.colors.YELLOW)


def _run_command(paths: HomePaths, config: Path, home: Path | None) -> str:
    selection = ("--select", _REPORT) if paths.warehouse.exists() else ()
    return quote_command("run", guess_config(config, home), home, *selection)


def _open_in_browser(file: Path) -> bool:
    import webbrowser

    try:
        return webbrowser.open(file.as_uri())
    except (OSError, webbrowser.Error):
        return False
