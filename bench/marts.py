"""The cost of the marts of a built home, and its funnels in ClickHouse's `windowFunnel` (chDB) and polars.

`python -m bench.marts --home DIR` rebuilds the mart layer on a copy of the build database and prints seconds per model.
Then chDB and polars, each in its own process, compute every funnel with order: ordered and entry: best from the same
events, exported to Parquet with one boolean column per step. The number of persons per level must agree. Needs
`requirements/bench.txt`. Without a home, a shop is simulated (`--users`).
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any

import duckdb

from bench.measure import machine, run_measured
from bench.nights import growthhouse, simulated_home
from pipeline.build.dbt_session import DbtSession, NodeOutcome
from pipeline.build.plan import BuildPlan
from pipeline.build.tables import layers
from pipeline.build.variables import RunContext, dbt_variables
from pipeline.home.paths import HomePaths
from pipeline.settings import load_settings

_FUNNEL_MODELS = ("fct_funnel_steps", "fct_funnel_entries", "funnel_conversion")


def rebuilt(paths: HomePaths, folder: Path, variables: dict[str, Any]) -> list[NodeOutcome]:
    """Rebuild the mart layer, models and tests, on a copy of the build database."""
    copy = HomePaths(folder)
    copy.build_db.parent.mkdir(parents=True)
    shutil.copyfile(paths.build_db, copy.build_db)
    found = DbtSession(copy).build(list(layers()["marts"]), variables | BuildPlan(True, "measured").variables())
    if broken := [f"{one.unique_id}: {one.message}" for one in found if not one.ok]:
        sys.exit("\n".join(broken))
    return found


def export(database: Path, funnel: dict[str, Any], file: Path) -> int:
    """Export the events of any step: person, microseconds and one boolean per step. Returns the number of rows."""
    tests = [
        f"event_name = '{step['event']}'" + (f" and ({step['where']})" if step["where"] else "")
        for step in funnel["steps"]
    ]
    columns = ", ".join(f"coalesce({test}, false) as s{number}" for number, test in enumerate(tests, 1))
    with duckdb.connect(str(database), read_only=True) as con:
        con.execute(
            f"copy (select person_id, epoch_us(event_at) as at_us, {columns} from marts.fct_events where not is_bot "
            f"and ({' or '.join(f'({test})' for test in tests)})) to '{file}' (format parquet)"
        )
        return int(con.execute(f"select count(*) from '{file}'").fetchall()[0][0])


def levels(database: Path, name: str) -> dict[int, int]:
    """Persons by deepest level, from the warehouse."""
    with duckdb.connect(str(database), read_only=True) as con:
        rows = con.execute(
            "select level, count(*) from marts.fct_funnel_entries where funnel_name = ? group by level", [name]
        ).fetchall()
    return {int(level): int(n) for level, n in rows}


def other(engine: str, file: Path, funnel: dict[str, Any]) -> tuple[float, float, dict[int, int]]:
    """Wall seconds, peak GiB and persons by level in another engine."""
    arguments = [engine, str(file), str(funnel["window_s"]), str(len(funnel["steps"]))]
    cost = run_measured([sys.executable, "-m", "bench.funnel_engines", *arguments])
    if cost.returncode:
        sys.exit(f"{engine} failed:\n{cost.output}")
    printed = json.loads(cost.output.splitlines()[-1])
    return printed["seconds"], cost.peak_gib, {int(level): n for level, n in printed["levels"].items() if int(level)}


def report(found: list[NodeOutcome]) -> str:
    """Seconds per model of the mart layer, slowest first, and of all its tests."""
    models = [one for one in found if one.unique_id.startswith("model.")]
    tests = sum(one.seconds for one in found) - sum(one.seconds for one in models)
    out = ["| model | s |", "|---|---|", f"| **all {len(models)} models** | {sum(m.seconds for m in models):.1f} |"]
    out += [
        f"| {one.unique_id.split('.')[-1]} | {one.seconds:.1f} |" for one in sorted(models, key=lambda m: -m.seconds)
    ]
    return "\n".join([*out, f"| their {len(found) - len(models)} tests | {tests:.1f} |"])


def compare(paths: HomePaths, funnels: list[dict[str, Any]], seconds: dict[str, float], folder: Path) -> str:
    """Each funnel in each engine, as Markdown."""
    mine = sum(seconds[name] for name in _FUNNEL_MODELS)
    out = [f"\nAll funnels, with persons and cells in three tables of the warehouse: {mine:.1f} s. Levels only:\n"]
    out += ["| funnel | events | engine | s | peak GiB | levels |", "|---|---|---|---|---|---|"]
    for funnel in funnels:
        if (funnel["order"], funnel["entry"], funnel["scope"]) != ("ordered", "best", "person"):
            continue
        file = folder / f"{funnel['name']}.parquet"
        n = export(paths.warehouse.resolve(), funnel, file)
        ours = levels(paths.warehouse.resolve(), funnel["name"])
        for engine in ("chdb", "polars"):
            wall, peak, theirs = other(engine, file, funnel)
            agreement = "equal" if theirs == ours else f"differ: {theirs}, ours {ours}"
            out.append(f"| {funnel['name']} | {n:,} | {engine} | {wall:.1f} | {peak:.1f} | {agreement} |")
    return "\n".join(out)


def main() -> None:
    """Build, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--home", type=Path)
    parser.add_argument("--users", type=int, default=80_000)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        home = chosen.home or folder / "shop"
        paths = HomePaths(home)
        if not paths.warehouse.exists():
            simulated_home(home, chosen.users, days=60, seed=7)
            growthhouse(home, "run")
        settings = load_settings(home / "growth.yaml", home)
        variables = dbt_variables(settings, paths, RunContext.read(paths.run_context))
        found = rebuilt(paths, folder / "copy", variables)
        seconds: dict[str, float] = defaultdict(float)
        for one in found:
            seconds[one.unique_id.split(".")[-1]] += one.seconds
        print(f"Machine: {machine()}.\n\n{report(found)}")
        print(compare(paths, variables["funnels"], seconds, folder))


if __name__ == "__main__":
    main()
