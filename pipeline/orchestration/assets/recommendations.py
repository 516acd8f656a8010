"""Recommendations as one step: lists and similar items to Parquet, which dbt reads back as `ml.*`.

Not here: how they are made (`pipeline.predict.recommendations`), any modelling (`models.recommend`).
"""

from collections.abc import Iterator
from datetime import date
from typing import Any

import dagster as dg

from pipeline.orchestration.assets.model_outputs import output_specs
from pipeline.orchestration.resources import GrowthHome
from pipeline.predict.recommendations import recommend_all

INPUTS = [dg.AssetKey(["intermediate", "int_person_item_days"]), dg.AssetKey(["marts", "dim_users"])]
OUTPUTS = output_specs("recommend", INPUTS, {"implicit"})


@dg.multi_asset(name="recommend", specs=OUTPUTS)
def recommend(growth: GrowthHome) -> Iterator[dg.MaterializeResult]:
    done = recommend_all(growth.settings, growth.paths, date.fromisoformat(growth.run.as_of), growth.run.event_names)
    for spec in OUTPUTS:
        name = spec.key.path[-1]
        metadata: dict[str, Any] = {
            "dagster/row_count": done.rows[name],
            "path": dg.MetadataValue.path(str(growth.paths.ml / f"{name}.parquet")),
            "model_version": done.learned.card["model_version"],
            "learned_until": done.learned.card["learned_until"],
            "why": done.learned.card["reason"],
        }
        yield dg.MaterializeResult(asset_key=spec.key, metadata=metadata)
