"""Training and scoring as one step: features out of the build database, predictions to Parquet.

Not here: any modelling (see `models`); dbt reads the Parquet files back as `ml.*`.
"""


from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg
import duckdb
import pandas as pd

from pipeline.assets.dbt_layers import PREDICTIONS
from pipeline.files import write_parquet
from pipeline.resources import GrowthHome
from pipeline.settings import Settings

if TYPE_CHECKING:
    from models.segment import SegmentRules

FEATURES = dg.AssetKey(["marts", "user_features"])
LABELS = dg.AssetKey(["marts", "user_labels"])
SEED = 7


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
    as_of = date.fromisoformat(growth.run.as_of)
    with duckdb.connect(str(growth.paths.build_db), read_only=True) as con:
        features = con.execute("select * from marts.user_features order by as_of_date, person_id").df()
        labels = con.execute("select * from marts.user_labels order by as_of_date, person_id").df()
    frames = predict_all(features, labels, as_of, growth)
    for name, key in PREDICTIONS.items():
        write_parquet(frames[name], growth.paths.ml / f"{name}.parquet")
        yield dg.MaterializeResult(asset_key=key, metadata=_metadata(name, frames[name], growth.paths.ml))


def predict_all(
    features: pd.DataFrame, labels: pd.DataFrame, as_of: date, growth: GrowthHome
) -> dict[str, pd.DataFrame]:
    """Every prediction of a night by name, from features and labels of all snapshots (the last one is as_of)."""
    from models.score import score
    from models.segment import segment_users
    from models.train import TrainOptions, train

    settings, artifacts = growth.settings, growth.paths.ml / "artifacts"
    now = features[pd.to_datetime(features["as_of_date"]).dt.date == as_of].reset_index(drop=True)
    segments = segment_users(now, as_of, _segment_rules(settings), SEED)
    frames, metrics = {"user_segments": segments.frame}, [segments.metrics]
    for kind, horizon in (("churn", settings.churn.horizon_days), ("purchase", settings.purchase.horizon_days)):
        options = TrainOptions(horizon_days=horizon, min_snapshots=settings.churn.min_snapshots)
        trained = train(kind, features, labels, as_of, artifacts, SEED, options)  # type: ignore[arg-type]
        frames[f"{kind}_scores"] = score(kind, now, trained.artifact)  # type: ignore[arg-type]
        metrics.append(trained.metrics)
    frames["model_metrics"] = pd.concat([m for m in metrics if len(m)], ignore_index=True)
    return frames


def _segment_rules(settings: Settings) -> "SegmentRules":
    from models.segment import SegmentRules

    rules, k = settings.segments.rules, settings.segments.kmeans.k
    return SegmentRules(
        new_days=rules.new.within_days,
        at_risk_max_activity_share=1 - rules.at_risk.activity_drop,
        high_value_top_share=rules.high_value.top_share,
        k=None if k == "auto" else int(k),
    )


def _metadata(name: str, frame: Any, folder: Path) -> dict[str, Any]:
    metadata: dict[str, Any] = {"dagster/row_count": len(frame), "file": str(folder / f"{name}.parquet")}
    if name == "model_metrics":
        metadata["metrics"] = dg.MetadataValue.md(_markdown(frame))
    return metadata


def _markdown(frame: Any) -> str:
    head = ["model", "algorithm", "split", "metric", "value", "baseline", "baseline_value", "is_promoted"]
    rows = [" | ".join(f"{v:.3f}" if isinstance(v, float) else str(v) for v in row) for row in frame[head].values]
    return "\n".join([" | ".join(head), " | ".join("---" for _ in head), *rows])
