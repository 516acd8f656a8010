"""Training with its files: promotion, fall-back, leakage, reproducibility; scores of what was trained."""

import hashlib
import json
import shutil
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from models_frames import last_day, snapshots

from models.common import METRIC_COLUMNS, ArtifactError, FrameError, write_folder
from models.common.bgnbd import BgNbd
from models.propensity import (
    FEATURES,
    TrainOptions,
    TrainResult,
    feature_drift,
    importance,
    importance_step,
    load_artifact,
    score,
    train,
)
from models.propensity.algorithms import ALGORITHMS, Sample, Task, fit_model
from models.propensity.artifacts import Artifact, save_artifact
from models.propensity.baselines import RecencyRule
from models.propensity.card import build_card
from models.propensity.features import design_matrix, training_frame

SUPPORT = Path(__file__).parents[2] / "support"
Frames = tuple[pd.DataFrame, pd.DataFrame]


@pytest.fixture(scope="module")
def frames() -> Frames:
    return snapshots()


@pytest.fixture(scope="module")
def trained(frames: Frames, tmp_path_factory: pytest.TempPathFactory) -> tuple[TrainResult, Path]:
    """A churn model trained once for the module, and its folder, which tests copy before they change it."""
    folder = tmp_path_factory.mktemp("trained")
    return train("churn", *frames, last_day(frames[0]), folder, 7), folder


@pytest.fixture
def copied(trained: tuple[TrainResult, Path], tmp_path: Path) -> tuple[TrainResult, Path]:
    """The same, in a folder of the test's own."""
    return trained[0], Path(shutil.copytree(trained[1], tmp_path, dirs_exist_ok=True))


def _tree(folder: Path) -> dict[str, str]:
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


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
        "risk_band",
        "top_reasons",
        "model_version",
    ]
    assert scored["probability"].between(0, 1).all() and (scored["model_version"] == result.model_version).all()
    many, few = (scored[(now["n_sessions_7d"] == n).to_numpy()]["probability"].mean() for n in (6, 0))
    assert many < few
    assert scored["top_reasons"].str.contains("last 7 days").mean() > 0.5
    assert set(scored["risk_band"]) <= {"high", "medium", "low"}
    assert (scored.loc[scored["probability"] >= 0.7, "risk_band"] == "high").all()


def test_scores_do_not_depend_on_how_many_are_scored_at_a_time(
    frames: Frames, trained: tuple[TrainResult, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    features, artifact = frames[0], trained[0].artifact
    now = features[features["as_of_date"] == last_day(features)]
    whole = score("churn", now, artifact)
    monkeypatch.setattr("models.propensity.scoring.BATCH_ROWS", 70)
    assert len(whole) > 4 * 70
    pd.testing.assert_frame_equal(score("churn", now, artifact), whole)


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
    assert _tree(folder) == _tree(tmp_path)


def test_order_of_rows_alters_nothing_and_data_does(tmp_path: Path) -> None:
    features, labels = snapshots(n_persons=120)
    as_of = last_day(features)
    shuffled = features.sample(frac=1.0, random_state=4), labels.sample(frac=1.0, random_state=5)
    first = train("churn", features, labels, as_of, tmp_path / "a", 7)
    second = train("churn", *shuffled, as_of, tmp_path / "b", 7)
    assert _tree(tmp_path / "a") == _tree(tmp_path / "b")
    pd.testing.assert_frame_equal(first.metrics, second.metrics)
    changed = features.assign(n_events_7d=features["n_events_7d"] + 1)
    third = train("churn", changed, labels, as_of, tmp_path / "c", 7)
    versions = [set(result.metrics["model_version"]) for result in (first, third)]
    rule = first.metrics.loc[first.metrics["algorithm"] == "recency-rule", "model_version"].iloc[0]
    assert versions[0] & versions[1] == {"base-rate", rule}  # the rule reads recency alone, which was left as it was


def _comparable(result: TrainResult) -> dict[str, object]:
    """All of a result but its metrics and its fitted model; hashes of files are only in a card that was read."""
    card = {name: value for name, value in result.artifact.card.items() if name != "files"}
    return {k: v for k, v in vars(result).items() if k not in ("metrics", "artifact")} | {"card": card}


def _forbid_fitting(*args: object, **kwargs: object) -> None:
    raise AssertionError("trained again")


def test_the_same_training_is_not_done_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, signal in (("promoted", 2.0), ("noise", 0.0)):
        features, labels = snapshots(signal=signal)
        as_of, folder = last_day(features), tmp_path / name
        first = train("churn", features, labels, as_of, folder, 7)
        assert first.promoted == (name == "promoted")
        before = _tree(folder)
        with monkeypatch.context() as patched:
            patched.setattr("models.propensity.model_selection.fit_model", _forbid_fitting)
            again = train("churn", features.sample(frac=1.0, random_state=1), labels, as_of, folder, 7)
            # a few labels that late events turned do not make another training due …
            turned = labels.copy()
            turned.loc[turned.index[0], "label_churned"] = not turned.loc[turned.index[0], "label_churned"]
            late = train("churn", features, turned, as_of, folder, 7)
            assert late.model_version == first.model_version
            # … a quarter of the persons less, or other options, do
            some = sorted(set(features["person_id"]))[::4]
            fewer = features[~features["person_id"].isin(some)]
            with pytest.raises(AssertionError, match="trained again"):
                train("churn", fewer, labels, as_of, folder, 7)
            with pytest.raises(AssertionError, match="trained again"):
                train("churn", features, labels, as_of, folder, 8)
        pd.testing.assert_frame_equal(first.metrics, again.metrics)
        assert _comparable(first) == _comparable(again)
        now = features[features["as_of_date"] == as_of]
        pd.testing.assert_frame_equal(score("churn", now, first.artifact), score("churn", now, again.artifact))
        assert _tree(folder) == before


@pytest.mark.parametrize("damage", ["model", "card", "rule"])
def test_a_damaged_result_is_trained_again(
    damage: str, frames: Frames, copied: tuple[TrainResult, Path], tmp_path: Path
) -> None:
    features, labels = frames
    version, whole = tmp_path / "churn" / copied[0].model_version, _tree(tmp_path)
    rule = tmp_path / "churn" / "recency-rule" / "card.json"
    model = next(path for path in version.iterdir() if path.stem == "model")
    target = {"model": model, "card": version / "card.json", "rule": rule}[damage]
    target.write_bytes(target.read_bytes()[:-20])
    assert _tree(tmp_path) != whole
    train("churn", features, labels, last_day(features), tmp_path, 7)
    assert _tree(tmp_path) == whole


def test_another_release_trains_again(
    frames: Frames, copied: tuple[TrainResult, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    features, labels = frames
    monkeypatch.setattr("models.propensity.retrain_policy.code_digest", lambda package: "another release")
    monkeypatch.setattr("models.propensity.model_selection.fit_model", _forbid_fitting)
    with pytest.raises(AssertionError, match="trained again"):
        train("churn", features, labels, last_day(features), tmp_path, 7)


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


def test_no_labels_at_all_still_scores(tmp_path: Path) -> None:
    features, labels = snapshots(n_persons=30, n_snapshots=1)
    result = train("churn", features, labels, last_day(features), tmp_path, 7)
    scored = score("churn", features, result.artifact)
    assert result.metrics.empty and len(scored) == 30
    assert (scored["model_version"] == "recency-rule-unlabelled").all()
    away = features.sort_values("person_id")["days_since_last_active"].to_numpy()
    assert np.allclose(scored["probability"], (away + 1) / (away + 8), atol=1e-6)
    assert scored["top_reasons"].str.startswith("last active").all()


def test_close_snapshots_are_shown_but_never_promoted(tmp_path: Path) -> None:
    features, labels = snapshots(n_persons=150)
    as_of = last_day(features) + timedelta(days=30)
    result = train("churn", features, labels, as_of, tmp_path, 7, TrainOptions(horizon_days=14))
    assert result.trained and not result.promoted and "closer than the horizon" in result.reason


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


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_every_algorithm_survives_storage(algorithm: str, frames: Frames, tmp_path: Path) -> None:
    features, labels = frames
    rows = training_frame("churn", features, labels, last_day(features), 7)
    matrix, y = design_matrix(rows), rows["y"].to_numpy()
    fitted = fit_model(ALGORITHMS[algorithm], Sample(matrix, y, np.ones(len(y), dtype=bool)), Task("churn", 7, 7))
    card = build_card("churn", "v1", algorithm, "", False, {}, 7, RecencyRule("churn", 7))
    for name in ("a", "b"):
        save_artifact(tmp_path / name, Artifact(card, fitted))
    assert _tree(tmp_path / "a") == _tree(tmp_path / "b")
    artifact = load_artifact(tmp_path / "a")
    loaded = artifact.model
    assert loaded is not None
    np.testing.assert_array_equal(loaded.predict(matrix), fitted.predict(matrix))
    contributions = loaded.contributions(matrix)
    assert contributions.shape == matrix.shape
    strongest = FEATURES[int(np.abs(contributions).mean(axis=0).argmax())]
    # BG/NBD knows recency and frequency alone
    assert strongest == ("days_since_last_active" if algorithm == "bg-nbd" else "n_sessions_7d")
    scored = score("churn", features[features["as_of_date"] == last_day(features)], artifact)
    assert scored["top_reasons"].str.split("; ").map(len).between(1, 3).all()


def test_another_process_writes_the_same_bytes(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; sys.path[:0] = sys.argv[2:];"
        "from models_frames import snapshots, last_day; from models.propensity import train;"
        "f, l = snapshots(80); train('churn', f, l, last_day(f), Path(sys.argv[1]), 7)"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "b"), str(SUPPORT), str(SUPPORT.parents[1])]
    subprocess.run(command, check=True, env={"PYTHONHASHSEED": "2"})
    features, labels = snapshots(80)
    train("churn", features, labels, last_day(features), tmp_path / "a", 7)
    assert _tree(tmp_path / "a") == _tree(tmp_path / "b") != {}


def test_card_holds_the_window_and_guards_the_files(
    frames: Frames, copied: tuple[TrainResult, Path], tmp_path: Path
) -> None:
    features, (result, _) = frames[0], copied
    version = tmp_path / "churn" / result.model_version
    card = json.loads((version / "card.json").read_text())
    assert card["data"]["test"]["snapshots"] == ["2026-01-19"] and card["data"]["train"]["n_rows"] == 300
    assert card["features"] == list(FEATURES) and card["is_promoted"] and card["metrics"]
    assert {"python", "numpy", "scikit-learn", "skops", "xgboost"} <= set(card["versions"])
    assert not list(tmp_path.rglob("*.pkl")) and not list(tmp_path.rglob("*.tmp"))
    with pytest.raises(ArtifactError, match="not of purchase"):
        score("purchase", features, result.artifact)
    (name,) = card["files"]
    (version / name).write_bytes(b"other")
    with pytest.raises(ArtifactError, match="not the one its card describes"):
        load_artifact(version)
    with pytest.raises(ArtifactError, match="no model card"):
        load_artifact(tmp_path / "nowhere")


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


def test_a_model_stored_by_an_earlier_release_is_read(frames: Frames, tmp_path: Path) -> None:
    """Its card holds fields that are no longer written; a model of an algorithm that is gone is refused by name."""
    names = FEATURES.index("n_active_days_total"), FEATURES.index("days_since_first_seen")
    held = {"a": 0.8, "alpha": 4.4, "b": 2.4, "r": 0.2, "centre": [0.0] * len(FEATURES), "rate_of_others": 0.25}
    card = build_card("churn", "bg-nbd-0123456789ab", "bg-nbd", "", True, {}, 7, RecencyRule("churn", 7))
    write_folder(tmp_path / "a", card | {"centre": [0.0]}, {"bg_nbd.json": json.dumps(held).encode()})
    matrix = np.zeros((2, len(FEATURES)))
    matrix[1, list(names)] = np.log1p([3.0, 30.0])
    model = load_artifact(tmp_path / "a").model
    assert model is not None
    lost, returning = model.predict(matrix)
    expected = 1 - BgNbd(0.2, 4.4, 0.8, 2.4).probability_of_any(7, 2, 30, 31)
    assert lost == 0.25 and returning == pytest.approx(float(expected))
    gone = card | {"algorithm": "hist-gradient-boosting"}
    write_folder(tmp_path / "b", gone, {"model.skops": b"anything"})
    with pytest.raises(ArtifactError, match="hist-gradient-boosting, which this release cannot read"):
        load_artifact(tmp_path / "b")
