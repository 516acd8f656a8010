"""Isotonic or sigmoid calibration, kept as plain numbers.

Belongs here: the two maps from score to probability. Does not belong here: anything that knows what is predicted.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from models.features import FloatArray

Method = Literal["identity", "sigmoid", "isotonic"]
# An isotonic map is a staircase with many steps: it needs this many rows of the rarer class, or it learns noise.
_ISOTONIC_MIN_CLASS = 300
_SIGMOID_MIN_CLASS = 10
_EPSILON = 1e-6


@dataclass(frozen=True)
class Calibration:
    """A monotone map from score to probability: knots (isotonic) or slope and intercept on the logit (sigmoid)."""

    method: Method
    x: tuple[float, ...] = ()
    y: tuple[float, ...] = ()

    def apply(self, scores: FloatArray) -> FloatArray:
        """Calibrated probabilities, strictly inside (0, 1)."""
        if self.method == "isotonic":
            mapped = np.interp(scores, np.asarray(self.x), np.asarray(self.y))
        elif self.method == "sigmoid":
            mapped = 1.0 / (1.0 + np.exp(-(self.x[0] * _logit(scores) + self.x[1])))
        else:
            mapped = scores
        return np.asarray(np.clip(mapped, 1e-4, 1.0 - 1e-4), dtype=np.float64)


def _logit(scores: FloatArray) -> FloatArray:
    clipped = np.clip(scores, _EPSILON, 1.0 - _EPSILON)
    return np.asarray(np.log(clipped) - np.log1p(-clipped))


def fit_calibration(scores: FloatArray, y: NDArray[np.int_]) -> Calibration:
    """Isotonic where the rarer class is large enough, sigmoid below, unchanged where there is too little.

    >>> fit_calibration(np.array([0.1, 0.9]), np.array([0, 1])).method
    'identity'
    """
    rarer = int(min(y.sum(), len(y) - y.sum()))
    if rarer < _SIGMOID_MIN_CLASS:
        return Calibration("identity")
    if rarer < _ISOTONIC_MIN_CLASS:
        return _fit_sigmoid(scores, y)
    fitted = IsotonicRegression(out_of_bounds="clip").fit(scores, y)
    least = 1.0 / (len(y) + 2.0)  # the ends of the staircase are often exactly 0 and 1, which no finite sample proves
    return Calibration(
        "isotonic", _rounded(fitted.X_thresholds_), _rounded(np.clip(fitted.y_thresholds_, least, 1.0 - least))
    )


def _fit_sigmoid(scores: FloatArray, y: NDArray[np.int_]) -> Calibration:
    fitted = LogisticRegression(C=1e6, max_iter=500).fit(_logit(scores).reshape(-1, 1), y)
    slope, intercept = float(fitted.coef_[0][0]), float(fitted.intercept_[0])
    if slope <= 0:  # the score does not order the validation rows: turning it round would hide that
        return Calibration("identity")
    return Calibration("sigmoid", (round(slope, 6), round(intercept, 6)))


def _rounded(values: FloatArray) -> tuple[float, ...]:
    return tuple(round(float(value), 9) for value in values)
