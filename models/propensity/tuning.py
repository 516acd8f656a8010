"""Parameters of each algorithm: which sets are tried, how many the budget allows, which is best on later snapshots.

Belongs here: the sets, the budget, the rolling-origin comparison. Does not belong here: fitting (see `candidates`), the
choice between algorithms.

The budget is in seconds but is spent on paper: a fit is charged by its rows at a rate measured on two cores. A clock would
try more sets on a quiet night than on a busy one, and the same data would give another model.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score
from sklearn.model_selection import ParameterSampler

from models.common.frames import FloatArray
from models.propensity.candidates import (
    HIST_GRADIENT_BOOSTING,
    LOGISTIC_REGRESSION,
    PARAMS,
    RANDOM_FOREST,
    XGBOOST,
    Task,
    fit_candidate,
)

_GRIDS: dict[str, dict[str, list[Any]]] = {
    LOGISTIC_REGRESSION: {"C": [0.003, 0.01, 0.03, 0.3, 1.0]},
    RANDOM_FOREST: {"max_depth": [6, 9, 12], "min_child_weight": [2, 5, 20], "colsample_bynode": [0.2, 0.3, 0.5]},
    XGBOOST: {
        "num_boost_round": [60, 120, 240],
        "max_depth": [2, 3, 4, 6],
        "eta": [0.03, 0.06, 0.1],
        "min_child_weight": [2, 8, 30],
        "colsample_bytree": [0.4, 0.6, 0.9],
    },
    HIST_GRADIENT_BOOSTING: {"max_iter": [60, 120, 240], "max_depth": [2, 4, 6], "learning_rate": [0.03, 0.06, 0.1]},
}
# Seconds of one fit: fixed, and per thousand rows.
_COST_S: dict[str, tuple[float, float]] = {
    LOGISTIC_REGRESSION: (0.02, 0.01),
    RANDOM_FOREST: (0.15, 0.045),
    XGBOOST: (0.15, 0.02),
    HIST_GRADIENT_BOOSTING: (0.2, 0.03),
}
MAX_SETS = 12


@dataclass(frozen=True)
class Fold:
    """One step of the rolling origin: rows to fit on (`latest`: those of the newest snapshot), rows to be judged on."""

    matrix: FloatArray
    y: NDArray[np.int_]
    latest: NDArray[np.bool_]
    held_out: FloatArray
    held_out_y: NDArray[np.int_]


def sets_to_try(algorithm: str, folds: list[Fold], budget_s: float, seed: int) -> list[dict[str, Any]]:
    """The usual parameters first, then drawn ones, as many as the budget of this algorithm allows (at most 12).

    >>> sets_to_try("bg-nbd", [], 60.0, 7)
    [{}]
    """
    usual = PARAMS[algorithm]
    if algorithm not in _GRIDS or not folds:
        return [usual]
    fixed, per_thousand = _COST_S[algorithm]
    cost = sum(fixed + per_thousand * len(fold.y) / 1000 for fold in folds)
    n_sets = min(MAX_SETS, int(budget_s / cost))
    n_different = int(np.prod([len(values) for values in _GRIDS[algorithm].values()]))
    if n_sets < 2:
        return [usual]
    drawn = ParameterSampler(_GRIDS[algorithm], min(n_sets - 1, n_different), random_state=seed)
    return [usual, *({**usual, **chosen} for chosen in drawn)]


def best_params(algorithm: str, folds: list[Fold], task: Task, budget_s: float) -> dict[str, Any]:
    """The parameters with the highest mean PR-AUC over the folds; the first of equals."""
    tried = sets_to_try(algorithm, folds, budget_s, task.seed)
    if len(tried) == 1:
        return tried[0]
    values = [np.mean([_pr_auc(algorithm, fold, task, params) for fold in folds]) for params in tried]
    return tried[int(np.argmax(np.round(values, 6)))]


def _pr_auc(algorithm: str, fold: Fold, task: Task, params: dict[str, Any]) -> float:
    fitted = fit_candidate(algorithm, fold.matrix, fold.y, task, params, fold.latest)
    return float(average_precision_score(fold.held_out_y, fitted.predict(fold.held_out)))
