"""The algorithms that compete, behind one small face.

Belongs here: how each algorithm is set up, fitted, asked for probabilities and for contributions.
Does not belong here: which parameters are tried (see `tuning`), which algorithm wins, calibration, storage.
"""

import os
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from models.common.bgnbd import BgNbd, FitError, fit_bgnbd
from models.common.frames import FloatArray
from models.propensity.features import FEATURES, Kind

try:
    import xgboost
except ImportError:  # no wheel for this machine: scikit-learn's boosting takes its place
    xgboost = None  # type: ignore[assignment]

BG_NBD = "bg-nbd"
LOGISTIC_REGRESSION = "logistic-regression"
RANDOM_FOREST = "random-forest"
XGBOOST = "xgboost"
HIST_GRADIENT_BOOSTING = "hist-gradient-boosting"
_TREES = (RANDOM_FOREST, XGBOOST) if xgboost else (HIST_GRADIENT_BOOSTING,)
ALGORITHMS = (BG_NBD, LOGISTIC_REGRESSION, *_TREES)

_BOOSTER: dict[str, Any] = {"objective": "binary:logistic", "tree_method": "hist", "nthread": 1, "verbosity": 0}
PARAMS: dict[str, dict[str, Any]] = {
    BG_NBD: {},
    LOGISTIC_REGRESSION: {"C": 0.1},
    # A random forest in XGBoost: one round of many trees grown side by side (its contributions are exact, too).
    RANDOM_FOREST: {
        "num_parallel_tree": 120,
        "max_depth": 9,
        "min_child_weight": 5,
        "colsample_bynode": 0.3,
        "subsample": 0.6,
    },
    XGBOOST: {
        "num_boost_round": 120,
        "max_depth": 4,
        "eta": 0.06,
        "min_child_weight": 8,
        "subsample": 0.8,
        "colsample_bytree": 0.6,
        "lambda": 5.0,
    },
    HIST_GRADIENT_BOOSTING: {"max_iter": 120, "max_depth": 4, "learning_rate": 0.06, "l2_regularization": 5.0},
}
# The columns that the BG/NBD model reads: number of active (or order) days, days since the first and since the last of them.
_BG_NBD_COLUMNS: dict[Kind, tuple[str, str, str]] = {
    "churn": ("n_active_days_total", "days_since_first_seen", "days_since_last_active"),
    "purchase": ("n_order_days_total", "days_since_first_order", "days_since_last_order"),
}
# On small matrices threads only wait for each other: a second one quadrupled the CPU time and saved nothing.
_ROWS_WORTH_THREADS = 20_000
_MAX_THREADS = 4
_DECIMALS = 9
_EPSILON = 1e-6
_MIN_REPEATERS = 30


class NotFittedError(ValueError):
    """An algorithm has too little to learn from; the message says what is missing."""


@dataclass(frozen=True)
class Task:
    """What is predicted, how many days ahead, and the seed of everything drawn."""

    kind: Kind
    horizon_days: int
    seed: int


class Candidate(Protocol):
    """A fitted model: scores, and how much each feature moved each score."""

    algorithm: str

    def predict(self, matrix: FloatArray) -> FloatArray:
        """Uncalibrated probability of the positive class."""
        ...

    def contributions(self, matrix: FloatArray) -> FloatArray:
        """Signed contribution (row × feature) on the logit; comparable within a row only."""
        ...


class SklearnCandidate:
    """A scikit-learn pipeline: imputer, scaler and logistic regression, or boosting alone."""

    def __init__(self, algorithm: str, pipeline: Pipeline, centre: FloatArray) -> None:
        self.algorithm = algorithm
        self.pipeline = pipeline
        self.centre = centre

    def predict(self, matrix: FloatArray) -> FloatArray:
        """Uncalibrated probability of the positive class."""
        return np.asarray(np.round(self.pipeline.predict_proba(matrix)[:, 1], _DECIMALS), dtype=np.float64)

    def contributions(self, matrix: FloatArray) -> FloatArray:
        """Linear terms, which are exact; of boosting what putting the median in a feature's place changes."""
        if self.algorithm == LOGISTIC_REGRESSION:
            scaled = np.asarray(self.pipeline[:-1].transform(matrix), dtype=np.float64)
            return np.asarray(scaled * self.pipeline[-1].coef_[0])
        return occlusion(self.predict, matrix, self.centre, range(matrix.shape[1]))


class XgboostCandidate:
    """A booster; missing values take the branch learned for them."""

    def __init__(self, algorithm: str, booster: Any) -> None:
        self.algorithm = algorithm
        self.booster = booster

    def predict(self, matrix: FloatArray) -> FloatArray:
        """Uncalibrated probability of the positive class."""
        found = np.asarray(self._threaded(matrix).predict(_dmatrix(matrix)), dtype=np.float64)
        return np.asarray(np.round(found, _DECIMALS), dtype=np.float64)

    def contributions(self, matrix: FloatArray) -> FloatArray:
        """Exact SHAP values on the logit, without the bias (TreeSHAP: Lundberg et al., 2020)."""
        booster = self._threaded(matrix)
        return np.asarray(booster.predict(_dmatrix(matrix), pred_contribs=True)[:, :-1], dtype=np.float64)

    def _threaded(self, matrix: FloatArray) -> Any:
        """Rows are scored one by one, so the number of threads changes no bit."""
        self.booster.set_param({"nthread": _threads(matrix)})
        return self.booster


class BgNbdCandidate:
    """Buy till you die: visits (or orders) at a person's own rate until the person silently leaves."""

    algorithm = BG_NBD

    def __init__(self, kind: Kind, horizon_days: int, model: BgNbd, rate_of_others: float, centre: FloatArray) -> None:
        self.kind: Kind = kind
        self.horizon_days = horizon_days
        self.model = model
        self.rate_of_others = rate_of_others
        self.centre = centre

    def predict(self, matrix: FloatArray) -> FloatArray:
        """Probability of an order, or of no visit; one rate for all who never did it before."""
        frequency, recency, age, has_any = _repeats(self.kind, matrix)
        some = self.model.probability_of_any(float(self.horizon_days), frequency, recency, age)
        found = np.where(has_any, 1.0 - some if self.kind == "churn" else some, self.rate_of_others)
        return np.asarray(np.round(found, _DECIMALS), dtype=np.float64)

    def contributions(self, matrix: FloatArray) -> FloatArray:
        """What putting the median in a feature's place changes."""
        columns = [FEATURES.index(name) for name in _BG_NBD_COLUMNS[self.kind]]
        return occlusion(self.predict, matrix, self.centre, columns)


def occlusion(predict: Any, matrix: FloatArray, centre: FloatArray, columns: Any) -> FloatArray:
    """Change on the logit when one feature of a row is as in `centre` instead; 0 in all other columns."""
    found = np.zeros_like(matrix)
    whole = _logit(predict(matrix))
    for column in columns:
        without = matrix.copy()
        without[:, column] = centre[column]
        found[:, column] = whole - _logit(predict(without))
    return found


def _logit(probability: FloatArray) -> FloatArray:
    clipped = np.clip(probability, _EPSILON, 1.0 - _EPSILON)
    return np.asarray(np.log(clipped) - np.log1p(-clipped))


def _repeats(kind: Kind, matrix: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray, NDArray[np.bool_]]:
    """Repeats, days from the first to the last, days since the first, and who has any; features are on a log scale."""
    n, first, last = (
        np.rint(np.expm1(np.nan_to_num(matrix[:, FEATURES.index(name)]))) for name in _BG_NBD_COLUMNS[kind]
    )
    has_any = n > 0
    # a day is counted whole: who came first and last today has an age of one day
    return np.maximum(n - 1.0, 0.0), np.maximum(first - last, 0.0), np.maximum(first, 0.0) + 1.0, has_any


def _threads(matrix: FloatArray) -> int:
    return min(os.cpu_count() or 1, _MAX_THREADS) if len(matrix) >= _ROWS_WORTH_THREADS else 1


def booster_of(content: bytes) -> Any:
    """A booster from XGBoost's own JSON; `ImportError` where this machine has no XGBoost."""
    if xgboost is None:
        raise ImportError("this model was made by XGBoost, which is not installed here")
    booster = xgboost.Booster({"nthread": 1})
    booster.load_model(bytearray(content))
    return booster


def _dmatrix(matrix: FloatArray, y: NDArray[np.int_] | None = None) -> Any:
    return xgboost.DMatrix(matrix, label=y, feature_names=list(FEATURES), nthread=1)


def fit_candidate(
    algorithm: str,
    matrix: FloatArray,
    y: NDArray[np.int_],
    task: Task,
    params: dict[str, Any] | None = None,
    latest: NDArray[np.bool_] | None = None,
) -> Candidate:
    """Fit one algorithm; the same input, parameters and seed give the same model.

    `latest` marks the rows of the newest snapshot, where each person stands once: the BG/NBD model is fitted on them.
    """
    chosen = PARAMS[algorithm] if params is None else params
    if algorithm == BG_NBD:
        return _fit_bgnbd(matrix, y, task, np.ones(len(y), dtype=bool) if latest is None else latest)
    if algorithm in (XGBOOST, RANDOM_FOREST):
        return _fit_trees(algorithm, matrix, y, task, chosen)
    if algorithm == HIST_GRADIENT_BOOSTING:
        boosting = HistGradientBoostingClassifier(**chosen, early_stopping=False, random_state=task.seed).fit(matrix, y)
        return SklearnCandidate(algorithm, Pipeline([("model", boosting)]), _centre(matrix))
    return _fit_linear(matrix, y, task, chosen)


def _fit_trees(
    algorithm: str, matrix: FloatArray, y: NDArray[np.int_], task: Task, params: dict[str, Any]
) -> XgboostCandidate:
    given = dict(params)
    rounds = given.pop("num_boost_round", 1)
    steps = {"eta": 1.0} if algorithm == RANDOM_FOREST else {}
    booster = xgboost.train({**_BOOSTER, **steps, **given, "seed": task.seed}, _dmatrix(matrix, y), rounds)
    return XgboostCandidate(algorithm, booster)


def _fit_linear(matrix: FloatArray, y: NDArray[np.int_], task: Task, params: dict[str, Any]) -> SklearnCandidate:
    impute = SimpleImputer(strategy="median", keep_empty_features=True)
    scale = StandardScaler()
    scale.fit(impute.fit_transform(matrix))
    _round_learned(scale, "mean_", "var_", "scale_")
    model = LogisticRegression(**params, max_iter=1000, random_state=task.seed)
    model.fit(scale.transform(impute.transform(matrix)), y)
    _round_learned(model, "coef_", "intercept_")
    pipeline = Pipeline([("impute", impute), ("scale", scale), ("model", model)])
    return SklearnCandidate(LOGISTIC_REGRESSION, pipeline, np.zeros(matrix.shape[1]))


def _fit_bgnbd(matrix: FloatArray, y: NDArray[np.int_], task: Task, latest: NDArray[np.bool_]) -> BgNbdCandidate:
    frequency, recency, age, has_any = _repeats(task.kind, matrix)
    used = latest & has_any
    if int((frequency[used] > 0).sum()) < _MIN_REPEATERS:
        raise NotFittedError(f"fewer than {_MIN_REPEATERS} persons came back, or ordered again")
    others = y[~has_any]
    rate = (float(others.sum()) + 1.0) / (len(others) + 2.0)
    try:
        model = fit_bgnbd(frequency[used], recency[used], age[used])
    except FitError as error:
        raise NotFittedError(str(error)) from error
    model = BgNbd(*(round(value, _DECIMALS) for value in (model.r, model.alpha, model.a, model.b)))
    return BgNbdCandidate(task.kind, task.horizon_days, model, round(rate, _DECIMALS), _centre(matrix))


def _centre(matrix: FloatArray) -> FloatArray:
    """Median of each column; 0 where nothing is known."""
    known = ~np.isnan(matrix).all(axis=0)
    centre = np.zeros(matrix.shape[1])
    centre[known] = np.round(np.nanmedian(matrix[:, known], axis=0), _DECIMALS)
    return centre


def _round_learned(estimator: Any, *names: str) -> None:
    """Cut learned numbers to nine decimals: sums in the numeric libraries differ in their last bits between processes."""
    for name in names:
        setattr(estimator, name, np.round(getattr(estimator, name), _DECIMALS))
