"""The `growthhouse` command. Belongs here: arguments, exit codes, what a person reads. Not here: the work."""

from __future__ import annotations

import os
import sys
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.models import app as model_commands
from pipeline.cli.options import DEFAULT_CONFIG, Config, Home, command, fail, home_of
from pipeline.cli.report import report

if TYPE_CHECKING:
    from pipeline.home.paths import HomePaths

app = typer.Typer(
    name="growthhouse",
    help="Product-growth analytics in your own warehouse: raw interaction logs in, an audited DuckDB warehouse out.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(model_commands, name="models")


@app.command()
def init(
    folder: Annotated[Path | None, typer.Argument(help="Where to write growth.yaml; else where --config says.")] = None,
    config: Config = DEFAULT_CONFIG,
    home: Home = None,
) -> None:
    """Write a commented growth.yaml that validates."""
    from pipeline.settings import default_config_text

    target = folder / DEFAULT_CONFIG if folder else config
    if target.exists():
        raise fail(f"{target} exists; edit it, or move it away first")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(default_config_text(), encoding="utf-8")
    typer.echo(
        f"wrote {target}: point its sources at your logs, or run {command('simulate', target, home)} for a shop to try; "
        f"then {command('run', target, home)}"
    )


@app.command()
def simulate(
    config: Config = DEFAULT_CONFIG,
    home: Home = None,
    users: Annotated[int, typer.Option(min=1, help="People in the shop.")] = 5000,
    days: Annotated[int, typer.Option(min=1, help="Days of logs.")] = 60,
    seed: Annotated[int, typer.Option(help="Same seed, same bytes.")] = 7,
) -> None:
    """Write the raw logs of a shop with known ground truth under data/raw/."""
    from pipeline.home.paths import HomePaths
    from pipeline.home.permissions import make_private
    from pipeline.simulate import DEFAULT_CURRENCY, SimulationError
    from pipeline.simulate import simulate as simulate_shop

    currency = _checked_settings(config, home).site.currency if config.exists() else DEFAULT_CURRENCY
    try:
        make_private(HomePaths(home_of(config, home)))
        report = simulate_shop(home_of(config, home), users=users, days=days, seed=seed, currency=currency)
    except (SimulationError, OSError) as error:
        raise fail(str(error)) from error
    typer.echo(
        f"wrote {report.n_lines:,} tracker lines ({report.n_duplicates:,} duplicates, {report.n_malformed:,} malformed, "
        f"{report.n_late:,} late) of {report.n_persons:,} people from {report.first_day} to {report.last_day}\n"
        f"truth: {report.truth_file}"
    )


@app.command()
def run(
    config: Config = DEFAULT_CONFIG,
    home: Home = None,
    as_of: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Last date the night may know of.")
    ] = None,
    full_refresh: Annotated[bool, typer.Option(help="Rebuild the build database from the lake.")] = False,
    select: Annotated[str | None, typer.Option(help="Dagster asset selection, e.g. 'group:marts'.")] = None,
) -> None:
    """One night as a Dagster run. Exit 0: published; 1: a gate or step failed, nothing published; 2: bad config or input."""
    from pipeline.cli.night import NightError, run_night

    settings = _checked_settings(config, home)
    asked: date | None = as_of.date() if as_of else None
    try:
        outcome = run_night(
            config.resolve(), settings, as_of=asked, full_refresh=full_refresh, select=select, say=typer.echo
        )
    except NightError as error:
        raise fail(str(error), error.exit_code) from error
    typer.echo(outcome)


@app.command()
def backfill(
    first: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="First date to take in again.")],
    last: Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d"], help="Last date.")],
    config: Config = DEFAULT_CONFIG,
    home: Home = None,
) -> None:
    """Read the raw files of those days again, rebuild what hangs on them, and publish. Exit codes as for `run`."""
    from pipeline.cli.night import NightError, run_night
    from pipeline.ingest.backfill import nothing_there

    if last < first:
        raise fail(f"--from {first:%Y-%m-%d} is later than --to {last:%Y-%m-%d}")
    settings = _checked_settings(config, home)
    if problem := nothing_there(settings, (first.date(), last.date())):
        raise fail(f"{problem}. Nothing was read or published")
    try:
        outcome = run_night(config.resolve(), settings, backfill=(first.date(), last.date()), say=typer.echo)
    except NightError as error:
        raise fail(str(error), error.exit_code) from error
    typer.echo(outcome)


@app.command()
def sql(
    query: Annotated[str | None, typer.Argument(help="A query; without one, a shell.")] = None,
    config: Config = DEFAULT_CONFIG,
    home: Home = None,
) -> None:
    """Query the published warehouse, read-only and locked down."""
    import duckdb

    from pipeline.home.error_advice import is_database_damage
    from pipeline.publish.analyst import connect, print_result, shell

    paths = _published(config, home)
    try:
        with connect(paths) as con:
            if query is None:
                shell(con)
            else:
                print_result(con, query)
    except duckdb.Error as error:
        damaged = "the published version is damaged: `growthhouse doctor` leads back to the last whole one. "
        raise fail((damaged if is_database_damage(str(error)) else "") + str(error)) from error


@app.command()
def export(
    table: Annotated[str, typer.Argument(help="A published table, e.g. marts.retention.")],
    to: Annotated[Path, typer.Option("--to", help="FILE.csv, FILE.parquet or FILE.jsonl.")],
    config: Config = DEFAULT_CONFIG,
    home: Home = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file where it exists.")] = False,
) -> None:
    """Write a published table to a file that only you can read; cells of a CSV that look like formulas are disarmed."""
    from pipeline.publish.export import ExportError
    from pipeline.publish.export import export as export_table

    paths = _published(config, home)
    try:
        n_rows = export_table(paths, table, to, force=force)
    except ExportError as error:
        raise fail(str(error)) from error
    typer.echo(f"wrote {n_rows:,} rows of {table} to {to}")


@app.command()
def erase(
    user: Annotated[str | None, typer.Option("--user", help="A user_id as it comes in the raw data.")] = None,
    anonymous: Annotated[str | None, typer.Option("--anonymous", help="An anonymous_id as it comes.")] = None,
    config: Config = DEFAULT_CONFIG,
    home: Home = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="List the files that hold the person; change nothing.")
    ] = False,
) -> None:
    """Remove a person from every file, and prove it. Exit 0: gone; 1: nobody found, or something remains; 2: not begun."""
    from pipeline.home.lock import WriterBusy, writer_lock
    from pipeline.home.paths import HomePaths
    from pipeline.ingest import IngestError
    from pipeline.privacy import EraseError, erased_before, preview
    from pipeline.privacy import erase as erase_person

    if (user is None) == (anonymous is None):
        raise fail("say whom: either --user ID or --anonymous ID")
    run_night = command("run", config, home)
    settings = _checked_settings(config, home)
    kind, given = ("user", user) if user is not None else ("anonymous", anonymous or "")
    try:
        with writer_lock(HomePaths(settings.home).writer_lock):
            if dry_run:
                found = preview(settings, kind, given)
                for place, what in found.items():
                    typer.echo(f"{what:>9} {place}")
                typer.echo(f"{len(found)} files hold the person (rows, lines or words of each); nothing was changed")
                if not found:
                    raise fail("0 persons found; is it the id of the raw data?", 1)
                return
            report = erase_person(settings, kind, given, say=typer.echo)
    except (WriterBusy, EraseError, IngestError) as error:
        raise fail(str(error)) from error
    typer.echo(report.text())
    if not report.is_clean:
        raise fail("the person is not gone; see what remains above, mend it and run this again", 1)
    if report.is_counted and HomePaths(settings.home).warehouse.is_symlink():
        typer.secho(
            "still in   totals of the published version: marts.channel_attribution, marts.funnel_conversion, "
            f"marts.user_activity and others count the person until a night publishes: {run_night} now",
            fg=typer.colors.YELLOW,
        )
    if not report.removed:
        if earlier := erased_before(settings.data_dir, report):
            typer.echo(f"this id was erased at {earlier}")
        else:
            raise fail(
                "0 persons found: nothing was erased; is it the id of the raw data? Deliveries of it are refused", 1
            )


@app.command()
def doctor(
    config: Config = DEFAULT_CONFIG,
    home: Home = None,
    quick: Annotated[bool, typer.Option(help="Read no file from end to end.")] = False,
    accept_loss: Annotated[
        bool, typer.Option(help="Go on without damaged files of the lake whose raw file is gone.")
    ] = False,
) -> None:
    """Check configuration, disk, files, versions, locks and unfinished runs; repair what is safe. Exit 2: an error."""
    from pipeline.operate.doctor import examine
    from pipeline.privacy import stale_totals

    findings = examine(
        config.resolve(),
        home,
        quick=quick,
        accept_loss=accept_loss,
        end_dead_runs=_end_dead_runs,
        further=[stale_totals],
    )
    for finding in findings:
        colour = {"ok": typer.colors.GREEN, "warn": typer.colors.YELLOW}.get(finding.level, typer.colors.RED)
        typer.secho(f"{finding.level:5} {finding.text}", fg=colour)
    if any(finding.level == "error" for finding in findings):
        raise typer.Exit(2)


app.command()(report)


def _end_dead_runs(paths: HomePaths) -> list[str]:
    if not (paths.dagster / "dagster.yaml").exists():
        return []
    from pipeline.orchestration.dead_runs import end_dead_runs_of

    return end_dead_runs_of(paths)


def _published(config: Path, home: Path | None) -> HomePaths:
    from pipeline.home.paths import HomePaths

    paths = HomePaths(home_of(config, home))
    if not paths.warehouse.exists():
        # A query needs no config, so the one of this home may not have been named.
        of_run = config if config.exists() or not home else home / DEFAULT_CONFIG
        raise fail(f"no published warehouse at {paths.warehouse}; {command('run', of_run, home)} makes one")
    return paths


def _checked_settings(config: Path, home: Path | None):  # type: ignore[no-untyped-def]
    from pipeline.home.paths import HomePaths
    from pipeline.home.permissions import make_private
    from pipeline.settings import ConfigError, load_settings

    if not config.exists():
        raise fail(f"no configuration at {config}; {command('init', config, home)} writes one")
    try:
        settings = load_settings(config.resolve(), home.resolve() if home else None)
    except ConfigError as error:
        raise fail(str(error)) from error
    try:
        make_private(HomePaths(settings.home))
    except OSError as error:
        raise fail(
            f"{settings.home}: {error.strerror or error}; the home must be a folder this user may write"
        ) from error
    os.environ["GROWTH_CONFIG"] = str(config.resolve())
    os.environ["GROWTH_HOME"] = str(settings.home)
    return settings


if __name__ == "__main__":
    sys.exit(app())
