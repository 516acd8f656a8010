"""Parameters by rolling origin within a budget; contributions that add up; a machine without XGBoost."""

from pathlib import Path

import numpy as np
import pytest
from models_frames import last_day, snapshots

from models.common.frames import FloatArray
from models.propensity import TrainOptions, load_artifact, train
from models.propensity.artifacts import save_artifact
from models.propensity.baselines import RecencyRule
from models.propensity.candidates import (
    ALGORITHMS,
    HIST_GRADIENT_BOOSTING,
    PARAMS,
    RANDOM_FOREST,
    XGBOOST,
    Task,
    fit_candidate,
)
from models.propensity.card import build_card
from models.propensity.features import FEATURES, design_matrix, training_frame
from models.propensity.tuning import MAX_SETS, Fold, best_params, sets_to_try

TASK = Task("churn", 7, 7)


@pytest.fixture(scope="module")
def data() -> tuple[FloatArray, np.ndarray]:
    features, labels = snapshots()
    rows = training_frame("churn", features, labels, last_day(features), 7)
    return design_matrix(rows), rows["y"].to_numpy()


def _fold(data: tuple[FloatArray, np.ndarray]) -> Fold:
    matrix, y = data
    return Fold(matrix[:600], y[:600], np.ones(600, dtype=bool), matrix[600:], y[600:])


def test_the_budget_buys_sets_and_never_depends_on_a_clock(data: tuple[FloatArray, np.ndarray]) -> None:
    fold = _fold(data)
    assert sets_to_try(XGBOOST, [fold], 0.0, 7) == [PARAMS[XGBOOST]]
    some, many = (sets_to_try(XGBOOST, [fold], budget, 7) for budget in (0.6, 1000.0))
    assert 1 < len(some) < len(many) == MAX_SETS and some[0] == PARAMS[XGBOOST]
    assert len({str(sorted(one.items())) for one in many}) >= MAX_SETS - 1
    assert sets_to_try(XGBOOST, [fold], 1000.0, 7) == many


def test_the_best_set_is_the_one_with_the_best_held_out_ranking(
    data: tuple[FloatArray, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    # one column decides: a regression that may not use it has to lose
    monkeypatch.setattr("models.propensity.tuning._GRIDS", {"logistic-regression": {"C": [1e-9, 1.0]}})
    monkeypatch.setitem(PARAMS, "logistic-regression", {"C": 1e-9})
    matrix, y = data
    noisy = matrix.copy()
    noisy[:, FEATURES.index("n_events_7d")] *= 40.0
    found = best_params("logistic-regression", [_fold((noisy, y))], TASK, 10.0)
    assert found == {"C": 1.0}


@pytest.mark.parametrize("algorithm", [XGBOOST, RANDOM_FOREST])
def test_tree_contributions_add_up_to_the_score(algorithm: str, data: tuple[FloatArray, np.ndarray]) -> None:
    matrix, y = data
    fitted = fit_candidate(algorithm, matrix, y, TASK)
    logit = np.log(fitted.predict(matrix) / (1 - fitted.predict(matrix)))
    rest = logit - fitted.contributions(matrix).sum(axis=1)  # what is left is the same for everybody: the bias
    assert np.ptp(rest) < 1e-3 < np.ptp(logit)


def test_without_xgboost_scikit_learn_boosts(data: tuple[FloatArray, np.ndarray], tmp_path: Path) -> None:
    assert HIST_GRADIENT_BOOSTING not in ALGORITHMS
    matrix, y = data
    fitted = fit_candidate(HIST_GRADIENT_BOOSTING, matrix, y, TASK)
    card = build_card("churn", "v1", HIST_GRADIENT_BOOSTING, "", False, {}, 7, RecencyRule("churn", 7))
    loaded = load_artifact(save_artifact(tmp_path / "v1", card, fitted)).candidate
    assert loaded is not None
    np.testing.assert_array_equal(loaded.predict(matrix), fitted.predict(matrix))
    strongest = np.abs(loaded.contributions(matrix[:50])).mean(axis=0).argmax()
    assert FEATURES[int(strongest)] == "n_sessions_7d"


def test_a_tuned_training_is_reproducible_and_validated_on_several_origins(tmp_path: Path) -> None:
    features, labels = snapshots(n_persons=120, n_snapshots=7)
    options = TrainOptions(tuning_budget_s=4.0)
    results = [train("churn", features, labels, last_day(features), tmp_path / name, 7, options) for name in ("a", "b")]
    assert results[0].model_version == results[1].model_version and results[0].promoted
    usual = train("churn", features, labels, last_day(features), tmp_path / "c", 7)
    assert usual.model_version != results[0].model_version  # another budget is another training
