"""`growthhouse erase`: what is printed of an erasure, and its exit code. Not here: erasing (`pipeline.privacy`)."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.guard import explaining_stop
from pipeline.cli.options import DEFAULT_CONFIG, Config, Home, fail, quote_command, read_settings

if TYPE_CHECKING:
    from pipeline.privacy import Proof, Share
    from pipeline.settings import Settings


def erase(
    user: Annotated[str | None, typer.Option("--user", help="A user_id as in the raw data.")] = None,
    anonymous: Annotated[str | None, typer.Option("--anonymous", help="An anonymous_id as in the raw data.")] = None,
    config: Config = DEFAULT_CONFIG,
    home: Home = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="List the files that hold the person; change nothing.")
    ] = False,
    also: Annotated[
        list[str] | None,
        typer.Option("--also", help="A longer word that means the person too, as --dry-run lists it; can be repeated."),
    ] = None,
    also_from: Annotated[
        Path | None, typer.Option("--also-from", help="A file of such words, one a line; # begins a comment.")
    ] = None,
    leave_rest: Annotated[
        bool, typer.Option("--leave-rest", help="The longer words that are not named are not the person.")
    ] = False,
    yes: Annotated[
        bool, typer.Option("--yes", help="Do not ask, however many lines go (privacy.max_erased_rate).")
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
    words = [*(also or []), *_words_of(also_from)]
    arguments = [f"--{kind}", given, *(part for word in words for part in ("--also", word))]
    arguments += ["--leave-rest"] * leave_rest

    def agree(share: Share) -> bool:
        return yes or _ask(share, quote_command("erase", config, home, *arguments, "--yes"))

    try:
        with writer_lock(HomePaths(settings.home).writer_lock):
            if dry_run:
                _print_preview(settings, kind, given, words)
                return
            with explaining_stop(lambda: _describe_stop(settings)):
                proof = erase_person(
                    settings, kind, given, also=words, is_rest_left=leave_rest, say=typer.echo, agree=agree
                )
    except (WriterBusy, EraseError, IngestError) as error:
        raise fail(str(error)) from error
    _print_proof(proof, settings, quote_command("run", config, home))


def _words_of(path: Path | None) -> list[str]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines() if path else []
    except (OSError, UnicodeDecodeError) as error:
        raise fail(f"--also-from {path}: {getattr(error, 'strerror', None) or error}") from error
    return [word for line in lines if (word := line.strip()) and not word.startswith("#")]


def _ask(share: Share, command: str) -> bool:
    """Only a person at a terminal can agree; a script has to say so in its command."""
    if not sys.stdin.isatty():
        raise fail(f"{share.text}. Nothing was changed; if that is right: {command}")
    return typer.confirm(f"{share.text}. Erase them?")


def _describe_stop(settings: Settings) -> str:
    from pipeline.privacy import is_pending

    if is_pending(settings):
        return "the erasure is not complete: run the same command again, or a night completes it first"
    return "nothing was erased"


def _print_preview(settings: Settings, kind: str, given: str, words: list[str]) -> None:
    from pipeline.privacy import preview

    searched = preview(settings, kind, given, also=words)
    for place, amount in searched.found.items():
        typer.echo(f"{amount:>9} {place}")
    for place, why in searched.remaining.items():
        typer.echo(f"        ? {place}: {why}")
    if searched.longer:
        typer.echo("longer words with the id in lines of others; --also WORD erases those too:")
        for line in searched.longer_text():
            typer.echo(line)
    if searched.others:
        typer.echo(f"{len(searched.others)} more go on with a digit or a letter, and are taken for other ids")
    n_files = len(searched.found)
    typer.echo(f"{n_files} files hold the person (rows, lines or words in each); nothing was changed")
    if not searched.found and not searched.longer:
        raise fail("0 persons found; is it the id of the raw data?", 1)


def _print_proof(proof: Proof, settings: Settings, run: str) -> None:
    from pipeline.home.paths import HomePaths
    from pipeline.privacy import erased_before

    typer.echo(proof.text())
    if proof.is_undecided and not proof.remaining:
        raise fail(
            "longer words with the id are left, see above; erase again with --also WORD for each that means the "
            "person, and --leave-rest if the others do not",
            1,
        )
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
