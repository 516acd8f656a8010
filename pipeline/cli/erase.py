"""`growthhouse erase`: what is printed of an erasure, and its exit code. Not here: erasing (`pipeline.privacy`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.options import DEFAULT_CONFIG, Config, Home, fail, quote_command, read_settings

if TYPE_CHECKING:
    from pipeline.privacy import Proof
    from pipeline.settings import Settings


def erase(
    user: Annotated[str | None, typer.Option("--user", help="A user_id as in the raw data.")] = None,
    anonymous: Annotated[str | None, typer.Option("--anonymous", help="An anonymous_id as in the raw data.")] = None,
    config: Config = DEFAULT_CONFIG,
    home: Home = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="List the files that hold the person; change nothing.")
    ] = False,
) -> None:
    """Erase a person from every file, and verify it.

    Exit codes: 0 erased; 1 nobody found, or something remains; 2 not started.
    """
    from pipeline.home.lock import WriterBusy, writer_lock
    from pipeline.home.paths import HomePaths
    from pipeline.ingest import IngestError
    from pipeline.privacy import EraseError
    from pipeline.privacy import erase as erase_person

    if (user is None) == (anonymous is None):
        raise fail("name one person: either --user ID or --anonymous ID")
    settings = read_settings(config, home)
    kind, given = ("user", user) if user is not None else ("anonymous", anonymous or "")
    try:
        with writer_lock(HomePaths(settings.home).writer_lock):
            if dry_run:
                _print_preview(settings, kind, given)
                return
            proof = erase_person(settings, kind, given, say=typer.echo)
    except (WriterBusy, EraseError, IngestError) as error:
        raise fail(str(error)) from error
    _print_proof(proof, settings, quote_command("run", config, home))


def _print_preview(settings: Settings, kind: str, given: str) -> None:
    from pipeline.privacy import preview

    found = preview(settings, kind, given)
    for place, amount in found.items():
        typer.echo(f"{amount:>9} {place}")
    typer.echo(f"{len(found)} files hold the person (rows, lines or words in each); nothing was changed")
    if not found:
        raise fail("0 persons found; is it the id of the raw data?", 1)


def _print_proof(proof: Proof, settings: Settings, run: str) -> None:
    from pipeline.home.paths import HomePaths
    from pipeline.privacy import erased_before

    typer.echo(proof.text())
    if not proof.is_clean:
        raise fail("the person is not fully erased; see above what remains, repair it and run this again", 1)
    if proof.is_counted and HomePaths(settings.home).warehouse.is_symlink():
        typer.secho(
            "still in   totals of the published version: marts.channel_attribution, marts.funnel_conversion, "
            f"marts.user_activity and others count the person until a night publishes: {run} now",
            fg=typer.colors.YELLOW,
        )
    if proof.removed:
        return
    earlier = erased_before(settings.data_dir, proof)
    if earlier is None:
        raise fail("0 persons found: nothing was erased; is it the id of the raw data? Its deliveries are refused", 1)
    typer.echo(f"this id was erased at {earlier}")
