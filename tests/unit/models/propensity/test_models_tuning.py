"""Parameters by rolling origin within a budget; contributions that add up."""

from dataclasses import replace

import numpy as np
import pytest
from models_frames import last_day, snapshots

from models.common.frames import FloatArray
from models.propensity.algorithms import ALGORITHMS, Sample, Task, fit_model
from models.propensity.features import FEATURES, design_matrix, training_frame
from models.propensity.tuning import MAX_SETS, Fold, best_params, sets_to_try

TASK = Task("churn", 7, 7)
XGBOOST = ALGORITHMS["xgboost"]


@pytest.fixture(scope="module")
def data() -> tuple[FloatArray, np.ndarray]:
    features, labels = snapshots()
    rows = training_frame("churn", features, labels, last_day(features), 7)
    return design_matrix(rows), rows["y"].to_numpy()


def _fold(data: tuple[FloatArray, np.ndarray]) -> Fold:
    matrix, y = data
    return Fold(_sample(matrix[:600], y[:600]), _sample(matrix[600:], y[600:]))


def _sample(matrix: FloatArray, y: np.ndarray) -> Sample:
    return Sample(matrix, y, np.ones(len(y), dtype=bool))


def test_the_budget_limits_the_sets_and_does_not_depend_on_a_clock(data: tuple[FloatArray, np.ndarray]) -> None:
    fold = _fold(data)
    assert sets_to_try(XGBOOST, [fold], 0.0, 7) == [XGBOOST.params]
    some, many = (sets_to_try(XGBOOST, [fold], budget, 7) for budget in (0.6, 1000.0))
    assert 1 < len(some) < len(many) == MAX_SETS and some[0] == XGBOOST.params
    assert len({str(sorted(one.items())) for one in many}) >= MAX_SETS - 1
    assert sets_to_try(XGBOOST, [fold], 1000.0, 7) == many


def test_the_best_set_is_the_one_with_the_best_held_out_ranking(
    data: tuple[FloatArray, np.ndarray],
) -> None:
    # one column decides: a regression that may not use it has to lose
    regression = replace(ALGORITHMS["logistic-regression"], params={"C": 1e-9}, grid={"C": [1e-9, 1.0]})
    matrix, y = data
    noisy = matrix.copy()
    noisy[:, FEATURES.index("n_events_7d")] *= 40.0
    found = best_params(regression, [_fold((noisy, y))], TASK, 10.0)
    assert found == {"C": 1.0}


@pytest.mark.parametrize("algorithm", ["xgboost", "random-forest"])
def test_tree_contributions_add_up_to_the_score(algorithm: str, data: tuple[FloatArray, np.ndarray]) -> None:
    matrix, y = data
    fitted = fit_model(ALGORITHMS[algorithm], _sample(matrix, y), TASK)
    logit = np.log(fitted.predict(matrix) / (1 - fitted.predict(matrix)))
    rest = logit - fitted.contributions(matrix).sum(axis=1)  # what is left is the same for everybody: the bias
    assert np.ptp(rest) < 1e-3 < np.ptp(logit)
