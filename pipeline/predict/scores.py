"""Segments and scores of a night: features in, one frame per table of predictions out.

Not here: any modelling (`models`), the files that dbt reads back and Dagster (`orchestration/assets/predictions.py`).
"""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.predict.features import LearningData
from pipeline.settings import Churn, Purchase, Settings

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

    from models.propensity import TrainOptions, TrainResult
    from models.segments import SegmentRules

SEED = 7
RECENCY_RULE, LATEST = "recency-rule", "latest"  # the folders that name the latest model


def predict_all(
    data: LearningData, as_of: date, settings: Settings, artifacts: Path
) -> tuple[dict[str, pd.DataFrame], dict[str, TrainResult]]:
    """Every prediction of a night by table name, and the model behind each table of scores.

    artifacts: `data/ml/artifacts`, where models of earlier nights are read and new ones stored.
    """
    import pandas as pd

    from models.propensity import Bands, no_scores, predict
    from models.segments import segment_users

    segments = segment_users(data.now, as_of, _segment_rules(settings), SEED, artifacts / "segments")
    frames, metrics, models, drifts = {"user_segments": segments.frame}, [segments.metrics], {}, []
    for kind, label in (("churn", settings.churn), ("purchase", settings.purchase)):
        if kind == "purchase" and not (data.now["n_orders_total"] > 0).any():
            frames["purchase_scores"] = no_scores("purchase")  # see `nobody_has_bought`
            continue
        options = _train_options(settings, label)
        bands = Bands(label.bands.high, label.bands.medium) if label.bands else None
        found = predict(kind, data.now, data.features, data.labels, as_of, artifacts, SEED, options, bands)  # type: ignore[arg-type]
        drifts.append(found.drift)
        frames[f"{kind}_scores"] = found.scores
        models[f"{kind}_scores"] = found.model
        metrics.append(found.model.metrics)
    frames["feature_drift"] = pd.concat(drifts, ignore_index=True)
    frames["model_metrics"] = pd.concat([m for m in metrics if len(m)], ignore_index=True)
    return frames, models


def nobody_has_bought(con: duckdb.DuckDBPyConnection) -> bool:
    """Whether there is no order to learn from, so that purchases are not predicted. con: a build or a version."""
    row = con.execute(
        "select count(*), coalesce(max(n_orders_total), 0) from marts.user_features "
        "where as_of_date = (select max(as_of_date) from marts.user_features)"
    ).fetchone()
    return row is not None and row[0] > 0 and row[1] == 0


def restart_models(artifacts: Path) -> None:
    """Make the next training decide as if it were the first (`--full-refresh`). No version is removed."""
    from models.propensity import LABELS, start_again

    for kind in LABELS:
        start_again(artifacts / kind)
    for name in (RECENCY_RULE, LATEST):
        for latest in artifacts.glob(f"*/{name}"):
            shutil.rmtree(latest)


def _train_options(settings: Settings, label: Churn | Purchase) -> TrainOptions:
    from models.propensity import Action, TrainOptions

    return TrainOptions(
        horizon_days=label.horizon_days,
        min_snapshots=settings.churn.min_snapshots,
        tuning_budget_s=settings.training.tuning_budget_s,
        action=Action(label.action.cost, label.action.benefit) if label.action else None,
    )


def _segment_rules(settings: Settings) -> SegmentRules:
    from models.segments import SegmentRules

    rules, k = settings.segments.rules, settings.segments.kmeans.k
    return SegmentRules(
        new_days=rules.new.within_days,
        at_risk_max_activity_share=1 - rules.at_risk.activity_drop,
        high_value_top_share=rules.high_value.top_share,
        k=None if k == "auto" else int(k),
    )
