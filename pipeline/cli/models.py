"""`growthhouse models`: which versions there are, which one scores, and the way back to an earlier one.

Belongs here: arguments and what a person reads. Not here: the registry itself (`models.propensity`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.options import DEFAULT_CONFIG, Config, Home, fail, home_of
from pipeline.home.paths import HomePaths

Kind = Annotated[str, typer.Argument(help="churn or purchase")]
app = typer.Typer(help="Versions of the churn and purchase models: list them, go back to one.", no_args_is_help=True)
KINDS = ("churn", "purchase")


def _folder(kind: str, config: Path, home: Path | None) -> Path:
    return HomePaths(home_of(config, home)).ml / "artifacts" / kind


@app.command("list")
def list_versions(config: Config = DEFAULT_CONFIG, home: Home = None) -> None:
    """Every stored version with its test on later data; `*` marks the one that scores. Then why it does."""
    from models.common import ArtifactError
    from models.propensity import read_registry, versions

    for kind in KINDS:
        folder = _folder(kind, config, home)
        try:
            registry, cards = read_registry(folder), versions(folder)
        except ArtifactError as error:
            raise fail(str(error)) from error
        typer.secho(kind, bold=True)
        for name, card in sorted(cards.items(), key=lambda one: one[1]["data"]["test"]["snapshots"]):
            mark = "*" if name == registry.champion else " "
            note = "  (left by hand)" if name in registry.rejected else ""
            typer.echo(f" {mark} {name:45} {_tested(card)}{note}")
        if registry.champion is None:
            typer.echo(" * recency-rule")
        if registry.decisions:
            typer.echo(f"   why: {registry.decisions[-1].reason}")
        elif not cards:
            typer.echo("   no model was trained yet")


@app.command("rollback")
def rollback(
    kind: Kind,
    version: Annotated[str | None, typer.Argument(help="The version; without it the champion before this one.")] = None,
    config: Config = DEFAULT_CONFIG,
    home: Home = None,
) -> None:
    """Let an earlier version score from the next night on. The one that is left does not return by itself."""
    from models.common import ArtifactError
    from models.propensity import roll_back
    from pipeline.home.lock import WriterBusy, writer_lock

    if kind not in KINDS:
        raise fail(f"unknown model {kind}: expected one of {', '.join(KINDS)}")
    folder = _folder(kind, config, home)
    if not folder.is_dir():
        raise fail(f"no model was trained in {folder.parent}; a night with enough history trains one")
    try:
        with writer_lock(HomePaths(home_of(config, home)).writer_lock):
            registry = roll_back(folder, version)
    except (ArtifactError, WriterBusy) as error:
        raise fail(str(error)) from error
    typer.echo(f"{kind}: {registry.champion or 'recency-rule'} scores from the next night on")


def _tested(card: dict) -> str:  # type: ignore[type-arg]
    """What the card says of its own test, in a few words."""
    values = {
        row["metric"]: row["value"]
        for row in card["metrics"]
        if row["model_version"] == card["model_version"] and row["split"] == "test"
    }
    day = card["data"]["test"]["snapshots"][0]
    return (
        f"tested on {day}: PR-AUC {values['pr_auc']:.3f}, ROC-AUC {values['roc_auc']:.3f}, Brier {values['brier']:.3f}"
    )
