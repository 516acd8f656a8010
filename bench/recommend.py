"""How well recommendations predict later interactions, beside implicit's own models; and the cost of a large shop.

`--table FILE` reads any CSV, TSV or Parquet file of interactions, `--home DIR` a built home. `--size PERSONSxITEMS`
measures time and memory of a night's recommendations on a synthetic shop. All models have the same split, persons and
filters.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import warnings
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from bench.measure import machine, run_measured

METRICS = ("recall_at_5", "recall_at_10", "recall_at_20", "ndcg_at_10", "map_at_10", "coverage_at_10", "novelty_at_10")
SEED = 7
_TABLES = """
    create schema intermediate; create schema marts;
    create table intermediate.int_person_item_days as
    with events as (
        select cast({person} as varchar) as person_id, cast({item} as varchar) as item_id,
            cast({category} as varchar) as category, {at} as event_at, {event} as event_name, {weight} as weight
        from {source}
    )
    select person_id, item_id, cast(event_at as date) as activity_date, cast(event_at as date) as known_date,
        min(category) as category, cast(sum(weight) as double) as weight, count(*) as n_events,
        bool_or(event_name = 'purchase') as is_bought,
        max(event_at) as last_event_at, min(event_name) as strongest_event
    from events where person_id is not null and item_id is not null group by all;
    create table marts.dim_users as select distinct person_id, false as is_bot from intermediate.int_person_item_days;
"""
_SYNTHETIC = """
    create schema intermediate; create schema marts;
    create table marts.dim_users as
    select format('u{{:08}}', i) as person_id, i % 500 = 0 as is_bot from range({persons}) as r(i);
    create table intermediate.int_person_item_days as
    with drawn as (
        select hash(i, 1) % {persons} as person, hash(i, 2) % 1000000 / 1000000.0 as u, hash(i, 3) % 180 as age,
            hash(i, 4) % 100 as luck, hash(i, 5) % 3 as taste
        from range({rows}) as r(i)
    )
    select format('u{{:08}}', person) as person_id,
        -- a person likes three of 50 categories; within one, popularity falls as a power of the rank
        format('i{{:07}}', cast(floor(pow(u, 3) * {items} / 50) as bigint) * 50 + (person * 7 + taste * 13) % 50)
            as item_id,
        date '2026-01-31' - cast(age as integer) as activity_date,
        date '2026-01-31' - cast(age as integer) as known_date,
        format('c{{}}', (person * 7 + taste * 13) % 50) as category,
        cast(case when luck < 3 then 5 when luck < 13 then 3 else 1 end as double) as weight,
        1 as n_events, luck < 3 as is_bought, timestamp '2026-01-31 12:00:00' - interval 1 day * age as last_event_at,
        case when luck < 3 then 'purchase' when luck < 13 then 'add_to_cart' else 'view_item' end
            as strongest_event
    from drawn where person % 500 <> 0;
"""


def main() -> None:
    """Parse the arguments and print Markdown."""
    arguments = _arguments()
    warnings.simplefilter("ignore")
    if arguments.night:
        print(json.dumps(_night(Path(arguments.night))))
    elif arguments.size:
        _measure_size(arguments)
    else:
        _compare(arguments)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--table")
    parser.add_argument("--home")
    parser.add_argument("--size", help="persons x items, such as 100000x10000")
    parser.add_argument("--interactions", type=int, default=20, help="of a person of the synthetic shop, on average")
    parser.add_argument("--night", help=argparse.SUPPRESS)
    for name, column in (("person", "user_id"), ("item", "item_id"), ("at", "event_at"), ("event", "'view_item'")):
        parser.add_argument(f"--{name}", default=column, help=f"SQL of the column, default {column}")
    parser.add_argument("--category", default="null")
    parser.add_argument("--weight", default="1")
    parser.add_argument("--horizon", type=int, default=7)
    parser.add_argument("--half-life", type=float, default=30)
    parser.add_argument("--days", type=int, default=180)
    parser.add_argument("--allow-repeat", action="store_true")
    parser.add_argument("--until", type=date.fromisoformat, help="end of the test period; default: the last date")
    return parser.parse_args()


def _settings(folder: Path, arguments: argparse.Namespace) -> Any:
    from pipeline.settings import load_settings

    rules = (
        f"{{half_life_days: {arguments.half_life}, days: {arguments.days}, horizon_days: {arguments.horizon}, "
        f"allow_repeat: {str(arguments.allow_repeat).lower()}}}"
    )
    config = folder / "growth.yaml"
    config.write_text(f"site: {{timezone: UTC}}\nsources: [{{name: s, path: x}}]\nrecommendations: {rules}\n")
    return load_settings(config, folder)


def _compare(arguments: argparse.Namespace) -> None:
    from models.recommend.model_selection import select_blend
    from pipeline.predict.interactions import RecommendationData

    with tempfile.TemporaryDirectory() as folder:
        if arguments.home:
            con = duckdb.connect(str(Path(arguments.home) / "data" / "build" / "growth.duckdb"), read_only=True)
        else:
            con = duckdb.connect()
            kind = "parquet" if arguments.table.endswith(".parquet") else "csv"
            source = f"read_{kind}('{arguments.table}')"
            columns = {
                name: getattr(arguments, name) for name in ("person", "item", "at", "event", "category", "weight")
            }
            con.execute(_TABLES.format(source=source, **columns))
        data = RecommendationData(con, _settings(Path(folder), arguments), [])
        row = con.execute("select max(activity_date) from intermediate.int_person_item_days").fetchone()
        until: date = arguments.until or row[0]  # type: ignore[index]
        horizon = timedelta(days=arguments.horizon)
        test = data.span("test", until - horizon)
        theirs = {name: _library(name, test, arguments.allow_repeat) for name in ("cosine", "bm25", "als")}
        result = select_blend(
            data.span("validation", until - 2 * horizon), test, allow_repeat=arguments.allow_repeat, seed=SEED
        )
    _show(test, result, theirs)


def _show(test: Any, result: Any, theirs: dict[str, dict[str, float]]) -> None:
    n_new = int((np.diff(test.known.weights.indptr) == 0).sum())
    print(
        f"{test.n_tested:,} persons tested, {n_new:,} of them without history; {len(test.catalogue):,} items. "
        f"{result.reason}.\n"
    )
    print(f"| strategy | {' | '.join(METRICS)} |\n|---|{'---|' * len(METRICS)}")
    found: dict[str, dict[str, Any]] = {}
    for row in result.rows:
        if row["split"] == "test":
            found.setdefault(row["algorithm"], {})[row["metric"]] = row
    for name, rows in found.items():
        cells = [f"{rows[m]['value']:.3f}" if rows[m]["value"] is not None else "" for m in METRICS]
        low, high = rows["ndcg_at_10"]["ci_low"], rows["ndcg_at_10"]["ci_high"]
        cells[METRICS.index("ndcg_at_10")] += f" ({low:.3f}–{high:.3f})"
        print(f"| {name} | {' | '.join(cells)} |")
    for name, values in theirs.items():
        print(f"| implicit's {name}, defaults | {' | '.join(f'{values[m]:.3f}' for m in METRICS)} |")


def _library(name: str, span: Any, allow_repeat: bool) -> dict[str, float]:
    """A model of implicit with its defaults on the same matrix and filters; popularity where it has no items."""
    from implicit.cpu.als import AlternatingLeastSquares
    from implicit.nearest_neighbours import BM25Recommender, CosineRecommender
    from scipy.sparse import csr_matrix
    from threadpoolctl import threadpool_limits

    from models.recommend import metrics as m
    from models.recommend import recommender
    from models.recommend.factorisation import ItemFactors
    from models.recommend.matrix import scaled_by_row
    from models.recommend.rank import blended, hidden_items, without

    learned, known = csr_matrix(span.learned.weights), csr_matrix(span.known.weights)
    with threadpool_limits(limits=1):
        model = {
            "cosine": lambda: CosineRecommender(num_threads=1),
            "bm25": lambda: BM25Recommender(num_threads=1),
            "als": lambda: AlternatingLeastSquares(num_threads=1, random_state=SEED),
        }[name]()
        model.fit(learned, show_progress=False)
        n = min(1000, len(span.catalogue) - 1)
        persons = np.flatnonzero(np.diff(known.indptr))
        more = {"recalculate_user": True} if name == "als" else {}
        items, scores = model.recommend(
            np.arange(len(persons)), known[persons], N=n, filter_already_liked_items=False, **more
        )
    rows, kept = np.repeat(persons, n), (scores.ravel() > 0) & (items.ravel() >= 0)
    part = csr_matrix((scores.ravel()[kept], (rows[kept], items.ravel()[kept])), shape=known.shape)
    nothing = ItemFactors(np.zeros(0, dtype=int), np.zeros((0, 1), dtype=np.float32))
    ours = recommender(span.catalogue, csr_matrix((known.shape[1],) * 2), nothing, allow_repeat=allow_repeat)
    hidden = hidden_items(span.known, ours)
    part = scaled_by_row(without(part, hidden, span.catalogue.is_available))
    lists = blended([part], (1.0,), ours, hidden, 20).items
    hits = m.hits_of(lists, span.relevant)
    values = {
        f"{f}_at_{k}": getattr(m, g)(hits, span.n_relevant, k).mean()
        for f, g in (("recall", "recall"), ("ndcg", "ndcg"), ("map", "average_precision"))
        for k in m.CUTS
    }
    values["coverage_at_10"] = m.coverage(lists, len(span.catalogue), 10)
    values["novelty_at_10"] = float(np.nanmean(m.novelty(lists, span.catalogue.n_persons, span.catalogue.n_known, 10)))
    return values


def _measure_size(arguments: argparse.Namespace) -> None:
    """Measure a night that learns and one that does not, each in its own process."""
    persons, items = map(int, arguments.size.lower().split("x"))
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "growth.yaml").write_text("site: {timezone: UTC}\nsources: [{name: s, path: x}]\n")
        database = Path(folder) / "data" / "build" / "growth.duckdb"
        database.parent.mkdir(parents=True)
        with duckdb.connect(str(database), config={"memory_limit": "2GB"}) as con:
            con.execute(_SYNTHETIC.format(persons=persons, items=items, rows=persons * arguments.interactions))
        print(
            f"{machine()}\n\n| {persons:,} persons, {items:,} items, {persons * arguments.interactions:,} interactions "
            "| s | CPU s | peak GiB |"
        )
        print("|---|---|---|---|")
        for label in ("a night that learns", "any other night"):
            cost = run_measured(
                [sys.executable, "-m", "bench.recommend", "--night", folder], {"GROWTH_MEMORY_LIMIT": "1GB"}
            )
            print(f"| {label} | {cost.wall_s:.0f} | {cost.cpu_s:.0f} | {cost.peak_gib:.2f} |", flush=True)
        print(f"\n{cost.output.strip()}")


def _night(folder: Path) -> dict[str, Any]:
    from pipeline.home.paths import HomePaths
    from pipeline.predict.recommendations import recommend_all
    from pipeline.settings import load_settings

    names = ["view_item", "add_to_cart", "purchase"]
    settings = load_settings(folder / "growth.yaml", folder)
    done = recommend_all(settings, HomePaths(folder), date(2026, 1, 31), names)
    return {**done.rows, "why": done.learned.card["reason"]}


if __name__ == "__main__":
    main()
