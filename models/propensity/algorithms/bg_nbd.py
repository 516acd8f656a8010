"""BG/NBD as a classifier: visits (or order days) at a person's own rate until the person silently leaves."""

import json
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.common.bgnbd import BgNbd, FitError, fit_bgnbd
from models.common.frames import FloatArray
from models.propensity.algorithms.base import (
    DECIMALS,
    Algorithm,
    NotFittedError,
    Params,
    Sample,
    Task,
    medians,
    occlusion,
)
from models.propensity.features import FEATURES, Kind

# Number of active (or order) days, days since the first and days since the last of them.
_COLUMNS: dict[Kind, tuple[str, str, str]] = {
    "churn": ("n_active_days_total", "days_since_first_seen", "days_since_last_active"),
    "purchase": ("n_order_days_total", "days_since_first_order", "days_since_last_order"),
}
_MIN_REPEATERS = 30


class BgNbdModel:
    """A fitted BG/NBD model, with one rate for persons without any active (or order) day."""

    def __init__(self, kind: Kind, horizon_days: int, model: BgNbd, rate_of_others: float, centre: FloatArray) -> None:
        self.kind: Kind = kind
        self.horizon_days = horizon_days
        self.model = model
        self.rate_of_others = rate_of_others
        self.centre = centre

    def predict(self, matrix: FloatArray) -> FloatArray:
        """Probability of an order, or of no visit."""
        frequency, recency, age, has_any = _repeats(self.kind, matrix)
        some = self.model.probability_of_any(float(self.horizon_days), frequency, recency, age)
        found = np.where(has_any, 1.0 - some if self.kind == "churn" else some, self.rate_of_others)
        return np.asarray(np.round(found, DECIMALS), dtype=np.float64)

    def contributions(self, matrix: FloatArray) -> FloatArray:
        """Change on the logit when a feature is at its median instead."""
        columns = [FEATURES.index(name) for name in _COLUMNS[self.kind]]
        return occlusion(self.predict, matrix, self.centre, columns)

    def dump(self) -> bytes:
        """Parameters as JSON."""
        content = {
            **asdict(self.model),
            "rate_of_others": self.rate_of_others,
            "centre": self.centre.tolist(),
        }
        return (json.dumps(content, sort_keys=True) + "\n").encode()


def _repeats(kind: Kind, matrix: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray, NDArray[np.bool_]]:
    """Repeats, days from the first to the last, days since the first, and who has any; features are on a log scale."""
    n, first, last = (np.rint(np.expm1(np.nan_to_num(matrix[:, FEATURES.index(name)]))) for name in _COLUMNS[kind])
    has_any = n > 0
    # a day counts as a whole: whose first and last day is today has an age of one day
    return np.maximum(n - 1.0, 0.0), np.maximum(first - last, 0.0), np.maximum(first, 0.0) + 1.0, has_any


def _fit(sample: Sample, task: Task, params: Params) -> BgNbdModel:
    """Fitted on the newest snapshot, where each person occurs once."""
    frequency, recency, age, has_any = _repeats(task.kind, sample.matrix)
    used = sample.latest & has_any
    if int((frequency[used] > 0).sum()) < _MIN_REPEATERS:
        raise NotFittedError(f"fewer than {_MIN_REPEATERS} persons came back, or ordered again")
    others = sample.y[~has_any]
    rate = (float(others.sum()) + 1.0) / (len(others) + 2.0)
    try:
        model = fit_bgnbd(frequency[used], recency[used], age[used])
    except FitError as error:
        raise NotFittedError(str(error)) from error
    model = BgNbd(*(round(value, DECIMALS) for value in (model.r, model.alpha, model.a, model.b)))
    return BgNbdModel(task.kind, task.horizon_days, model, round(rate, DECIMALS), medians(sample.matrix))


def _load(content: bytes, card: dict[str, Any]) -> BgNbdModel:
    held = json.loads(content)
    centre, rate = np.asarray(held.pop("centre"), dtype=np.float64), held.pop("rate_of_others")
    return BgNbdModel(card["model"], card["horizon_days"], BgNbd(**held), rate, centre)


BG_NBD = Algorithm("bg-nbd", "bg_nbd.json", _fit, _load)
