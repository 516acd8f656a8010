"""The algorithms that compete, behind one small face.

Belongs here: how each algorithm is set up, fitted, asked for probabilities and for contributions.
Does not belong here: which of them wins, calibration, storage.
"""

import os
from typing import Any, Protocol

import numpy as np
import xgboost
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from models.features import FEATURES, FloatArray

LOGISTIC_REGRESSION = "logistic-regression"
RANDOM_FOREST = "random-forest"
XGBOOST = "xgboost"
ALGORITHMS = (LOGISTIC_REGRESSION, RANDOM_FOREST, XGBOOST)

PARAMS: dict[str, dict[str, Any]] = {
    LOGISTIC_REGRESSION: {"C": 0.1, "max_iter": 1000},
    RANDOM_FOREST: {
        "n_estimators": 120,
        "max_depth": 9,
        "min_samples_leaf": 20,
        "max_features": "sqrt",
        "max_samples": 0.5,
    },
    XGBOOST: {
        "objective": "binary:logistic",
        "tree_method": "hist",
        "max_depth": 4,
        "eta": 0.06,
        "min_child_weight": 8,
        "subsample": 0.8,
        "colsample_bytree": 0.6,
        "lambda": 5.0,
        "nthread": 1,
        "verbosity": 0,
    },
}
XGBOOST_ROUNDS = 120
# On small matrices threads only wait for each other: a second one quadrupled the CPU time and saved nothing.
_ROWS_WORTH_THREADS = 20_000
_MAX_THREADS = 4
_DECIMALS = 9


def params_of(algorithm: str) -> dict[str, Any]:
    """Everything an algorithm is set up with."""
    rounds = {"num_boost_round": XGBOOST_ROUNDS} if algorithm == XGBOOST else {}
    return {**PARAMS[algorithm], **rounds}


class Candidate(Protocol):
    """A fitted model: scores, and how much each feature moved each score."""

    algorithm: str

    def predict(self, matrix: FloatArray) -> FloatArray:
        """Uncalibrated probability of the positive class."""
        ...

    def contributions(self, matrix: FloatArray) -> FloatArray:
        """Signed contribution (row × feature); comparable within a row only."""
        ...


class SklearnCandidate:
    """A scikit-learn pipeline of imputer, scaler and classifier."""

    def __init__(self, algorithm: str, pipeline: Pipeline, directions: FloatArray | None = None) -> None:
        self.algorithm = algorithm
        self.pipeline = pipeline
        self.directions = directions if directions is not None else np.zeros(len(FEATURES))

    def predict(self, matrix: FloatArray) -> FloatArray:
        """Uncalibrated probability of the positive class."""
        return np.asarray(np.round(self.pipeline.predict_proba(matrix)[:, 1], _DECIMALS), dtype=np.float64)

    def contributions(self, matrix: FloatArray) -> FloatArray:
        """Linear terms; for the forest importance × distance from the mean × direction of the class difference."""
        scaled = np.asarray(self.pipeline[:-1].transform(matrix), dtype=np.float64)
        model = self.pipeline[-1]
        if self.algorithm == LOGISTIC_REGRESSION:
            return np.asarray(scaled * model.coef_[0])
        return np.asarray(scaled * model.feature_importances_ * self.directions)


class XgboostCandidate:
    """A booster; missing values take the branch learned for them."""

    algorithm = XGBOOST

    def __init__(self, booster: xgboost.Booster) -> None:
        self.booster = booster

    def predict(self, matrix: FloatArray) -> FloatArray:
        """Uncalibrated probability of the positive class."""
        found = np.asarray(self._threaded(matrix).predict(_dmatrix(matrix)), dtype=np.float64)
        return np.asarray(np.round(found, _DECIMALS), dtype=np.float64)

    def contributions(self, matrix: FloatArray) -> FloatArray:
        """SHAP values on the logit, without the bias."""
        booster = self._threaded(matrix)
        return np.asarray(booster.predict(_dmatrix(matrix), pred_contribs=True)[:, :-1], dtype=np.float64)

    def _threaded(self, matrix: FloatArray) -> xgboost.Booster:
        """Rows are scored one by one, so the number of threads changes no bit."""
        self.booster.set_param({"nthread": _threads(matrix)})
        return self.booster


def _threads(matrix: FloatArray) -> int:
    return min(os.cpu_count() or 1, _MAX_THREADS) if len(matrix) >= _ROWS_WORTH_THREADS else 1


def _dmatrix(matrix: FloatArray, y: NDArray[np.int_] | None = None) -> xgboost.DMatrix:
    return xgboost.DMatrix(matrix, label=y, feature_names=list(FEATURES), nthread=1)


def fit_candidate(algorithm: str, matrix: FloatArray, y: NDArray[np.int_], seed: int) -> Candidate:
    """Fit one algorithm; the same input and seed give the same model."""
    if algorithm == XGBOOST:
        params = {**PARAMS[XGBOOST], "seed": seed}
        return XgboostCandidate(xgboost.train(params, _dmatrix(matrix, y), num_boost_round=XGBOOST_ROUNDS))
    if algorithm == LOGISTIC_REGRESSION:
        model: Any = LogisticRegression(**PARAMS[algorithm], random_state=seed)
    else:
        model = RandomForestClassifier(**PARAMS[algorithm], random_state=seed, n_jobs=_threads(matrix))
    impute = SimpleImputer(strategy="median", keep_empty_features=True)
    scale = StandardScaler()
    scale.fit(impute.fit_transform(matrix))
    _round_learned(scale, "mean_", "var_", "scale_")
    scaled = scale.transform(impute.transform(matrix))
    model.fit(scaled, y)
    if algorithm == RANDOM_FOREST:
        # Trees are seeded one by one, but with more threads the order in which they are added up changes a score's last bits.
        model.set_params(n_jobs=1)
    if algorithm == LOGISTIC_REGRESSION:
        _round_learned(model, "coef_", "intercept_")
    pipeline = Pipeline([("impute", impute), ("scale", scale), ("model", model)])
    return SklearnCandidate(algorithm, pipeline, _class_directions(scaled, y))


def _round_learned(estimator: Any, *names: str) -> None:
    """Cut learned numbers to nine decimals: sums in the numeric libraries differ in their last bits between processes."""
    for name in names:
        setattr(estimator, name, np.round(getattr(estimator, name), _DECIMALS))


def _class_directions(scaled: FloatArray, y: NDArray[np.int_]) -> FloatArray:
    """Mean of each scaled feature among positives minus among negatives."""
    difference = scaled[y == 1].mean(axis=0) - scaled[y == 0].mean(axis=0)
    return np.asarray(np.round(difference, _DECIMALS), dtype=np.float64)
