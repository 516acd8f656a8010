"""The cost of features, training and scoring: `python -m bench.learning [--users 1000000 --snapshots 12]`.

Events are generated directly in `marts.fct_events`, so that ingest and sessions are not measured: people visit on some
days, view items, some order, and one in four starts as a device that logs in later. dbt builds the tables per person
and day, the orders and `marts.user_features` for the weekly snapshots and as_of; then both models are trained and
everybody is scored. Each stage is a process of its own. Prints seconds and memory per stage as Markdown, for a tenth of
the users and for all.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb

from bench.measure import Cost, machine, run_measured
from pipeline.build.dbt_session import DbtSession
from pipeline.build.plan import BuildPlan
from pipeline.build.variables import RunContext, dbt_variables
from pipeline.home.parquet import write_parquet
from pipeline.home.paths import HomePaths
from pipeline.settings import default_config_text, load_settings

AS_OF = date(2026, 6, 30)
HISTORY_DAYS = 180
_BASE = (
    "int_person_event_days",
    "int_person_days",
    "int_session_days",
    "int_order_events",
    "int_order_lines",
    "int_orders",
    "fct_order_items",
    "fct_refunds",
    "fct_orders",
    "int_former_persons",
    "int_former_events",
    "int_former_event_days",
    "int_former_session_days",
)
STAGES = {
    "per person and day": _BASE,
    "features and labels": ("int_order_features", "int_activity_scores", "user_features", "user_labels"),
    "models": (),
}

# Everybody starts on some date, then visits each day with a chance of their own until they leave; 1 to 9 events each.
_EVENTS = """
    create table marts.fct_events as
    with persons as (
        select
            n, 'u' || lpad(n::varchar, 9, '0') as user_id, 'd' || lpad(n::varchar, 9, '0') as anonymous_id,
            (hash(n) % {days})::integer as first_day,
            5 + (hash(n + 1e9::bigint) % 120)::integer as lifetime,
            5 + (hash(n + 2e9::bigint) % 25)::integer as visits_in_100_days,
            hash(n + 3e9::bigint) % 4 = 0 as logs_in_later
        from range({users}) as numbers(n)
    ),
    visits as (
        select *, unnest(range(first_day, least({days}, first_day + lifetime))) as day from persons
    ),
    events as (
        select
            *, hash(n, day) as h, unnest(range((1 + hash(n, day) % 9)::bigint)) as number
        from visits
        where day = first_day or (hash(n + 4e9::bigint, day) % 100)::integer < visits_in_100_days
    )
    select
        'shop' as source,
        n || '-' || day || '-' || number as event_id,
        case
            when h % 23 = 0 and number = 5 then 'purchase'
            when number = 4 then 'add_to_cart'
            when number % 3 = 2 then 'search'
            else 'view_item'
        end as event_name,
        date '{first}'::timestamp + to_days(day::integer) + to_seconds((h % 80000)::bigint + 40 * number) as event_at,
        date '{first}' + day::integer as event_date,
        event_at as received_at,
        user_id as person_id,
        logs_in_later and day < first_day + 20 as is_anonymous,
        case
            when is_anonymous then greatest(event_date, date '{first}' + (first_day + 20)::integer) else event_date
        end as known_date,
        case when not (logs_in_later and day < first_day + 20) then events.user_id end as user_id,
        anonymous_id,
        n || '-' || day as session_id,
        number = 0 as is_session_start,
        'i' || (hash(n, day, number) % 20000) as item_id,
        'c' || (hash(n, day, number) % 40) as category,
        case when h % 23 = 0 and number = 5 then 'o' || n || '-' || day end as order_id,
        case when h % 23 = 0 and number = 5 then 10 + h % 90 end::double as revenue,
        null::double as price, 1.0::double as quantity, 'USD' as currency,
        case when n % 2 = 0 then 'mobile' else 'desktop' end as device_type,
        false as is_server_event, false as is_bot, null::varchar as properties
    from events
"""
_IDENTITIES = """
    create table intermediate.int_identities as
    select
        anonymous_id, max(user_id) as user_id, max(person_id) as person_id, min(event_at) as first_seen_at,
        min(case when user_id is not null then event_at end) as linked_at,
        1::bigint as n_user_ids, false as is_shared_device, max(user_id) as login_user_id,
        min(case when user_id is not null then event_at end) as login_known_at,
        min(case when user_id is not null then event_at end) as person_known_at
    from marts.fct_events
    group by anonymous_id
    having count(user_id) > 0
"""


def draw(paths: HomePaths, users: int) -> int:
    """Generate events and devices of a synthetic shop. Returns the number of events."""
    paths.build_db.parent.mkdir(parents=True)
    first = AS_OF - timedelta(days=HISTORY_DAYS - 1)
    with duckdb.connect(str(paths.build_db)) as con:
        con.execute("set preserve_insertion_order = false; create schema marts; create schema intermediate")
        con.execute(_EVENTS.format(days=HISTORY_DAYS, users=users, first=first))
        con.execute(_IDENTITIES)
        return int(con.execute("select count(*) from marts.fct_events").fetchall()[0][0])


def variables(paths: HomePaths, snapshots: int) -> dict[str, Any]:
    """dbt variables of a full build, with this many weekly snapshots before as_of."""
    settings = load_settings(paths.home / "growth.yaml", paths.home)
    first = (AS_OF - timedelta(days=HISTORY_DAYS - 1)).isoformat()
    context = RunContext("bench", AS_OF.isoformat(), first, ["view_item", "purchase"])
    dates = [(AS_OF - timedelta(days=7 * number)).isoformat() for number in range(snapshots, -1, -1)]
    return dbt_variables(settings, paths, context) | {"snapshot_dates": dates} | BuildPlan(True, "measured").variables()


def run_stage(paths: HomePaths, stage: str, snapshots: int) -> dict[str, float]:
    """Run one stage in this process. Returns seconds by model."""
    if STAGES[stage]:
        found = DbtSession(paths).build(list(STAGES[stage]), variables(paths, snapshots))
        if broken := [f"{one.unique_id}: {one.message}" for one in found if not one.ok]:
            sys.exit("\n".join(broken))
        return {one.unique_id.split(".")[2]: one.seconds for one in found if one.unique_id.startswith("model.")}
    from pipeline.predict.features import read_learning_data
    from pipeline.predict.scores import predict_all

    settings = load_settings(paths.home / "growth.yaml", paths.home)
    frames, _ = predict_all(read_learning_data(paths.build_db, AS_OF), AS_OF, settings, paths.ml / "artifacts")
    paths.ml.mkdir(parents=True, exist_ok=True)
    for name, frame in frames.items():
        write_parquet(frame, paths.ml / f"{name}.parquet")
    return {f"n_{name}": float(len(frame)) for name, frame in frames.items()}


def measured(folder: Path, users: int, snapshots: int, memory: str) -> tuple[int, dict[str, Cost]]:
    """Number of events, and the cost of each stage."""
    paths = HomePaths(folder)
    folder.mkdir(parents=True)
    (folder / "growth.yaml").write_text(default_config_text(), encoding="utf-8")
    n_events, costs = draw(paths, users), {}
    for stage in STAGES:
        command = [sys.executable, "-m", "bench.learning", "--home", str(folder), "--snapshots", str(snapshots)]
        costs[stage] = run_measured([*command, "--stage", stage], {"GROWTH_MEMORY_LIMIT": memory})
        if costs[stage].returncode:
            sys.exit(costs[stage].output)
    return n_events, costs


def report(found: dict[int, tuple[int, dict[str, Cost]]], snapshots: int, memory: str) -> str:
    """The measurement of both sizes as Markdown."""
    out = [f"Machine: {machine()}. DuckDB's limit: {memory}. {snapshots} snapshots and as_of.\n"]
    sizes = [f"{users:,} persons, {events:,} events" for users, (events, _) in found.items()]
    out += ["| | " + " | ".join(sizes) + " | ratio |", "|---" * (len(sizes) + 2) + "|"]

    def row(name: str, values: list[float], digits: int) -> None:
        cells = [f"{value:,.{digits}f}" for value in values]
        out.append(f"| {name} | {' | '.join(cells)} | {values[-1] / values[0]:.1f} |")

    costs = [cost for _, cost in found.values()]
    for stage in STAGES:
        row(f"{stage}, wall s", [cost[stage].wall_s for cost in costs], 0)
        row(f"{stage}, CPU s", [cost[stage].cpu_s for cost in costs], 0)
        row(f"{stage}, peak GiB", [cost[stage].peak_gib for cost in costs], 2)
    row(
        "**features, training and scoring, wall s**",
        [cost["features and labels"].wall_s + cost["models"].wall_s for cost in costs],
        0,
    )
    return "\n".join(out)


def main() -> None:
    """Generate, measure, print; with `--stage`, run one stage of a generated home."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--users", type=int, default=1_000_000)
    parser.add_argument("--snapshots", type=int, default=12)
    parser.add_argument("--memory", default="4GiB")
    parser.add_argument("--home", type=Path)
    parser.add_argument("--stage", choices=tuple(STAGES))
    chosen = parser.parse_args()
    if chosen.stage:
        print(json.dumps(run_stage(HomePaths(chosen.home), chosen.stage, chosen.snapshots)))
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = chosen.home or Path(temporary)
        sizes = (chosen.users // 10, chosen.users)
        found = {users: measured(folder / str(users), users, chosen.snapshots, chosen.memory) for users in sizes}
        for _, costs in found.values():
            print({stage: json.loads(cost.output.splitlines()[-1]) for stage, cost in costs.items()}, file=sys.stderr)
        print(report(found, chosen.snapshots, chosen.memory))


if __name__ == "__main__":
    main()
