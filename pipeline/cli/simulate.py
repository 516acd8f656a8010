"""`growthhouse simulate`: raw logs to try the project with. Not here: the simulation (`pipeline.simulate`)."""

from __future__ import annotations

from typing import Annotated

import typer

from pipeline.cli.guard import explaining_stop, say
from pipeline.cli.options import DEFAULT_CONFIG, Config, Home, fail, read_settings, resolve_home


def simulate(
    config: Config = DEFAULT_CONFIG,
    home: Home = None,
    users: Annotated[int, typer.Option(min=1, help="People in the shop.")] = 5000,
    days: Annotated[int, typer.Option(min=1, max=36_500, help="Days of logs.")] = 60,
    seed: Annotated[int, typer.Option(help="The same seed gives the same bytes.")] = 7,
    live: Annotated[
        str | None,
        typer.Option(
            metavar="URL", help="Send the events to the collector at this address instead; the last day is today."
        ),
    ] = None,
    key: Annotated[str, typer.Option(help="The write key for --live.")] = "",
    vendor: Annotated[
        str,
        typer.Option(
            "--as",
            metavar="FORMAT",
            help="The format of the events: tracker, segment, mixpanel, amplitude, ga4, posthog or sensors.",
        ),
    ] = "tracker",
) -> None:
    """Write the raw logs of a simulated shop with known ground truth to data/raw/, or send them to a collector."""
    from pipeline.home.error_advice import describe_unwritten
    from pipeline.home.paths import HomePaths
    from pipeline.home.permissions import make_private
    from pipeline.simulate import DEFAULT_CURRENCY, SimulationError
    from pipeline.simulate import simulate as simulate_shop

    currency = read_settings(config, home).site.currency if config.exists() else DEFAULT_CURRENCY
    if live is not None:
        if vendor != "tracker":
            raise fail("a collector takes tracker lines: leave out --as, or --live")
        _send_live(live, key, users, days, seed, currency)
        return
    folder = resolve_home(config, home)
    try:
        make_private(HomePaths(folder))
        with explaining_stop(lambda: f"{folder / 'data' / 'raw'} has nothing of this simulation"):
            report = simulate_shop(folder, users=users, days=days, seed=seed, currency=currency, vendor=vendor)
    except SimulationError as error:
        raise fail(str(error)) from error
    except OSError as error:
        raise fail(describe_unwritten(error, folder / "data" / "raw", "choose another --home")) from error
    typer.echo(
        f"wrote {report.n_lines:,} {vendor} lines ({report.n_duplicates:,} duplicates, "
        f"{report.n_malformed:,} malformed, {report.n_late:,} late) of {report.n_persons:,} people "
        f"from {report.first_day} to {report.last_day}\n"
        f"truth: {report.truth_file}"
        + ("" if vendor == "tracker" else f"\nthe source that reads them needs `format: {vendor}` in the config")
    )


def _send_live(url: str, key: str, users: int, days: int, seed: int, currency: str) -> None:
    """Until the day ends, or Ctrl-C."""
    from pipeline.simulate import Sender, Shop, SimulationError, send_live

    try:
        sent = send_live(Sender(url, key), Shop(users, days, seed, currency), say)
    except (SimulationError, OSError) as error:
        raise fail(str(error)) from error
    say(f"sent {sent.n_accepted:,} events; the collector rejected {sent.n_rejected:,}")
