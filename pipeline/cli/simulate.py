"""`growthhouse simulate`: raw logs to try the project with. Not here: the simulation (`pipeline.simulate`)."""

from __future__ import annotations

from typing import Annotated

import typer

from pipeline.cli.guard import explaining_stop
from pipeline.cli.options import DEFAULT_CONFIG, Config, Home, fail, read_settings, resolve_home


def simulate(
    config: Config = DEFAULT_CONFIG,
    home: Home = None,
    users: Annotated[int, typer.Option(min=1, help="People in the shop.")] = 5000,
    days: Annotated[int, typer.Option(min=1, max=36_500, help="Days of logs.")] = 60,
    seed: Annotated[int, typer.Option(help="The same seed gives the same bytes.")] = 7,
) -> None:
    """Write the raw logs of a simulated shop with known ground truth to data/raw/."""
    from pipeline.home.paths import HomePaths
    from pipeline.home.permissions import make_private
    from pipeline.simulate import DEFAULT_CURRENCY, SimulationError
    from pipeline.simulate import simulate as simulate_shop

    currency = read_settings(config, home).site.currency if config.exists() else DEFAULT_CURRENCY
    folder = resolve_home(config, home)
    try:
        make_private(HomePaths(folder))
        with explaining_stop(lambda: f"{folder / 'data' / 'raw'} has nothing of this simulation"):
            report = simulate_shop(folder, users=users, days=days, seed=seed, currency=currency)
    except (SimulationError, OSError) as error:
        raise fail(str(error)) from error
    typer.echo(
        f"wrote {report.n_lines:,} tracker lines ({report.n_duplicates:,} duplicates, "
        f"{report.n_malformed:,} malformed, {report.n_late:,} late) of {report.n_persons:,} people "
        f"from {report.first_day} to {report.last_day}\n"
        f"truth: {report.truth_file}"
    )
