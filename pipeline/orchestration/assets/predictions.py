"""Training and scoring as one step: features out of the build database, predictions to Parquet.

Not here: any modelling (see `models`); dbt reads the Parquet files back as `ml.*`.
"""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg

from pipeline.home.failpoints import failpoint
from pipeline.home.parquet import write_parquet
from pipeline.orchestration.assets.dbt_layers import PREDICTIONS
from pipeline.orchestration.resources import GrowthHome
from pipeline.orchestration.ui.markdown import decimals, table
from pipeline.predict.features import LearningData, read_learning_data
from pipeline.reports import plots
from pipeline.settings import Churn, Purchase, Settings

if TYPE_CHECKING:
    import pandas as pd

    from models.propensity import TrainOptions, TrainResult
    from models.segments import SegmentRules

FEATURES = dg.AssetKey(["marts", "user_features"])
LABELS = dg.AssetKey(["marts", "user_labels"])
SEED = 7
N_CALIBRATION_GROUPS = 10
N_IMPORTANT = 10


@dg.multi_asset(
    name="train_and_score",
    specs=[
        dg.AssetSpec(
            key,
            deps=[FEATURES, LABELS],
            group_name="ml",
            kinds={"python", "scikitlearn", "xgboost"},
            owners=["team:data-science"],
            description=f"Model output {key.path[-1]} as Parquet, before dbt types it.",
        )
        for key in PREDICTIONS.values()
    ],
)
def train_and_score(context: dg.AssetExecutionContext, growth: GrowthHome) -> Iterator[dg.MaterializeResult]:
    as_of = date.fromisoformat(growth.run.as_of)
    data = read_learning_data(growth.paths.build_db, as_of)
    frames, models = predict_all(data, as_of, growth)
    for name, key in PREDICTIONS.items():
        write_parquet(frames[name], growth.paths.ml / f"{name}.parquet")
        failpoint("predictions_between_files")
        metadata = _metadata(name, frames[name], growth.paths.ml)
        if name in models:
            metadata |= _model_metadata(models[name], data, context)
        yield dg.MaterializeResult(asset_key=key, metadata=metadata)


def predict_all(
    data: LearningData, as_of: date, growth: GrowthHome
) -> tuple[dict[str, "pd.DataFrame"], dict[str, "TrainResult"]]:
    """Every prediction of a night by name, and the model behind each table of scores."""
    import pandas as pd

    from models.propensity import predict
    from models.segments import segment_users

    settings, artifacts = growth.settings, growth.paths.ml / "artifacts"
    segments = segment_users(data.now, as_of, _segment_rules(settings), SEED, artifacts / "segments")
    frames, metrics, models, drifts = {"user_segments": segments.frame}, [segments.metrics], {}, []
    for kind, label in (("churn", settings.churn), ("purchase", settings.purchase)):
        options = _train_options(settings, label)
        found = predict(kind, data.now, data.features, data.labels, as_of, artifacts, SEED, options)  # type: ignore[arg-type]
        drifts.append(found.drift)
        frames[f"{kind}_scores"] = found.scores
        models[f"{kind}_scores"] = found.model
        metrics.append(found.model.metrics)
    frames["feature_drift"] = pd.concat(drifts, ignore_index=True)
    frames["model_metrics"] = pd.concat([m for m in metrics if len(m)], ignore_index=True)
    return frames, models


def _train_options(settings: Settings, label: Churn | Purchase) -> "TrainOptions":
    from models.propensity import Action, TrainOptions

    return TrainOptions(
        horizon_days=label.horizon_days,
        min_snapshots=settings.churn.min_snapshots,
        tuning_budget_s=settings.training.tuning_budget_s,
        action=Action(label.action.cost, label.action.benefit) if label.action else None,
    )


def _segment_rules(settings: Settings) -> "SegmentRules":
    from models.segments import SegmentRules

    rules, k = settings.segments.rules, settings.segments.kmeans.k
    return SegmentRules(
        new_days=rules.new.within_days,
        at_risk_max_activity_share=1 - rules.at_risk.activity_drop,
        high_value_top_share=rules.high_value.top_share,
        k=None if k == "auto" else int(k),
    )


def _metadata(name: str, frame: "pd.DataFrame", folder: Path) -> dict[str, Any]:
    columns = [dg.TableColumn(str(column), str(kind)) for column, kind in frame.dtypes.items()]
    metadata: dict[str, Any] = {
        "dagster/row_count": len(frame),
        "dagster/column_schema": dg.TableSchema(columns=columns),
        "path": dg.MetadataValue.path(str(folder / f"{name}.parquet")),
    }
    if name == "feature_drift":
        drifted = frame[frame["is_drifted"]]
        metadata["drifted"] = ", ".join(
            f"{model}: {feature}" for model, feature in drifted[["model", "feature"]].values
        )
    if name == "model_metrics":
        metadata["test_metrics"] = dg.MetadataValue.md(_markdown(frame[frame["split"] == "test"]))
    return metadata


def _model_metadata(model: "TrainResult", data: LearningData, context: dg.AssetExecutionContext) -> dict[str, Any]:
    metadata: dict[str, Any] = {
        "algorithm": model.algorithm,
        "model_version": model.model_version,
        "is_promoted": model.promoted,
        "why": model.reason,
    }
    if not model.trained:
        return metadata
    try:
        metadata["calibration"] = dg.MetadataValue.md(_calibration(model, data))
        metadata["importance"] = dg.MetadataValue.md(_importance(model, data))
    except Exception as error:  # a picture is an ornament: without it the night goes on
        context.log.warning(f"no picture of the {model.kind} model: {error}")
    return metadata


def _importance(model: "TrainResult", data: LearningData) -> str:
    """What moves the scores of today's persons, over all of them."""
    from models.propensity import importance

    found = importance(model.kind, data.now, model.artifact).head(N_IMPORTANT)
    if not len(found):
        return "the recency rule reads days since last active alone"
    title = f"{model.kind}: share in what moves the scores, %"
    return plots.ranked(list(found.index), [100 * share for share in found], 0, title)


def _calibration(model: "TrainResult", data: LearningData) -> str:
    """Predicted against observed on the newest labelled snapshot, which the training kept for its test."""
    import pandas as pd

    from models.propensity import LABELS as LABEL_COLUMNS
    from models.propensity import active, probabilities

    label, features, labels = LABEL_COLUMNS[model.kind], data.features, data.labels
    known = labels[labels["is_eligible"].fillna(False).astype(bool) & labels[label].notna()]
    day = known["as_of_date"].max()
    then = active(features[features["as_of_date"] == day].sort_values("person_id", kind="stable"))
    scored = then[["person_id"]].assign(probability=probabilities(model.kind, then, model.artifact))
    known = known[known["as_of_date"] == day][["person_id", label]]
    rows = scored.merge(known, on="person_id")
    group = pd.qcut(rows["probability"].rank(method="first"), min(N_CALIBRATION_GROUPS, len(rows)), labels=False)
    groups = rows.assign(observed=rows[label].astype(float)).groupby(group)
    means = groups[["probability", "observed"]].mean()
    title = f"{model.kind}: calibration on the test snapshot {pd.Timestamp(day).date()} ({model.algorithm})"
    return plots.calibration(list(means["probability"]), list(means["observed"]), list(groups.size()), title)


def _markdown(frame: "pd.DataFrame") -> str:
    head = ["model", "algorithm", "metric", "value", "ci_low", "ci_high", "baseline", "baseline_value", "is_promoted"]
    return table(head, ([decimals(value) for value in row] for row in frame[head].values))
