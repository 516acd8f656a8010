"""The cost of a full night on 1, 10 and 100 million events: time, memory, disk, compared with the smallest.

`python -m bench.sizes [--users 8000 80000 800000] [--memory 4GiB] [--home DIR]` simulates 60 days of a shop of each
size and runs one night from scratch with DuckDB limited to `--memory`. Prints a Markdown table; ratios per event show
whether the cost grows faster than the data. `--home DIR` keeps the homes (`DIR/<users>`) and reuses a shop found there.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from pathlib import Path

import duckdb

from bench.measure import Cost, machine
from bench.nights import growthhouse, simulated_home, step_seconds

DAYS, SEED = 60, 7
_FOLDERS = ("raw", "lake", "build", "versions", "ml")


def disk_gib(folder: Path) -> float:
    """Size of the files below a folder in GiB."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file() and not file.is_symlink()) / 2**30


def n_events(home: Path) -> int:
    """Events of the published warehouse."""
    with duckdb.connect(str((home / "data" / "warehouse.duckdb").resolve()), read_only=True) as con:
        return int(con.execute("select count(*) from marts.fct_events").fetchall()[0][0])


def measured(home: Path, users: int, memory: str) -> tuple[int, Cost, dict[str, float], dict[str, float]]:
    """Number of events, cost of the night, seconds by step, GiB by folder."""
    simulated_home(home, users, DAYS, SEED)
    shutil.rmtree(home / "data" / "raw" / "access", ignore_errors=True)
    cost = growthhouse(home, "run", environment={"GROWTH_MEMORY_LIMIT": memory})
    steps = {name: seconds for name, _, seconds in step_seconds(home)}
    return n_events(home), cost, steps, {name: disk_gib(home / "data" / name) for name in _FOLDERS}


def report(found: list[tuple[int, Cost, dict[str, float], dict[str, float]]], memory: str) -> str:
    """The measurement as Markdown."""
    out = [f"Machine: {machine()}. DuckDB's limit: {memory}.\n"]
    out.append("| | " + " | ".join(f"{events:,} events" for events, *_ in found) + " | last ÷ first, per event |")
    out.append("|---" * (len(found) + 2) + "|")
    growth = found[-1][0] / found[0][0]

    def row(name: str, values: list[float], digits: int = 1) -> None:
        ratio = f"{values[-1] / values[0] / growth:.2f}" if values[0] else ""
        out.append(f"| {name} | " + " | ".join(f"{value:,.{digits}f}" for value in values) + f" | {ratio} |")

    row("**night, wall s**", [cost.wall_s for _, cost, *_ in found])
    row("the same, CPU s", [cost.cpu_s for _, cost, *_ in found])
    row("peak memory, GiB", [cost.peak_gib for _, cost, *_ in found], 2)
    for name in found[-1][2]:
        row(f"{name}, s", [steps.get(name, 0.0) for _, _, steps, _ in found])
    for name in _FOLDERS:
        row(f"disk, {name}, GiB", [disk[name] for *_, disk in found], 2)
    return "\n".join(out)


def main() -> None:
    """Simulate, run, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--users", type=int, nargs="+", default=[8_000, 80_000, 800_000])
    parser.add_argument("--memory", default="4GiB")
    parser.add_argument("--home", type=Path)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        homes = [(chosen.home or Path(folder)) / str(users) for users in chosen.users]
        found = [measured(home, users, chosen.memory) for home, users in zip(homes, chosen.users, strict=True)]
        print(report(found, chosen.memory))


if __name__ == "__main__":
    main()
