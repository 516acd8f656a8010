"""What training stores: read back whole, not trained twice, guarded against damage, the same bytes in any process."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from models_frames import digests, last_day, snapshots

from models.common import ArtifactError, write_folder
from models.common.bgnbd import BgNbd
from models.propensity import FEATURES, TrainResult, load_artifact, score, train
from models.propensity.algorithms import ALGORITHMS, Sample, Task, fit_model
from models.propensity.artifacts import Artifact, save_artifact
from models.propensity.baselines import RecencyRule
from models.propensity.card import build_card
from models.propensity.features import design_matrix, training_frame

SUPPORT = Path(__file__).parents[2] / "support"
Frames = tuple[pd.DataFrame, pd.DataFrame]


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
        before = digests(folder)
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
        assert digests(folder) == before


@pytest.mark.parametrize("damage", ["model", "card", "rule"])
def test_a_damaged_result_is_trained_again(
    damage: str, frames: Frames, copied: tuple[TrainResult, Path], tmp_path: Path
) -> None:
    features, labels = frames
    version, whole = tmp_path / "churn" / copied[0].model_version, digests(tmp_path)
    rule = tmp_path / "churn" / "recency-rule" / "card.json"
    model = next(path for path in version.iterdir() if path.stem == "model")
    target = {"model": model, "card": version / "card.json", "rule": rule}[damage]
    target.write_bytes(target.read_bytes()[:-20])
    assert digests(tmp_path) != whole
    train("churn", features, labels, last_day(features), tmp_path, 7)
    assert digests(tmp_path) == whole


def test_another_release_trains_again(
    frames: Frames, copied: tuple[TrainResult, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    features, labels = frames
    monkeypatch.setattr("models.propensity.retrain_policy.code_digest", lambda package: "another release")
    monkeypatch.setattr("models.propensity.model_selection.fit_model", _forbid_fitting)
    with pytest.raises(AssertionError, match="trained again"):
        train("churn", features, labels, last_day(features), tmp_path, 7)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_every_algorithm_survives_storage(algorithm: str, frames: Frames, tmp_path: Path) -> None:
    features, labels = frames
    rows = training_frame("churn", features, labels, last_day(features), 7)
    matrix, y = design_matrix(rows), rows["y"].to_numpy()
    fitted = fit_model(ALGORITHMS[algorithm], Sample(matrix, y, np.ones(len(y), dtype=bool)), Task("churn", 7, 7))
    card = build_card("churn", "v1", algorithm, "", False, {}, 7, RecencyRule("churn", 7))
    for name in ("a", "b"):
        save_artifact(tmp_path / name, Artifact(card, fitted))
    assert digests(tmp_path / "a") == digests(tmp_path / "b")
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
    assert digests(tmp_path / "a") == digests(tmp_path / "b") != {}


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
