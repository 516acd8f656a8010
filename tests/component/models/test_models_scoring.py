"""What a stored model says of today's persons: scores, what moves them, how the features drifted."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from models_frames import last_day, snapshots

from models.propensity import (
    FEATURES,
    TrainResult,
    feature_drift,
    importance,
    importance_step,
    load_artifact,
    score,
    train,
)
from models.propensity.features import training_frame

Frames = tuple[pd.DataFrame, pd.DataFrame]


def test_scores_do_not_depend_on_how_many_are_scored_at_a_time(
    frames: Frames, trained: tuple[TrainResult, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    features, artifact = frames[0], trained[0].artifact
    now = features[features["as_of_date"] == last_day(features)]
    whole = score("churn", now, artifact)
    monkeypatch.setattr("models.propensity.scoring.BATCH_ROWS", 70)
    assert len(whole) > 4 * 70
    pd.testing.assert_frame_equal(score("churn", now, artifact), whole)


def test_only_persons_in_the_look_back_train_and_are_scored(frames: Frames, tmp_path: Path) -> None:
    features, labels = frames
    out = labels.assign(is_eligible=labels["person_id"] >= "p0200")
    rows = training_frame("churn", features, out, last_day(features), 7)
    assert rows["person_id"].min() == "p0200" and rows["as_of_date"].nunique() == 3
    result = train("churn", features.head(0), labels.head(0), last_day(features), tmp_path, 7)
    now = features[features["as_of_date"] == last_day(features)]
    now = now.assign(is_active_lookback=now["person_id"] < "p0010")
    assert len(score("churn", now, result.artifact)) == 10
    assert len(score("churn", now.assign(is_active_lookback=False), result.artifact)) == 0


def test_no_labels_at_all_still_scores(tmp_path: Path) -> None:
    features, labels = snapshots(n_persons=30, n_snapshots=1)
    result = train("churn", features, labels, last_day(features), tmp_path, 7)
    scored = score("churn", features, result.artifact)
    assert result.metrics.empty and len(scored) == 30
    assert (scored["model_version"] == "recency-rule-unlabelled").all()
    assert scored["probability"].isna().all() and scored["risk_band"].isna().all()
    away = features.sort_values("person_id")["days_since_last_active"].to_numpy()
    longer = [(away > days).sum() for days in away]  # churn: the longest away is the first
    assert (scored["score_rank"] == 1 + np.array(longer)).all()
    bought = train("purchase", features, labels, last_day(features), tmp_path, 7)
    nearer = [(away < days).sum() for days in away]
    assert (score("purchase", features, bought.artifact)["score_rank"] == 1 + np.array(nearer)).all()
    assert scored["top_reasons"].str.startswith("last active").all()


def test_drift_sees_a_shift_and_missing_values(frames: Frames, trained: tuple[TrainResult, Path]) -> None:
    features, (result, _) = frames[0], trained
    now = features[features["as_of_date"] == last_day(features)]
    calm = feature_drift("churn", now, result.artifact)
    assert len(calm) == len(FEATURES) and not calm["is_drifted"].any()
    moved = now.assign(n_events_7d=now["n_events_7d"] + 10, recency_ratio=np.nan)
    found = feature_drift("churn", moved, result.artifact).set_index("feature")
    assert set(found.index[found["is_drifted"]]) == {"n_events_7d", "recency_ratio"}
    assert found.loc["recency_ratio", "missing_rate"] == 1.0


def test_importance_names_what_decides_and_adds_up(frames: Frames, trained: tuple[TrainResult, Path]) -> None:
    features, (result, folder) = frames[0], trained
    now = features[features["as_of_date"] == last_day(features)]
    found = importance("churn", now, result.artifact)
    assert found.index[0] == "n_sessions_7d" and found.sum() == pytest.approx(1.0) and set(found.index) == set(FEATURES)
    assert importance("churn", now, load_artifact(folder / "churn" / "recency-rule")).empty


def test_importance_is_of_scored_persons_and_of_many_from_an_even_sample(
    frames: Frames, trained: tuple[TrainResult, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    features, (result, _) = frames[0], trained
    now = features[features["as_of_date"] == last_day(features)].sort_values("person_id")
    now = now.assign(is_active_lookback=np.arange(len(now)) % 2 == 0)
    scored = now[now["is_active_lookback"]]
    pd.testing.assert_series_equal(
        importance("churn", now, result.artifact), importance("churn", scored, result.artifact)
    )
    monkeypatch.setattr("models.propensity.scoring.IMPORTANCE_ROWS", len(scored) // 3)
    third = scored.iloc[:: importance_step(len(scored))]
    assert third["person_id"].iloc[-1] > scored["person_id"].iloc[len(scored) // 2]
    found = importance("churn", now, result.artifact)
    monkeypatch.undo()
    pd.testing.assert_series_equal(found, importance("churn", third, result.artifact))
