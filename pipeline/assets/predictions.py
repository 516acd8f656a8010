"""Training and scoring as one step: features out of the build database, predictions to Parquet.

Not here: any modelling (see `models`); dbt reads the Parquet files back as `ml.*`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb

from pipeline.assets.dbt_layers import PREDICTIONS
from pipeline.files import write_parquet
from pipeline.resources import GrowthHome

FEATURES = dg.AssetKey(["marts", "user_features"])
LABELS = dg.AssetKey(["marts", "user_labels"])
SEED = 7
KINDS = ("churn", "purchase")


@dg.multi_asset(
    name="train_and_score",
    specs=[
        dg.AssetSpec(
            key,
            deps=[FEATURES, LABELS],
            group_name="predictions",
            kinds={"python", "scikitlearn", "xgboost"},
            owners=["team:data-science"],
            description=f"Model output {key.path[-1]} as Parquet, before dbt types it.",
        )
        for key in PREDICTIONS.values()
    ],
)
def train_and_score(context: dg.AssetExecutionContext, growth: GrowthHome) -> Iterator[dg.MaterializeResult]:
    from models.outcomes import predict_all

    as_of = date.fromisoformat(growth.run.as_of)
    with duckdb.connect(str(growth.paths.build_db), read_only=True) as con:
        features = con.execute("select * from marts.user_features order by as_of_date, person_id").df()
        labels = con.execute("select * from marts.user_labels order by as_of_date, person_id").df()
    settings = growth.settings
    frames = predict_all(
        features,
        labels,
        as_of=as_of,
        artifact_dir=growth.paths.ml / "artifacts",
        horizons={"churn": settings.churn.horizon_days, "purchase": settings.purchase.horizon_days},
        min_snapshots=settings.churn.min_snapshots,
        rules=settings.segments.rules,
        seed=SEED,
    )
    for name, key in PREDICTIONS.items():
        frame = frames[name]
        write_parquet(frame, growth.paths.ml / f"{name}.parquet")
        yield dg.MaterializeResult(asset_key=key, metadata=_metadata(name, frame, growth.paths.ml))


def _metadata(name: str, frame: Any, folder: Path) -> dict[str, Any]:
    metadata: dict[str, Any] = {"dagster/row_count": len(frame), "file": str(folder / f"{name}.parquet")}
    if name == "model_metrics":
        metadata["metrics"] = dg.MetadataValue.md(_markdown(frame))
    return metadata


def _markdown(frame: Any) -> str:
    head = ["model", "algorithm", "split", "metric", "value", "baseline", "baseline_value", "is_promoted"]
    rows = [" | ".join(f"{v:.3f}" if isinstance(v, float) else str(v) for v in row) for row in frame[head].values]
    return "\n".join([" | ".join(head), " | ".join("---" for _ in head), *rows])
