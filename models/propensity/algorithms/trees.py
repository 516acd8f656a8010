"""Gradient boosting and a random forest, both grown by XGBoost, stored as its own JSON."""

import os
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.common.frames import FloatArray
from models.propensity.algorithms.base import DECIMALS, Algorithm, Params, Sample, Task
from models.propensity.features import FEATURES

_FIXED: Params = {"objective": "binary:logistic", "tree_method": "hist", "nthread": 1, "verbosity": 0}
# On small matrices threads only wait for each other: a second one quadrupled the CPU time and saved nothing.
_ROWS_WORTH_THREADS = 20_000
_MAX_THREADS = 4


class BoosterModel:
    """A booster; missing values take the branch learned for them."""

    def __init__(self, booster: Any) -> None:
        self.booster = booster

    def predict(self, matrix: FloatArray) -> FloatArray:
        """Uncalibrated probability of the positive class."""
        found = np.asarray(self._threaded(matrix).predict(_dmatrix(matrix)), dtype=np.float64)
        return np.asarray(np.round(found, DECIMALS), dtype=np.float64)

    def contributions(self, matrix: FloatArray) -> FloatArray:
        """Exact SHAP values on the logit, without the bias (TreeSHAP: Lundberg et al., 2020)."""
        booster = self._threaded(matrix)
        return np.asarray(booster.predict(_dmatrix(matrix), pred_contribs=True)[:, :-1], dtype=np.float64)

    def dump(self) -> bytes:
        """XGBoost's own JSON."""
        return bytes(self.booster.save_raw(raw_format="json"))

    def _threaded(self, matrix: FloatArray) -> Any:
        """Rows are scored one by one, so the number of threads changes no bit."""
        n_threads = min(os.cpu_count() or 1, _MAX_THREADS) if len(matrix) >= _ROWS_WORTH_THREADS else 1
        self.booster.set_param({"nthread": n_threads})
        return self.booster


def _dmatrix(matrix: FloatArray, y: NDArray[np.int_] | None = None) -> Any:
    import xgboost

    return xgboost.DMatrix(matrix, label=y, feature_names=list(FEATURES), nthread=1)


def _fit(sample: Sample, task: Task, params: Params) -> BoosterModel:
    import xgboost

    trained = {**_FIXED, **params, "seed": task.seed}
    rounds = trained.pop("num_boost_round", 1)
    return BoosterModel(xgboost.train(trained, _dmatrix(sample.matrix, sample.y), rounds))


def _fit_forest(sample: Sample, task: Task, params: Params) -> BoosterModel:
    """One round of many trees grown side by side: its contributions are exact, too."""
    return _fit(sample, task, {"eta": 1.0, **params})


def _load(content: bytes, card: dict[str, Any]) -> BoosterModel:
    import xgboost

    booster = xgboost.Booster({"nthread": 1})
    booster.load_model(bytearray(content))
    return BoosterModel(booster)


RANDOM_FOREST = Algorithm(
    "random-forest",
    "model.json",
    _fit_forest,
    _load,
    params={
        "num_parallel_tree": 120,
        "max_depth": 9,
        "min_child_weight": 5,
        "colsample_bynode": 0.3,
        "subsample": 0.6,
    },
    grid={"max_depth": [6, 9, 12], "min_child_weight": [2, 5, 20], "colsample_bynode": [0.2, 0.3, 0.5]},
    cost_s=(0.15, 0.045),
)

XGBOOST = Algorithm(
    "xgboost",
    "model.json",
    _fit,
    _load,
    params={
        "num_boost_round": 120,
        "max_depth": 4,
        "eta": 0.06,
        "min_child_weight": 8,
        "subsample": 0.8,
        "colsample_bytree": 0.6,
        "lambda": 5.0,
    },
    grid={
        "num_boost_round": [60, 120, 240],
        "max_depth": [2, 3, 4, 6],
        "eta": [0.03, 0.06, 0.1],
        "min_child_weight": [2, 8, 30],
        "colsample_bytree": [0.4, 0.6, 0.9],
    },
    cost_s=(0.15, 0.02),
)
