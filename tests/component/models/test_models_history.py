"""Scores of several nights and from scratch: what may differ, what the card says of it, and how to make them equal."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from models_frames import START, digests, last_day, snapshots

from models.propensity import Prediction, predict, read_registry, roll_back
from pipeline.predict.features import LearningData
from pipeline.predict.scores import predict_all, restart_models
from pipeline.settings import default_config_text, load_settings

Frames = tuple[pd.DataFrame, pd.DataFrame]


@pytest.fixture(scope="module")
def weeks() -> Frames:
    """Six weekly snapshots; a correction that came after the first night has made the labels of two weeks noise."""
    features, labels = snapshots(n_persons=300, n_snapshots=6)
    corrected = labels["as_of_date"] < START + timedelta(days=14)
    noise = np.random.default_rng(3).random(len(labels)) < 0.5
    for column in ("label_churned", "label_purchased"):
        labels[column] = labels[column].where(~corrected, pd.array(noise, dtype="boolean"))
    return features, labels


def _night(frames: Frames, folder: Path, week: int = 5) -> Prediction:
    as_of = START + timedelta(days=7 * week)
    features, labels = (frame[frame["as_of_date"] <= as_of] for frame in frames)
    now = features[features["as_of_date"] == as_of]
    return predict("churn", now, features, labels, as_of, folder)


@pytest.fixture(scope="module")
def two_nights(weeks: Frames, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Prediction, Prediction]:
    """A folder after a night before the correction and one after it, whose champion is that of the first night."""
    folder = tmp_path_factory.mktemp("nights")
    first = _night(snapshots(n_persons=300, n_snapshots=6), folder, 3)
    return folder, first, _night(weeks, folder)


def test_a_champion_of_earlier_nights_scores_on_and_its_card_says_what_it_saw(
    weeks: Frames, two_nights: tuple[Path, Prediction, Prediction], tmp_path: Path
) -> None:
    _, first, second = two_nights
    assert first.model.promoted and second.model.model_version == first.model.model_version
    assert second.model.artifact.card["history"] == {
        "as_of": "2026-01-26",
        "first_snapshot": "2026-01-05",
        "last_snapshot": "2026-01-19",
        "n_snapshots": 3,
        "n_persons": 300,
        "champion_before": None,
    }
    scratch = _night(weeks, tmp_path)
    assert scratch.model.artifact.card["history"] == {
        "as_of": "2026-02-09",
        "first_snapshot": "2026-01-05",
        "last_snapshot": "2026-02-02",
        "n_snapshots": 5,
        "n_persons": 300,
        "champion_before": None,
    }
    assert not scratch.scores["probability"].equals(second.scores["probability"])


def test_a_full_refresh_gives_what_a_night_from_scratch_gives(
    weeks: Frames, two_nights: tuple[Path, Prediction, Prediction], tmp_path: Path
) -> None:
    folder, first, _ = two_nights
    restart_models(folder)
    again, scratch = _night(weeks, folder), _night(weeks, tmp_path)
    pd.testing.assert_frame_equal(again.scores, scratch.scores)
    pd.testing.assert_frame_equal(again.model.metrics, scratch.model.metrics)
    pd.testing.assert_frame_equal(again.drift, scratch.drift)
    assert again.model.reason == scratch.model.reason
    kept = digests(folder)
    assert {name: kept[name] for name in digests(tmp_path) if not name.endswith("registry.json")} == {
        name: digest for name, digest in digests(tmp_path).items() if not name.endswith("registry.json")
    }
    assert f"churn/{first.model.model_version}/card.json" in kept  # no version is removed
    reasons = [one.reason for one in read_registry(folder / "churn").decisions]
    assert reasons[-2] == "full refresh: decided again, without the champion of earlier nights"
    _night(weeks, folder)
    assert [one.reason for one in read_registry(folder / "churn").decisions] == reasons  # once


def test_a_full_refresh_returns_no_version_that_was_rolled_back(frames: Frames, tmp_path: Path) -> None:
    features, labels = frames
    now = features[features["as_of_date"] == last_day(features)]
    first = predict("churn", now, features, labels, last_day(features), tmp_path)
    assert first.model.promoted
    roll_back(tmp_path / "churn")
    restart_models(tmp_path)
    again = predict("churn", now, features, labels, last_day(features), tmp_path)
    assert not again.model.promoted and "rolled back manually" in again.model.reason


def test_where_nobody_has_bought_purchases_are_not_predicted(frames: Frames, tmp_path: Path) -> None:
    features, labels = frames
    features = features.assign(n_orders_total=0.0)
    now = features[features["as_of_date"] == last_day(features)]
    (tmp_path / "growth.yaml").write_text(default_config_text(), encoding="utf-8")
    settings = load_settings(tmp_path / "growth.yaml", tmp_path)
    data = LearningData(now, features, labels.assign(label_purchased=False))
    found, models = predict_all(data, last_day(features), settings, tmp_path / "artifacts")
    assert len(found["purchase_scores"]) == 0
    assert [name.replace("propensity", "risk") for name in found["purchase_scores"]] == list(found["churn_scores"])
    assert set(models) == {"churn_scores"} and len(found["churn_scores"]) == len(now)
    assert "purchase" not in set(found["model_metrics"]["model"]) | set(found["feature_drift"]["model"])
    assert not (tmp_path / "artifacts" / "purchase").exists()
