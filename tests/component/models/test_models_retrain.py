"""A drifted model is retrained the same night if there is anything new to learn, and never twice on the same rows."""

import sys
from datetime import date
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from models_frames import last_day

from models.propensity import FEATURES, Prediction, predict, read_registry, roll_back
from pipeline.cli.summary import _as_of, _retrained
from pipeline.home.paths import HomePaths
from pipeline.predict.features import LearningData
from pipeline.predict.scores import predict_all
from pipeline.settings import default_config_text, load_settings

Frames = tuple[pd.DataFrame, pd.DataFrame]


def _night(frames: Frames, folder: Path, *, moved: bool = False) -> Prediction:
    """A night; `moved`: today's features of everybody are three times what they were."""
    features, labels = frames
    return predict("churn", _now(features, moved), features, labels, last_day(features), folder)


def _now(features: pd.DataFrame, moved: bool) -> pd.DataFrame:
    now = features[features["as_of_date"] == last_day(features)].reset_index(drop=True)
    return now.assign(**{name: now[name] * 3 + 2 for name in FEATURES}) if moved else now


def _with_a_late_event(frames: Frames) -> Frames:
    """A late event changes one person's label in the oldest snapshot."""
    features, labels = frames
    label = labels["label_churned"].copy()
    label.iloc[0] = not label.iloc[0]
    return features, labels.assign(label_churned=label)


def _no_fit(patched: pytest.MonkeyPatch) -> None:
    def forbidden(*args: object, **kwargs: object) -> None:
        raise AssertionError("trained again")

    patched.setattr("models.propensity.model_selection.fit_model", forbidden)


def _equal(one: Prediction, other: Prediction) -> None:
    assert one.model.model_version == other.model.model_version
    pd.testing.assert_frame_equal(one.model.metrics, other.model.metrics)
    pd.testing.assert_frame_equal(one.scores, other.scores)
    pd.testing.assert_frame_equal(one.drift, other.drift)


def test_a_drifted_model_with_nothing_new_to_learn_is_left_alone(
    frames: Frames, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = _night(frames, tmp_path)
    assert not first.drift["is_drifted"].any()
    _no_fit(monkeypatch)
    second = _night(frames, tmp_path, moved=True)
    assert second.drift["is_drifted"].mean() > 0.9 and second.model.model_version == first.model.model_version
    assert "drifted" not in second.model.reason


def test_a_drifted_model_learns_what_came_late_once_and_as_if_from_scratch(
    frames: Frames, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = _night(frames, tmp_path / "nights")
    later = _with_a_late_event(frames)
    calm = _night(later, tmp_path / "nights")
    assert calm.model.model_version == first.model.model_version  # not drifted: it waits for the next snapshot
    again = _night(later, tmp_path / "nights", moved=True)
    assert again.model.model_version != first.model.model_version
    assert again.model.reason.startswith("retrained, because these drifted: scores (PSI ")
    assert f"of {len(FEATURES)} features" in again.model.reason
    _equal(again, _night(later, tmp_path / "scratch", moved=True))
    decisions = read_registry(tmp_path / "nights" / "churn").decisions
    assert [bool(one.drifted) for one in decisions] == [False, True]
    assert {one.champion_before for one in decisions} == {None}
    with monkeypatch.context() as patched:
        _no_fit(patched)
        third = _night(later, tmp_path / "nights", moved=True)
    assert third.model.reason == again.model.reason
    _equal(third, again)


def test_a_night_killed_while_it_trained_again_ends_the_same(
    frames: Frames, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = _with_a_late_event(frames)
    for name in ("whole", "killed"):
        _night(frames, tmp_path / name)
    whole = _night(later, tmp_path / "whole", moved=True)
    written: list[Path] = []
    for n_writes in (0, 1, 2):  # the version, the registry, the rule

        def write(folder: Path, *rest: object, after: int = n_writes, real: object = None) -> object:
            if len(written) == after:
                raise KeyboardInterrupt
            written.append(folder)
            return real(folder, *rest)  # type: ignore[operator]

        written.clear()
        with monkeypatch.context() as patched:
            for function in ("save_artifact", "write_registry"):
                module = sys.modules["models.propensity.training"]
                real = getattr(module, function)
                patched.setattr(module, function, lambda *a, real=real, write=write: write(*a, real=real))
            with pytest.raises(KeyboardInterrupt):
                _night(later, tmp_path / "killed", moved=True)
    repaired = _night(later, tmp_path / "killed", moved=True)
    _equal(repaired, whole)
    assert repaired.model.reason == whole.model.reason
    assert read_registry(tmp_path / "killed" / "churn") == read_registry(tmp_path / "whole" / "churn")


def test_what_a_person_chose_is_not_replaced_for_drift(
    frames: Frames, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _night(frames, tmp_path)
    roll_back(tmp_path / "churn")
    _no_fit(monkeypatch)
    found = _night(_with_a_late_event(frames), tmp_path, moved=True)
    assert not found.model.promoted and "manually" in found.model.reason


def test_the_night_and_its_summary_say_why(frames: Frames, tmp_path: Path) -> None:
    paths, as_of = HomePaths(tmp_path), last_day(frames[0])
    (tmp_path / "growth.yaml").write_text(default_config_text(), encoding="utf-8")
    settings = load_settings(tmp_path / "growth.yaml", tmp_path)

    def night(known: Frames, moved: bool) -> tuple[dict[str, pd.DataFrame], list[tuple[str, str]]]:
        data = LearningData(_now(known[0], moved), *known)
        found, _ = predict_all(data, as_of, settings, paths.ml / "artifacts")
        return found, _summary_lines(paths, as_of)

    night(frames, False)
    found, lines = night(_with_a_late_event(frames), True)
    assert [label for label, _ in lines] == ["model"] and lines[0][1].startswith(
        "churn: retrained, because these drifted: "
    )
    assert set(found["feature_drift"]["model"]) == {"churn", "purchase"}  # the label of purchase did not change
    assert _summary_lines(paths, date(2030, 1, 1)) == []


def _summary_lines(paths: HomePaths, as_of: date) -> list[tuple[str, str]]:
    with duckdb.connect() as con:
        con.execute("create schema ops")
        con.execute("create table ops.published_versions as select 'r' as run_id, ?::date as as_of_date", [as_of])
        return _retrained(paths, _as_of(con, "r"))
