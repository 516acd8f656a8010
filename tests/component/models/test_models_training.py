"""Training with its files: promotion, fall-back, leakage, reproducibility."""

from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest
from models_frames import digests, last_day, snapshots

from models.common import METRIC_COLUMNS, FrameError
from models.propensity import Bands, TrainOptions, TrainResult, score, train

Frames = tuple[pd.DataFrame, pd.DataFrame]


def test_a_real_signal_is_promoted_and_scored(frames: Frames, trained: tuple[TrainResult, Path]) -> None:
    (features, _), (result, _) = frames, trained
    as_of = last_day(features)
    assert result.promoted and result.trained, result.reason
    assert list(result.metrics.columns) == METRIC_COLUMNS
    assert not result.metrics.duplicated(["model", "model_version", "split", "metric"]).any()
    promoted = result.metrics[result.metrics["is_promoted"]]
    assert set(promoted["model_version"]) == {result.model_version}
    assert {"base-rate", "recency-rule"} <= set(result.metrics["algorithm"])
    best = promoted[(promoted["split"] == "test") & (promoted["metric"] == "pr_auc")].iloc[0]
    assert best["value"] > best["baseline_value"] and best["ci_low"] <= best["value"] <= best["ci_high"]

    now = features[features["as_of_date"] == as_of]
    scored = score("churn", now, result.artifact)
    assert list(scored.columns) == [
        "person_id",
        "as_of_date",
        "probability",
        "score_rank",
        "risk_band",
        "top_reasons",
        "model_version",
    ]
    assert scored["probability"].between(0, 1).all() and (scored["model_version"] == result.model_version).all()
    many, few = (scored[(now["n_sessions_7d"] == n).to_numpy()]["probability"].mean() for n in (6, 0))
    assert many < few
    assert scored["top_reasons"].str.contains("last 7 days").mean() > 0.5
    assert set(scored["risk_band"]) <= {"high", "medium", "low"}
    assert scored.sort_values("score_rank")["probability"].is_monotonic_decreasing and scored["score_rank"].min() == 1
    base_rate = result.artifact.card["data"]["test"]["base_rate"]
    high = min(2 * base_rate, 1 - (1 - base_rate) / 2)  # twice as likely, or half as likely not to
    assert set(scored.loc[scored["probability"] >= high, "risk_band"]) == {"high"}
    assert set(scored.loc[scored["probability"] < base_rate, "risk_band"]) == {"low"}
    chosen = score("churn", now, result.artifact, Bands(high=0.9, medium=0.2))
    assert (chosen["risk_band"] == "high").equals(scored["probability"] >= 0.9)
    assert (chosen["risk_band"] == "low").equals(scored["probability"] < 0.2)


def test_noise_is_not_promoted(tmp_path: Path) -> None:
    features, labels = snapshots(signal=0.0)
    result = train("purchase", features, labels, last_day(features), tmp_path, 7)
    assert result.trained and not result.promoted
    assert result.algorithm == "recency-rule" and "does not clearly beat" in result.reason
    scored = score("purchase", features[features["as_of_date"] == last_day(features)], result.artifact)
    assert (scored["model_version"] == result.model_version).all() and "propensity_band" in scored
    assert result.model_version in set(result.metrics["model_version"])


def test_later_rows_alter_nothing(frames: Frames, trained: tuple[TrainResult, Path], tmp_path: Path) -> None:
    features, labels = frames
    as_of = last_day(features)
    later = as_of + timedelta(days=1)
    more_features = pd.concat([features, features.head(100).assign(as_of_date=later, n_sessions_7d=99.0)])
    more_labels = pd.concat([labels, labels.head(100).assign(as_of_date=later, label_churned=True)])
    # A label given before its horizon is over is not believed either.
    early = more_labels["as_of_date"] == as_of
    more_labels["label_churned"] = more_labels["label_churned"].astype("boolean")
    more_labels.loc[early, "label_churned"] = True
    first, folder = trained
    second = train("churn", more_features, more_labels, as_of, tmp_path, 7)
    assert first.model_version == second.model_version
    assert digests(folder) == digests(tmp_path)


def test_order_of_rows_alters_nothing_and_data_does(tmp_path: Path) -> None:
    features, labels = snapshots(n_persons=120)
    as_of = last_day(features)
    shuffled = features.sample(frac=1.0, random_state=4), labels.sample(frac=1.0, random_state=5)
    first = train("churn", features, labels, as_of, tmp_path / "a", 7)
    second = train("churn", *shuffled, as_of, tmp_path / "b", 7)
    assert digests(tmp_path / "a") == digests(tmp_path / "b")
    pd.testing.assert_frame_equal(first.metrics, second.metrics)
    changed = features.assign(n_events_7d=features["n_events_7d"] + 1)
    third = train("churn", changed, labels, as_of, tmp_path / "c", 7)
    versions = [set(result.metrics["model_version"]) for result in (first, third)]
    rule = first.metrics.loc[first.metrics["algorithm"] == "recency-rule", "model_version"].iloc[0]
    assert versions[0] & versions[1] == {"base-rate", rule}  # the rule reads recency alone, which was left as it was


def test_too_few_snapshots_fall_back_with_a_reason(tmp_path: Path) -> None:
    features, labels = snapshots(n_persons=60, n_snapshots=3)
    result = train("churn", features, labels, last_day(features), tmp_path, 7)
    assert (result.trained, result.promoted, result.algorithm) == (False, False, "recency-rule")
    assert result.reason == "not trained: 2 labelled snapshots, at least 3 are needed"
    assert set(result.metrics["algorithm"]) == {"base-rate", "recency-rule"}  # tested on the second snapshot
    asked = train("churn", *snapshots(60), last_day(features), tmp_path, 7, TrainOptions(min_snapshots=9))
    assert "at least 9" in asked.reason


def test_one_class_is_not_trained(tmp_path: Path) -> None:
    features, labels = snapshots(n_persons=60)
    labels["label_purchased"] = labels["label_purchased"].mask(labels["label_purchased"].notna(), False)
    result = train("purchase", features, labels, last_day(features), tmp_path, 7)
    assert not result.trained and "one class only" in result.reason


def test_close_snapshots_are_shown_but_never_promoted(tmp_path: Path) -> None:
    features, labels = snapshots(n_persons=150)
    as_of = last_day(features) + timedelta(days=30)
    result = train("churn", features, labels, as_of, tmp_path, 7, TrainOptions(horizon_days=14))
    assert result.trained and not result.promoted and "closer than the horizon" in result.reason


def test_broken_frames_are_named(frames: Frames, tmp_path: Path) -> None:
    features, labels = frames
    as_of = last_day(features)
    with pytest.raises(FrameError, match=r"features lacks the column.*n_events_7d"):
        train("churn", features.drop(columns="n_events_7d"), labels, as_of, tmp_path)
    with pytest.raises(FrameError, match="more than once"):
        train("churn", pd.concat([features, features.head(1)]), labels, as_of, tmp_path)
    with pytest.raises(FrameError, match="unknown model"):
        train("love", features, labels, as_of, tmp_path)  # type: ignore[arg-type]


def test_a_tuned_training_is_reproducible_and_validated_on_several_origins(tmp_path: Path) -> None:
    features, labels = snapshots(n_persons=120, n_snapshots=7)
    options = TrainOptions(tuning_budget_s=4.0)
    results = [train("churn", features, labels, last_day(features), tmp_path / name, 7, options) for name in ("a", "b")]
    assert results[0].model_version == results[1].model_version and results[0].promoted
    usual = train("churn", features, labels, last_day(features), tmp_path / "c", 7)
    assert usual.model_version != results[0].model_version  # another budget is another training


def test_the_rule_that_scores_has_the_rates_of_the_newest_snapshots(tmp_path: Path) -> None:
    """Four in five of the first months' newcomers left, one in five leaves now, however recently they were active."""
    features, labels = snapshots(n_persons=1_000, n_snapshots=8)
    week = (pd.to_datetime(labels["as_of_date"]) - pd.Timestamp(labels["as_of_date"].min())).dt.days // 7
    number = labels["person_id"].str[1:].astype(int)
    left = (number % 5 < 4).where(week < 5, number % 5 == 0)
    labels["label_churned"] = pd.array(left, dtype="boolean")
    labels.loc[week == 7, "label_churned"] = pd.NA
    features["days_since_last_active"] = (number % 7).to_numpy(dtype=float)
    for name in set(features.columns) - {"person_id", "as_of_date", "days_since_last_active", "is_active_lookback"}:
        features[name] = 1.0  # nothing to learn from but recency
    as_of = last_day(features)
    result = train("churn", features, labels, as_of, tmp_path)
    assert result.algorithm == "recency-rule", result.reason
    scored = score("churn", features[features["as_of_date"] == as_of], result.artifact)
    assert scored["probability"].mean() == pytest.approx(0.2, abs=0.02)
