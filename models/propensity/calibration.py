"""Sigmoid calibration, stored as two numbers.

Belongs here: the map from score to probability. Does not belong here: what is predicted.
Not isotonic regression: its steps give hundreds of persons the same probability, which cost ranking on simulated and
real logs and calibrated no better (docs/models.md).
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from models.common.frames import FloatArray

Method = Literal["identity", "sigmoid"]
_SIGMOID_MIN_CLASS = 10  # rows of the rarer class below which two numbers cannot be learned
_EPSILON = 1e-6


@dataclass(frozen=True)
class Calibration:
    """A strictly rising map from score to probability: slope and intercept on the logit, or no change."""

    method: Method
    slope: float = 1.0
    intercept: float = 0.0

    def apply(self, scores: FloatArray) -> FloatArray:
        """Calibrated probabilities, strictly inside (0, 1)."""
        mapped = scores
        if self.method == "sigmoid":
            mapped = 1.0 / (1.0 + np.exp(-(self.slope * _logit(scores) + self.intercept)))
        return np.asarray(np.clip(mapped, 1e-4, 1.0 - 1e-4), dtype=np.float64)


def _logit(scores: FloatArray) -> FloatArray:
    clipped = np.clip(scores, _EPSILON, 1.0 - _EPSILON)
    return np.asarray(np.log(clipped) - np.log1p(-clipped))


def fit_calibration(scores: FloatArray, y: NDArray[np.int_]) -> Calibration:
    """Sigmoid, or unchanged where there is too little to learn from or the score does not rank.

    >>> fit_calibration(np.array([0.1, 0.9]), np.array([0, 1])).method
    'identity'
    """
    from sklearn.linear_model import LogisticRegression

    if int(min(y.sum(), len(y) - y.sum())) < _SIGMOID_MIN_CLASS:
        return Calibration("identity")
    fitted = LogisticRegression(C=1e6, max_iter=500).fit(_logit(scores).reshape(-1, 1), y)
    slope, intercept = float(fitted.coef_[0][0]), float(fitted.intercept_[0])
    if slope <= 0:  # the score does not rank the validation rows: reversing it would hide that
        return Calibration("identity")
    return Calibration("sigmoid", round(slope, 6), round(intercept, 6))
