"""What the commands of `growthhouse` share: common options, how an error ends one, how one names another. Not here: any command."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import Annotated

import typer

Config = Annotated[Path, typer.Option("--config", envvar="GROWTH_CONFIG", help="The configuration file.")]
Home = Annotated[
    Path | None,
    typer.Option("--home", envvar="GROWTH_HOME", help="State lives in HOME/data. Default: config's folder."),
]
DEFAULT_CONFIG = Path("growth.yaml")


def fail(message: str, code: int = 2) -> typer.Exit:
    """Print an error a person can act on; return the exit to raise."""
    typer.secho(f"error: {message}", err=True, fg=typer.colors.RED)
    return typer.Exit(code)


def command(name: str, config: Path, home: Path | None, *arguments: str) -> str:
    """A command to paste: with the config and the home that this one was given."""
    options = ["--config", str(config)] if config != DEFAULT_CONFIG or "GROWTH_CONFIG" in os.environ else []
    options += ["--home", str(home)] if home else []
    return f"`{shlex.join(['growthhouse', name, *arguments, *options])}`"


def home_of(config: Path, home: Path | None) -> Path:
    """The folder that holds the state: the one given, else the config's."""
    return (home or config.parent).resolve()
