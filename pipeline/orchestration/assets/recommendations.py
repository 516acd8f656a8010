"""Recommendations as one step: lists and similar items to Parquet, which dbt reads back as `ml.*`.

Not here: how they are made (`pipeline.predict.recommendations`), any modelling (`models.recommend`).
"""

from collections.abc import Iterator
from datetime import date
from typing import Any

import dagster as dg

from pipeline.orchestration.assets.dbt_layers import RECOMMENDATIONS
from pipeline.orchestration.resources import GrowthHome
from pipeline.predict.recommendations import recommend_all

ITEM_DAYS, USERS = dg.AssetKey(["intermediate", "int_person_item_days"]), dg.AssetKey(["marts", "dim_users"])


@dg.multi_asset(
    name="recommend",
    specs=[
        dg.AssetSpec(
            key,
            deps=[ITEM_DAYS, USERS],
            group_name="ml",
            kinds={"python", "implicit"},
            owners=["team:data-science"],
            description=f"Model output {key.path[-1]} as Parquet, before dbt types it.",
        )
        for key in RECOMMENDATIONS.values()
    ],
)
def recommend(growth: GrowthHome) -> Iterator[dg.MaterializeResult]:
    done = recommend_all(growth.settings, growth.paths, date.fromisoformat(growth.run.as_of), growth.run.event_names)
    for name, key in RECOMMENDATIONS.items():
        metadata: dict[str, Any] = {
            "dagster/row_count": done.rows[name],
            "path": dg.MetadataValue.path(str(growth.paths.ml / f"{name}.parquet")),
            "model_version": done.learned.card["model_version"],
            "learned_until": done.learned.card["learned_until"],
            "why": done.learned.card["reason"],
        }
        yield dg.MaterializeResult(asset_key=key, metadata=metadata)
