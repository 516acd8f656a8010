"""Where the CPU time of a night with nothing new goes: `python -m bench.empty_night [--users 5000 --days 60]`.

After the first night, two more run on the same files: a plain one, for the total, and an instrumented one that reads
its CPU clock after the start of Python, after each large import, and at the start of each step.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path

from bench.measure import Cost, machine, run_measured
from bench.nights import growthhouse, simulated_home

# Imported in this order; each line counts what it adds to those above.
IMPORTS = {
    "import duckdb, pandas": ("duckdb", "pandas"),
    "import Dagster": ("dagster",),
    "import dagster-dbt": ("dagster_dbt",),
    "import dbt and its DuckDB adapter": ("dbt.cli.main", "dbt.adapters.duckdb.connections"),
    "import Great Expectations": ("great_expectations", "expectations.validation"),
    "import scikit-learn, XGBoost, models": ("models",),
}
DEFINITIONS = "definitions (assets, checks, job)"
PLAN = "instance, execution plan"
MARK = "CPU "


def instrumented(home: Path) -> None:
    """Run one night in this process and print CPU seconds at every mark, including finished children."""

    def mark(name: str) -> None:
        times = os.times()
        print(MARK + json.dumps([name, times.user + times.system + times.children_user + times.children_system]))

    mark("Python itself")
    for name, modules in IMPORTS.items():
        for module in modules:
            __import__(module)
        mark(name)
    import pipeline.definitions
    from pipeline.cli.night import run_night
    from pipeline.settings import load_settings

    assert pipeline.definitions.defs
    mark(DEFINITIONS)
    current = [PLAN]

    def say(text: str) -> None:
        """A line "12.3 s  step" starts a step; the time before belongs to the current one."""
        step = text.split(" s  ", 1)[-1].strip()
        if step and ":" not in step and " " not in step:
            mark(current[0])
            current[0] = step

    config = home / "growth.yaml"
    run_night(config, load_settings(config, home), say=say)
    mark(current[0])


def breakdown(marks: list[tuple[str, float]], total: float) -> list[tuple[str, float]]:
    """CPU seconds of each part, in order; the time after the last mark is process exit."""
    parts, before = [], 0.0
    for name, at in marks:
        parts.append((name, at - before))
        before = at
    return [*parts, ("process exit", total - before)]


def report(plain: Cost, marked: Cost) -> str:
    """The measurement as Markdown."""
    marks = [json.loads(line[len(MARK) :]) for line in marked.output.splitlines() if line.startswith(MARK)]
    out = [
        f"Machine: {machine()}.\n",
        f"`growthhouse run` with nothing new: **{plain.cpu_s:.1f} s of CPU**, {plain.wall_s:.1f} s of wall time, "
        f"{plain.peak_gib:.1f} GiB.\n",
        f"| part (instrumented run, {marked.cpu_s:.1f} s of CPU) | CPU s |",
        "|---|---|",
    ]
    out += [f"| {name} | {seconds:.1f} |" for name, seconds in breakdown([(n, at) for n, at in marks], marked.cpu_s)]
    return "\n".join(out)


def main() -> None:
    """Simulate and run a first night if needed, then measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--users", type=int, default=5000)
    parser.add_argument("--days", type=int, default=60)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--home", type=Path, help="keep the shop in this home, or use one that already had a night")
    parser.add_argument("--instrumented", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.instrumented:
        instrumented(chosen.instrumented)
        return
    with tempfile.TemporaryDirectory() as folder:
        home = (chosen.home or Path(folder)).resolve()
        home.mkdir(parents=True, exist_ok=True)
        simulated_home(home, chosen.users, chosen.days, chosen.seed)
        if not (home / "data" / "warehouse.duckdb").exists():
            growthhouse(home, "run")
        plain = growthhouse(home, "run")
        marked = run_measured([sys.executable, "-m", "bench.empty_night", "--instrumented", str(home)])
        if marked.returncode:
            sys.exit(marked.output)
        print(report(plain, marked))


if __name__ == "__main__":
    main()
