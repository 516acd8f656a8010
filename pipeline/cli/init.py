"""`growthhouse init`: a configuration to start from. Not here: its text (`pipeline.settings`)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.options import DEFAULT_CONFIG, Config, Home, fail, quote_command


def init(
    folder: Annotated[
        Path | None, typer.Argument(help="The folder to write growth.yaml to. Default: the file --config.")
    ] = None,
    config: Config = DEFAULT_CONFIG,
    home: Home = None,
) -> None:
    """Write a growth.yaml with comments."""
    from pipeline.home.atomic import write_text
    from pipeline.home.error_advice import describe_unwritten
    from pipeline.settings import default_config_text

    target = folder / DEFAULT_CONFIG if folder else config
    if target.exists():
        raise fail(f"{target} exists; edit it, or move it away first")
    try:
        write_text(default_config_text(), target)
    except OSError as error:
        raise fail(describe_unwritten(error, target, "choose a folder that this user can write")) from error
    typer.echo(
        f"wrote {target}: name your logs under sources, or write those of a simulated shop with "
        f"{quote_command('simulate', target, home)}; then {quote_command('run', target, home)}"
    )
