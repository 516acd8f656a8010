"""One ordered funnel, best entry per person, in another engine.

`python -m bench.funnel_engines ENGINE FILE WINDOW_S STEPS`, where FILE is Parquet with person_id, at_us (microseconds)
and booleans s1 … sN, prints JSON: seconds, persons by level. Belongs here: what somebody without growthhouse would
write. Not here: our SQL.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any


def chdb(file: str, window_us: int, n_steps: int) -> dict[int, int]:
    """ClickHouse's aggregate function, in process."""
    import chdb as engine

    steps = ", ".join(f"s{number}" for number in range(1, n_steps + 1))
    rows = engine.query(
        f"select level, count() from (select windowFunnel({window_us})(toUInt64(at_us), {steps}) as level "
        f"from file('{file}', Parquet) group by person_id) group by level",
        "JSONCompact",
    )
    return {int(level): int(n) for level, n in json.loads(str(rows))["data"]}


def polars(file: str, window_us: int, n_steps: int) -> dict[int, int]:
    """One forward as-of join per step from every entry. Only for steps without common events: a row may count twice."""
    import polars as pl

    events: Any = pl.scan_parquet(file).sort("at_us")
    reached: Any = events.filter("s1").select("person_id", "at_us", entry_us="at_us", level=pl.lit(1))
    best: list[Any] = [reached]
    for number in range(2, n_steps + 1):
        step = events.filter(f"s{number}").select("person_id", "at_us", next_us="at_us")
        reached = (
            reached.sort("at_us")
            .join_asof(step, on="at_us", by="person_id", strategy="forward", check_sortedness=False)
            .filter(pl.col("next_us") <= pl.col("entry_us") + window_us)
            .select("person_id", "entry_us", at_us="next_us", level=pl.lit(number))
        )
        best.append(reached)
    deepest = pl.concat([one.select("person_id", "level") for one in best])
    counted = deepest.group_by("person_id").agg(pl.col("level").max()).group_by("level").len()
    return {int(level): int(n) for level, n in counted.collect().rows()}


def main() -> None:
    """Run one engine on one file and print the result."""
    name, file, window_s, n_steps = sys.argv[1:]
    engine = {"chdb": chdb, "polars": polars}[name]
    started = time.perf_counter()
    found = engine(file, int(window_s) * 1_000_000, int(n_steps))
    print(json.dumps({"seconds": time.perf_counter() - started, "levels": found}))


if __name__ == "__main__":
    main()
