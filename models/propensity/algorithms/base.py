"""What an algorithm has to provide, and what its fitted models share.

Belongs here: the interface, contributions by occlusion, rounding. Does not belong here: any single algorithm.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from models.common.frames import FloatArray
from models.propensity.features import Kind

DECIMALS = 9  # of learned numbers: sums in the numeric libraries differ in their last bits between processes
_EPSILON = 1e-6
Params = dict[str, Any]


class NotFittedError(ValueError):
    """An algorithm has too little data to learn from; the message says what is missing."""


@dataclass(frozen=True)
class Task:
    """What is predicted, how many days ahead, and the seed of everything random."""

    kind: Kind
    horizon_days: int
    seed: int


@dataclass(frozen=True)
class Sample:
    """Rows to fit on. `latest` marks those of the newest snapshot, where each person occurs once."""

    matrix: FloatArray
    y: NDArray[np.int_]
    latest: NDArray[np.bool_]


class FittedModel(Protocol):
    """Scores, and how much each feature moved each score."""

    def predict(self, matrix: FloatArray) -> FloatArray:
        """Uncalibrated probability of the positive class."""
        ...

    def contributions(self, matrix: FloatArray) -> FloatArray:
        """Signed contribution (row × feature) on the logit; comparable within a row only."""
        ...

    def dump(self) -> bytes:
        """The model's file; the same model gives the same bytes in every process."""
        ...


@dataclass(frozen=True)
class Algorithm:
    """One algorithm: how it is fitted and loaded, its default parameters, and the values that tuning may try.

    `cost_s` are the seconds that one fit takes: a fixed part, and a part per thousand rows. Without a grid nothing is
    tuned.
    """

    name: str
    file: str
    fit: Callable[[Sample, Task, Params], FittedModel]
    load: Callable[[bytes, dict[str, Any]], FittedModel]  # the file's content, the card
    params: Params = field(default_factory=dict)
    grid: dict[str, list[Any]] = field(default_factory=dict)
    cost_s: tuple[float, float] = (0.0, 0.0)


def occlusion(
    predict: Callable[[FloatArray], FloatArray], matrix: FloatArray, centre: FloatArray, columns: Iterable[int]
) -> FloatArray:
    """Change on the logit when one feature of a row is as in `centre` instead; 0 in all other columns."""
    found = np.zeros_like(matrix)
    actual = _logit(predict(matrix))
    for column in columns:
        without = matrix.copy()
        without[:, column] = centre[column]
        found[:, column] = actual - _logit(predict(without))
    return found


def _logit(probability: FloatArray) -> FloatArray:
    clipped = np.clip(probability, _EPSILON, 1.0 - _EPSILON)
    return np.asarray(np.log(clipped) - np.log1p(-clipped))


def medians(matrix: FloatArray) -> FloatArray:
    """Median of each column; 0 where no value is known."""
    known = ~np.isnan(matrix).all(axis=0)
    found = np.zeros(matrix.shape[1])
    found[known] = np.round(np.nanmedian(matrix[:, known], axis=0), DECIMALS)
    return found
