"""The cost of one person with millions of events, compared with the same events of thousands of persons.

`python -m bench.one_person [--events 5000000]` writes the same log twice, with one user id and with 20,000, and runs a
night on each, then one more night with a new day. Prints a Markdown table with ratios.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from datetime import datetime, timedelta
from pathlib import Path

from bench.measure import Cost, machine
from bench.nights import growthhouse, step_seconds

START, DAYS = datetime(2026, 1, 1), 60
_NAMES = (
    "page_view",
    "view_item",
    "view_item",
    "add_to_cart",
    "search",
    "view_item",
    "page_view",
    "begin_checkout",
    "purchase",
)


def write_day(folder: Path, day: int, n_events: int, n_users: int) -> None:
    """The log of one day, with events evenly spaced, so that no minute has enough to look like a bot."""
    folder.mkdir(parents=True, exist_ok=True)
    start = START + timedelta(days=day)
    with (folder / f"events-{start:%Y-%m-%d}.jsonl").open("w", encoding="utf-8") as file:
        for number in range(n_events):
            at = start + timedelta(seconds=86400 * number / n_events)
            file.write(
                f'{{"event":"{_NAMES[number % len(_NAMES)]}","timestamp":"{at.isoformat(timespec="milliseconds")}Z",'
                f'"userId":"u{number % n_users}","eventId":"{day}-{number}","productId":"i{number % 997}","price":5}}\n'
            )


def measured(home: Path, n_events: int, n_users: int) -> tuple[Cost, Cost, dict[str, float]]:
    """The cost of the night on the history and of the one with a new day, and the steps of the first."""
    growthhouse(home, "init", str(home))
    raw = home / "data" / "raw" / "shop"
    for day in range(DAYS):
        write_day(raw, day, n_events // DAYS, n_users)
    whole = growthhouse(home, "run")
    steps = {name: seconds for name, _, seconds in step_seconds(home)}
    write_day(raw, DAYS, n_events // DAYS, n_users)
    return whole, growthhouse(home, "run"), steps


def main() -> None:
    """Write, run, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=5_000_000)
    chosen = parser.parse_args()
    found = []
    for n_users in (20_000, 1):
        with tempfile.TemporaryDirectory() as folder:
            found.append(measured(Path(folder), chosen.events, n_users))
            print(f"{n_users} persons done", file=sys.stderr)
    (many, many_next, many_steps), (one, one_next, one_steps) = found
    print(f"Machine: {machine()}. {chosen.events:,} events over {DAYS} days.\n")
    print("| | 20,000 persons | one person | ratio |\n|---|---|---|---|")
    rows = [
        ("**night on all events, wall s**", many.wall_s, one.wall_s),
        ("the same, CPU s", many.cpu_s, one.cpu_s),
        ("the same, peak memory GiB", many.peak_gib, one.peak_gib),
        ("a night with one new day, wall s", many_next.wall_s, one_next.wall_s),
        *((f"{name}, s", seconds, one_steps.get(name, 0.0)) for name, seconds in many_steps.items()),
    ]
    for name, a, b in rows:
        print(f"| {name} | {a:.1f} | {b:.1f} | {b / a if a else float('nan'):.2f} |")


if __name__ == "__main__":
    main()
