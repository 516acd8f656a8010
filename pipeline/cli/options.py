"""What the commands share: common options, errors, the settings and the home. Not here: any command.

Nothing heavy is imported at the top of a file of this package, so that `--help` and `--version` answer at once.
"""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from pipeline.home.paths import HomePaths
    from pipeline.settings import Settings

Config = Annotated[Path, typer.Option("--config", envvar="GROWTH_CONFIG", help="The configuration file.")]
Home = Annotated[
    Path | None,
    typer.Option("--home", envvar="GROWTH_HOME", help="The folder that holds data/. Default: that of --config."),
]
DEFAULT_CONFIG = Path("growth.yaml")


def fail(message: str, code: int = 2) -> typer.Exit:
    """Print an error; return the exit to raise."""
    typer.secho(f"error: {message}", err=True, fg=typer.colors.RED)
    return typer.Exit(code)


def quote_command(name: str, config: Path, home: Path | None, *arguments: str) -> str:
    """A command to paste, with the same --config and --home as this one."""
    options = ["--config", str(config)] if config != DEFAULT_CONFIG or "GROWTH_CONFIG" in os.environ else []
    options += ["--home", str(home)] if home else []
    return f"`{shlex.join(['growthhouse', name, *arguments, *options])}`"


def resolve_home(config: Path, home: Path | None) -> Path:
    """The folder that holds the state: --home, else the folder of the configuration."""
    return (home or config.parent).resolve()


def guess_config(config: Path, home: Path | None) -> Path:
    """The configuration to name in a command to paste: one in --home, where --config was not needed so far."""
    return config if config.exists() or not home else home / DEFAULT_CONFIG


def find_warehouse(config: Path, home: Path | None) -> HomePaths:
    """The home, which has a published version."""
    from pipeline.home.memory import given_limit
    from pipeline.home.paths import HomePaths
    from pipeline.home.versions import versions

    given_limit()
    paths = HomePaths(resolve_home(config, home))
    if paths.warehouse.exists():
        return paths
    guessed = guess_config(config, home)
    if versions(paths):
        doctor = quote_command("doctor", guessed, home)
        raise fail(f"{paths.warehouse} leads to no version, but {paths.versions} has some: {doctor} restores the link")
    raise fail(f"no published warehouse at {paths.warehouse}; {quote_command('run', guessed, home)} publishes one")


def load_config(config: Path, home: Path | None, with_formats: bool = True) -> Settings:
    """The validated settings; nothing is written. `with_formats`: each source is checked against its format too."""
    from pipeline.home.memory import given_limit
    from pipeline.settings import ConfigError, load_settings

    given_limit()
    if not config.exists():
        raise fail(f"no configuration at {config}; {quote_command('init', config, home)} writes one")
    try:
        settings = load_settings(config.resolve(), home.resolve() if home else None)
        if with_formats:
            from pipeline.ingest import check_formats

            check_formats(settings)
        return settings
    except ConfigError as error:
        raise fail(str(error)) from error


def read_settings(config: Path, home: Path | None, with_formats: bool = True) -> Settings:
    """The validated settings; the home is made private, and child processes find both in the environment."""
    from pipeline.home.paths import HomePaths
    from pipeline.home.permissions import make_private

    settings = load_config(config, home, with_formats)
    try:
        make_private(HomePaths(settings.home))
    except OSError as error:
        reason = error.strerror or error
        raise fail(f"{settings.home}: {reason}; the home must be a folder that this user can write") from error
    os.environ["GROWTH_CONFIG"] = str(config.resolve())
    os.environ["GROWTH_HOME"] = str(settings.home)
    return settings
