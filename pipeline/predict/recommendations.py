"""Recommendations of a night: learned where that is due, lists and similar items written as Parquet.

Not here: any modelling (`models.recommend`), reading interactions (`pipeline.predict.interactions`), Dagster.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import duckdb

from pipeline.build.variables import interaction_weights
from pipeline.home.failpoints import failpoint
from pipeline.home.memory import memory_limit, reading
from pipeline.home.parquet import copy_to_parquet, write_parquet
from pipeline.home.paths import HomePaths
from pipeline.home.sql_text import quote
from pipeline.predict.interactions import RecommendationData
from pipeline.settings import Settings

if TYPE_CHECKING:
    from models.recommend import Learned, Recommender

SEED = 7


@dataclass(frozen=True)
class Done:
    """What was learned, and the rows of each file."""

    learned: Learned
    rows: dict[str, int]


def recommend_all(settings: Settings, paths: HomePaths, as_of: date, event_names: list[str]) -> Done:
    """Learn where that is due, and write the three files."""
    from models.common import metrics_frame
    from models.recommend import learn, neighbours_of, recommender, similar_items

    weights, rules = interaction_weights(settings, event_names), settings.recommendations
    options = rules.model_dump(mode="json", exclude={"top_n", "unavailable_items"}) | {"event_weights": weights}
    with reading(paths.build_db) as con:
        data = RecommendationData(con, settings, weights)

        def histories_at(day: date) -> Any:
            catalogue = data.catalogue(day)
            return catalogue, data.learned(day, len(catalogue))

        learned = learn(
            paths.ml / "artifacts" / "recommendations",
            as_of,
            options,
            data.n_known_by,
            data.first_date(),
            data.span,
            histories_at,
            SEED,
        )
        catalogue = data.catalogue(as_of, is_serving=True)
        model = recommender(
            catalogue,
            neighbours_of(data.learned(as_of, len(catalogue)).weights),
            learned.factors(catalogue),
            allow_repeat=rules.allow_repeat,
        )
        n_rows = _write_lists(data, model, learned, rules.top_n, as_of, paths)
    similar = similar_items(model, as_of, learned.card["model_version"])
    metrics = metrics_frame(learned.card["metrics"])
    for name, frame in (("similar_items", similar), ("recommendation_metrics", metrics)):
        failpoint("recommendations_between_files")
        write_parquet(frame, paths.ml / f"{name}.parquet")
    rows = {"recommendations": n_rows, "similar_items": len(similar), "recommendation_metrics": len(metrics)}
    return Done(learned, rows)


def _write_lists(
    data: RecommendationData, model: Recommender, learned: Learned, top_n: int, as_of: date, paths: HomePaths
) -> int:
    """Part by part, so that memory holds the lists of one part; returns the rows written."""
    from models.recommend import RECOMMENDATION_COLUMNS, recommend

    folder = paths.ml / "recommendations.parts.tmp"  # the clean-up after a killed night goes by its name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    blend, version, n_rows = tuple(learned.card["blend"]), learned.card["model_version"], 0
    with duckdb.connect(config={**memory_limit()}) as con:
        for number, part in enumerate(data.parts(as_of, len(model.catalogue))):
            frame = recommend(part.persons, part.known, model, blend, top_n, data.events, as_of, version)
            con.register("frame", frame)
            con.execute(f"copy frame to {quote(folder / f'{number:06}.parquet')} (format parquet)")
            con.unregister("frame")
            n_rows += len(frame)
        columns = ", ".join(RECOMMENDATION_COLUMNS)
        # listed, not matched: a home may have brackets in its name
        parts = ", ".join(quote(part) for part in sorted(folder.iterdir()))
        found = f"select {columns} from read_parquet([{parts}])"
        nothing = "select " + ", ".join(f"null as {name}" for name in RECOMMENDATION_COLUMNS) + " where false"
        copy_to_parquet(con, found if parts else nothing, paths.ml / "recommendations.parquet")
    shutil.rmtree(folder)
    return n_rows
