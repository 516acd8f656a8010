"""`growthhouse models`: lists model versions, and rolls back to one. Not here: the registry (`models.propensity`)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from pipeline.cli.options import DEFAULT_CONFIG, Config, Home, fail, resolve_home
from pipeline.home.paths import HomePaths

KINDS = ("churn", "purchase")
_RECENCY_RULE = "recency-rule"

app = typer.Typer(help="List the versions of the churn and purchase models; roll back to one.", no_args_is_help=True)


@app.command("list")
def list_versions(config: Config = DEFAULT_CONFIG, home: Home = None) -> None:
    """List the stored versions with their test on later data; `*` marks the one in use.

    Below each model: why that version is in use.
    """
    from models.common import ArtifactError
    from models.propensity import read_registry, versions

    for kind in KINDS:
        folder = _artifacts_of(kind, config, home)
        try:
            registry, cards = read_registry(folder), versions(folder)
        except ArtifactError as error:
            raise fail(str(error)) from error
        typer.secho(kind, bold=True)
        for name, card in sorted(cards.items(), key=lambda entry: entry[1]["data"]["test"]["snapshots"]):
            mark = "*" if name == registry.champion else " "
            note = "  (rolled back manually)" if name in registry.rejected else ""
            typer.echo(f" {mark} {name:45} {_describe_test(card)}{note}")
        if registry.champion is None:
            typer.echo(f" * {_RECENCY_RULE}")
        if registry.decisions:
            typer.echo(f"   why: {registry.decisions[-1].reason}")
        elif not cards:
            typer.echo("   no model has been trained yet")


@app.command("rollback")
def rollback(
    kind: Annotated[str, typer.Argument(help="churn or purchase")],
    version: Annotated[
        str | None, typer.Argument(help="The version to use. Default: the champion before this one.")
    ] = None,
    config: Config = DEFAULT_CONFIG,
    home: Home = None,
) -> None:
    """Use an earlier version from the next night on.

    The current version is not promoted again.
    """
    from models.common import ArtifactError
    from models.propensity import roll_back
    from pipeline.home.lock import WriterBusy, writer_lock

    if kind not in KINDS:
        raise fail(f"unknown model {kind}: expected one of {', '.join(KINDS)}")
    folder = _artifacts_of(kind, config, home)
    if not folder.is_dir():
        raise fail(f"no model has been trained in {folder.parent}; a night with enough history trains one")
    try:
        with writer_lock(HomePaths(resolve_home(config, home)).writer_lock):
            registry = roll_back(folder, version)
    except (ArtifactError, WriterBusy) as error:
        raise fail(str(error)) from error
    typer.echo(f"{kind}: {registry.champion or _RECENCY_RULE} scores from the next night on")


def _artifacts_of(kind: str, config: Path, home: Path | None) -> Path:
    return HomePaths(resolve_home(config, home)).ml / "artifacts" / kind


def _describe_test(card: dict[str, Any]) -> str:
    """Date and metrics of the version's own test."""
    values = {
        row["metric"]: row["value"]
        for row in card["metrics"]
        if row["model_version"] == card["model_version"] and row["split"] == "test"
    }
    metrics = f"PR-AUC {values['pr_auc']:.3f}, ROC-AUC {values['roc_auc']:.3f}, Brier {values['brier']:.3f}"
    return f"tested on {card['data']['test']['snapshots'][0]}: {metrics}"
