"""One full night on a simulated shop, compared with the same core work in bare DuckDB and in pandas.

`python -m bench.nights [--users 80000 --days 60]` prints a Markdown report: time per step, events per second, peak
memory, and whether the three agree on events, persons, sessions, funnel and retention.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import duckdb

from bench.measure import Cost, machine, run_measured

WAREHOUSE_QUERIES = {
    "events": "select count(*) from marts.fct_events",
    "persons": "select count(distinct person_id) from marts.fct_events",
    "sessions": "select count(*) from marts.fct_sessions",
    "funnel": "select n_reached from marts.funnel_conversion where funnel_name = 'purchase' and period = 'all' "
    "and breakdown_value is null order by step_number",
    "retention": "select period_number, sum(n_retained)::bigint from marts.retention "
    "where mode = 'calendar_on' and grain = 'day' group by 1 order by 1",
}


def growthhouse(home: Path, command: str, *arguments: str, environment: dict[str, str] | None = None) -> Cost:
    """Run one command on a home in its own process; a failure ends the benchmark."""
    given = [] if command == "init" else ["--config", str(home / "growth.yaml")]
    found = run_measured([sys.executable, "-m", "pipeline.cli", command, *given, *arguments], environment)
    if found.returncode:
        sys.exit(f"growthhouse {command} failed:\n{found.output}")
    return found


def simulated_home(home: Path, users: int, days: int, seed: int) -> None:
    """Create a home with the logs of a simulated shop, unless it has them already."""
    if (home / "data" / "simulated_truth.json").exists():
        return
    growthhouse(home, "init", str(home))
    cost = growthhouse(home, "simulate", "--users", str(users), "--days", str(days), "--seed", str(seed))
    print(f"simulated in {cost.wall_s:.0f} s", file=sys.stderr)


def step_seconds(home: Path) -> list[tuple[str, float, float]]:
    """Name, start (seconds since the run's first step) and duration of every step of the latest run."""
    os.environ["DAGSTER_HOME"] = str(home / "data" / "dagster")
    import dagster as dg

    with dg.DagsterInstance.get() as instance:
        (run,) = instance.get_runs(limit=1)
        stats = [s for s in instance.get_run_step_stats(run.run_id) if s.start_time and s.end_time]
    stats.sort(key=lambda s: s.start_time or 0.0)
    first = stats[0].start_time or 0.0
    return [(s.step_key, (s.start_time or 0.0) - first, (s.end_time or 0.0) - (s.start_time or 0.0)) for s in stats]


def warehouse_figures(home: Path) -> dict[str, Any]:
    """The figures that the bare scripts print, from the published warehouse."""
    with duckdb.connect(str((home / "data" / "warehouse.duckdb").resolve()), read_only=True) as con:
        rows = {name: con.execute(query).fetchall() for name, query in WAREHOUSE_QUERIES.items()}
    single = {name: rows[name][0][0] for name in ("events", "persons", "sessions")}
    return {**single, "funnel": [n for (n,) in rows["funnel"]], "retention": [list(row) for row in rows["retention"]]}


def bare(module: str, *arguments: str) -> tuple[Cost, dict[str, Any]]:
    """The cost of a bare script, and its output."""
    cost = run_measured([sys.executable, "-m", f"bench.{module}", *arguments])
    return cost, json.loads(cost.output) if cost.returncode == 0 else {}


def difference(ours: Any, theirs: Any) -> str:
    """`equal`, or the largest relative difference."""
    if ours == theirs:
        return "equal"
    pairs = list(zip(_flat(ours), _flat(theirs), strict=False))
    return f"differs by at most {max(abs(a - b) / max(a, 1) for a, b in pairs):.4%}"


def _flat(value: Any) -> list[float]:
    return [n for item in value for n in _flat(item)] if isinstance(value, list) else [float(value)]


def report(
    night: Cost,
    steps: list[tuple[str, float, float]],
    bares: dict[str, tuple[Cost, dict[str, Any]]],
    ours: dict[str, Any],
    n_lines: int,
) -> str:
    """The measurement as Markdown."""
    out = [
        f"Machine: {machine()}.\n",
        f"{n_lines:,} lines, {ours['events']:,} events, {ours['persons']:,} persons, {ours['sessions']:,} sessions.\n",
        "| | wall s | CPU s | peak memory GiB | events/s | night is × |",
        "|---|---|---|---|---|---|",
        _row("**one full night** (`growthhouse run`)", night, ours["events"], night.wall_s),
    ]
    for name, (cost, printed) in bares.items():
        if printed:
            # A script that read only some of the files is compared by its rate.
            whole = cost.wall_s * ours["events"] / printed["figures"]["events"]
            out.append(_row(name, cost, printed["figures"]["events"], night.wall_s / whole * cost.wall_s))
        else:
            out.append(f"| {name} | failed (exit {cost.returncode}) | | {cost.peak_gib:.1f} | | |")
    out += ["\n| step of the night | from s | s |", "|---|---|---|"]
    out += [f"| {name} | {start:.1f} | {seconds:.1f} |" for name, start, seconds in steps]
    in_steps = sum(seconds for _, _, seconds in steps)
    out.append(f"| start-up, between steps, shutdown | | {night.wall_s - in_steps:.1f} |")
    for name, (_, printed) in bares.items():
        if printed:
            seconds = ", ".join(f"{step} {value:.1f}" for step, value in printed["seconds"].items())
            agreed = ", ".join(f"{key} {difference(ours[key], printed['figures'][key])}" for key in ours)
            out.append(f"\n{name}: {seconds} s. Compared with the warehouse: {agreed}.")
    return "\n".join(out)


def _row(name: str, cost: Cost, n_events: int, night_wall_s: float) -> str:
    return (
        f"| {name} | {cost.wall_s:.1f} | {cost.cpu_s:.1f} | {cost.peak_gib:.1f} | {n_events / cost.wall_s:,.0f} | "
        f"{night_wall_s / cost.wall_s:.2f} |"
    )


def main() -> None:
    """Simulate if needed, run all three, print the report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--users", type=int, default=80_000)
    parser.add_argument("--days", type=int, default=60)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument(
        "--home", type=Path, help="keep the shop in this home; its built state is removed before the night"
    )
    parser.add_argument(
        "--pandas-files", type=int, help="number of daily files for pandas, if all do not fit into memory"
    )
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = (chosen.home or Path(folder) / "shop").resolve()
        home.mkdir(parents=True, exist_ok=True)
        simulated_home(home, chosen.users, chosen.days, chosen.seed)
        for built in ("lake", "build", "ml", "ops", "versions", "dagster"):
            shutil.rmtree(home / "data" / built, ignore_errors=True)
        (home / "data" / "warehouse.duckdb").unlink(missing_ok=True)
        night = growthhouse(home, "run")
        print(f"night: {night.wall_s:.0f} s", file=sys.stderr)
        bares = {"bare DuckDB script": bare("bare_duckdb", str(home), str(Path(folder) / "bare.duckdb"))}
        part = [str(chosen.pandas_files)] if chosen.pandas_files else []
        name = f"pandas script ({chosen.pandas_files} of {chosen.days} days)" if part else "pandas script"
        bares[name] = bare("bare_pandas", str(home), *part)
        n_lines = json.loads((home / "data" / "simulated_truth.json").read_text())["totals"]["n_lines"]
        print(report(night, step_seconds(home), bares, warehouse_figures(home), n_lines))


if __name__ == "__main__":
    main()
