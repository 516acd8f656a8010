"""The cost of a night after 30 and after 365 days of history, with the same new day.

`python -m bench.scaling [--users 10000]` simulates a year once and builds two homes (the complete year, and its last 30
days), then delivers the same next day to both and measures that night. Prints a Markdown table with ratios.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from datetime import date
from pathlib import Path

from bench.measure import Cost, machine
from bench.nights import growthhouse, step_seconds
from pipeline.simulate import simulate

LONG, SHORT = 365, 30
START = date(2025, 1, 1)


def homes(folder: Path, users: int) -> tuple[list[Path], Path]:
    """Homes with the short and the long history, and the file of the following day."""
    year = folder / "days365"
    growthhouse(year, "init", str(year))
    simulate(year, users=users, days=LONG + 1, seed=7, start=START)
    shutil.rmtree(year / "data" / "raw" / "access")
    files = sorted((year / "data" / "raw" / "shop").iterdir())
    new = folder / files[-1].name
    files[-1].rename(new)
    month = folder / "days30"
    growthhouse(month, "init", str(month))
    (month / "data" / "raw" / "shop").mkdir(parents=True)
    for file in files[-1 - SHORT : -1]:
        shutil.copy2(file, month / "data" / "raw" / "shop")
    return [month, year], new


def measured(home: Path, new: Path) -> tuple[Cost, Cost, list[tuple[str, float, float]]]:
    """The cost of the full build and of the night with a new day, and the steps of the latter."""
    history = growthhouse(home, "run")
    shutil.copy2(new, home / "data" / "raw" / "shop")
    night = growthhouse(home, "run")
    return history, night, step_seconds(home)


def report(found: list[tuple[Cost, Cost, list[tuple[str, float, float]]]]) -> str:
    """The measurement as Markdown."""
    (_, short, _), (_, long, _) = found
    out = [f"Machine: {machine()}.\n", "| | 30 days | 365 days | ratio |", "|---|---|---|---|"]
    full, night = ([history.wall_s for history, _, _ in found], [short.wall_s, long.wall_s])
    for name, (a, b) in (("full build, wall s", full), ("**night with one new day, wall s**", night)):
        out.append(f"| {name} | {a:.1f} | {b:.1f} | {b / a:.2f} |")
    out.append(f"| the same, CPU s | {short.cpu_s:.1f} | {long.cpu_s:.1f} | {long.cpu_s / short.cpu_s:.2f} |")
    out.append(f"| the same, peak memory GiB | {short.peak_gib:.2f} | {long.peak_gib:.2f} | |")
    steps = [{name: seconds for name, _, seconds in steps} for _, _, steps in found]
    for name in steps[1]:
        a, b = steps[0].get(name, 0.0), steps[1][name]
        out.append(f"| {name}, s | {a:.1f} | {b:.1f} | {b / a if a else float('nan'):.2f} |")
    return "\n".join(out)


def main() -> None:
    """Build both homes, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--users", type=int, default=10_000)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        both, new = homes(Path(folder), chosen.users)
        found = [measured(home, new) for home in both]
        print(report(found))
        for home, (_, night, _) in zip(both, found, strict=True):
            print(f"{home.name}: {night.output.splitlines()[-8]}", file=sys.stderr)


if __name__ == "__main__":
    main()
