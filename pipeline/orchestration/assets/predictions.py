"""Training and scoring as one step: predictions to Parquet, which dbt reads back as `ml.*`.

Not here: which models are trained on what (`pipeline.predict.scores`), any modelling (`models`).
"""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg

from pipeline.home.failpoints import failpoint
from pipeline.home.parquet import write_parquet
from pipeline.orchestration.assets.model_outputs import output_specs
from pipeline.orchestration.resources import GrowthHome
from pipeline.orchestration.ui.markdown import decimals, table
from pipeline.orchestration.ui.table_metadata import frame_metadata
from pipeline.predict.features import LearningData, read_learning_data
from pipeline.predict.scores import predict_all
from pipeline.reports import plots

if TYPE_CHECKING:
    import pandas as pd

    from models.propensity import TrainResult

INPUTS = [dg.AssetKey(["marts", "user_features"]), dg.AssetKey(["marts", "user_labels"])]
OUTPUTS = output_specs("train_and_score", INPUTS, {"scikitlearn", "xgboost"})
N_CALIBRATION_GROUPS = 10
N_IMPORTANT = 10


@dg.multi_asset(name="train_and_score", specs=OUTPUTS)
def train_and_score(context: dg.AssetExecutionContext, growth: GrowthHome) -> Iterator[dg.MaterializeResult]:
    as_of = date.fromisoformat(growth.run.as_of)
    data = read_learning_data(growth.paths.build_db, as_of)
    frames, models = predict_all(data, as_of, growth.settings, growth.paths.ml / "artifacts")
    for spec in OUTPUTS:
        name = spec.key.path[-1]
        write_parquet(frames[name], growth.paths.ml / f"{name}.parquet")
        failpoint("predictions_between_files")
        metadata = _metadata(name, frames[name], growth.paths.ml)
        if name in models:
            metadata |= _model_metadata(models[name], data, context)
        elif name == "purchase_scores":
            metadata["why"] = "nobody has bought yet, so there are no scores"
        yield dg.MaterializeResult(asset_key=spec.key, metadata=metadata)


def _metadata(name: str, frame: "pd.DataFrame", folder: Path) -> dict[str, Any]:
    metadata = frame_metadata(frame, folder / f"{name}.parquet")
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
    except Exception as error:  # only a picture: the night goes on without it
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
