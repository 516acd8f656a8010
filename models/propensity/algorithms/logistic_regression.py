"""Logistic regression by scikit-learn, stored by skops."""

from typing import TYPE_CHECKING, Any

import numpy as np

from models.common.frames import FloatArray
from models.propensity.algorithms import skops_file
from models.propensity.algorithms.base import DECIMALS, Algorithm, Params, Sample, Task

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline


class LogisticModel:
    """A pipeline of imputer, scaler and logistic regression."""

    def __init__(self, pipeline: "Pipeline") -> None:
        self.pipeline = pipeline

    def predict(self, matrix: FloatArray) -> FloatArray:
        """Uncalibrated probability of the positive class."""
        return np.asarray(np.round(self.pipeline.predict_proba(matrix)[:, 1], DECIMALS), dtype=np.float64)

    def contributions(self, matrix: FloatArray) -> FloatArray:
        """Linear terms, which are exact."""
        scaled = np.asarray(self.pipeline[:-1].transform(matrix), dtype=np.float64)
        return np.asarray(scaled * self.pipeline[-1].coef_[0])

    def dump(self) -> bytes:
        """The pipeline as a skops archive."""
        return skops_file.dump(self.pipeline)


def _fit(sample: Sample, task: Task, params: Params) -> LogisticModel:
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import StandardScaler

    impute = SimpleImputer(strategy="median", keep_empty_features=True)
    scale = StandardScaler()
    scale.fit(impute.fit_transform(sample.matrix))
    _round_learned(scale, "mean_", "var_", "scale_")
    model = LogisticRegression(**params, max_iter=1000, random_state=task.seed)
    model.fit(scale.transform(impute.transform(sample.matrix)), sample.y)
    _round_learned(model, "coef_", "intercept_")
    return LogisticModel(Pipeline([("impute", impute), ("scale", scale), ("model", model)]))


def _round_learned(estimator: Any, *names: str) -> None:
    for name in names:
        setattr(estimator, name, np.round(getattr(estimator, name), DECIMALS))


def _load(content: bytes, card: dict[str, Any]) -> LogisticModel:
    return LogisticModel(skops_file.load(content))


LOGISTIC_REGRESSION = Algorithm(
    "logistic-regression",
    "model.skops",
    _fit,
    _load,
    params={"C": 0.1},
    grid={"C": [0.003, 0.01, 0.03, 0.3, 1.0]},
    cost_s=(0.02, 0.01),
)
