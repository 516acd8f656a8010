"""`growthhouse doctor`: prints the findings. Not here: the checks and repairs (`pipeline.operate.doctor`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.options import DEFAULT_CONFIG, Config, Home

if TYPE_CHECKING:
    from pipeline.home.paths import HomePaths


def doctor(
    config: Config = DEFAULT_CONFIG,
    home: Home = None,
    quick: Annotated[bool, typer.Option("--quick", help="Read no file from end to end.")] = False,
    accept_loss: Annotated[
        bool, typer.Option("--accept-loss", help="Drop damaged files of the lake whose raw file is gone.")
    ] = False,
) -> None:
    """Check configuration, disk, files, versions and unfinished runs; repair what is safe.

    Exit codes: 0 no error; 2 an error was found.
    """
    from pipeline.operate.doctor import examine
    from pipeline.privacy import stale_totals

    colours = {"ok": typer.colors.GREEN, "warn": typer.colors.YELLOW, "error": typer.colors.RED}
    findings = examine(
        config.resolve(),
        home,
        quick=quick,
        accept_loss=accept_loss,
        end_dead_runs=_end_dead_runs,
        further=[stale_totals],
    )
    for finding in findings:
        typer.secho(f"{finding.level:5} {finding.text}", fg=colours[finding.level])
    if any(finding.level == "error" for finding in findings):
        raise typer.Exit(2)


def _end_dead_runs(paths: HomePaths) -> list[str]:
    if not (paths.dagster / "dagster.yaml").exists():
        return []
    from pipeline.orchestration.dead_runs import end_dead_runs_of

    return end_dead_runs_of(paths)
