"""Predicted totals of persons against what followed in a period that the model had not seen.

Belongs here: errors, their intervals by resampling persons, and whether a baseline is beaten. Does not belong here:
what is predicted (see `customer_value`).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from models.common.frames import FloatArray

MAX_TESTED_PERSONS = 50_000
N_RESAMPLES = 100
_CLEAR_SHARE = 0.9  # of resamples in which the baseline has to be beaten
_DIGITS = 9


@dataclass(frozen=True)
class Holdout:
    """Metric rows (metric, value, ci_low, ci_high, baseline_value) and the days held out.

    `is_promoted`: the squared error of the first quantity is clearly below the baseline's.
    """

    metrics: list[dict[str, object]]
    days: int
    is_promoted: bool


def _mae(observed: FloatArray, predicted: FloatArray) -> float:
    return float(np.mean(np.abs(predicted - observed)))


def _rmse(observed: FloatArray, predicted: FloatArray) -> float:
    return float(np.sqrt(np.mean((predicted - observed) ** 2)))


def _total_ratio(observed: FloatArray, predicted: FloatArray) -> float:
    """Predicted over observed total of all persons; 1 is right."""
    total = float(observed.sum())
    return float(predicted.sum()) / total if total > 0 else float("nan")


def _rank_correlation(observed: FloatArray, predicted: FloatArray) -> float:
    """Spearman's, ties at their mean rank; NaN where one side is constant."""
    from scipy.stats import rankdata

    first, second = rankdata(observed), rankdata(predicted)
    first, second = first - first.mean(), second - second.mean()
    scale = float(np.sqrt(np.sum(first**2) * np.sum(second**2)))
    return float(np.sum(first * second)) / scale if scale > 0 else float("nan")


METRICS: dict[str, Callable[[FloatArray, FloatArray], float]] = {
    "mae": _mae,
    "rmse": _rmse,
    "total_ratio": _total_ratio,
    "rank_correlation": _rank_correlation,
}


def measure(
    observed: dict[str, FloatArray],
    predicted: dict[str, FloatArray],
    baseline: dict[str, FloatArray],
    days: int,
    seed: int,
) -> Holdout:
    """Every metric of every quantity, one number per person each; 95 % intervals from resamples of persons."""
    first = next(iter(observed))
    n_persons = len(observed[first])
    rng = np.random.default_rng(seed)
    draws = [rng.integers(0, n_persons, size=n_persons) for _ in range(N_RESAMPLES)]
    metrics: list[dict[str, object]] = []
    for quantity, truth in observed.items():
        for name, metric in METRICS.items():
            resampled = np.array([metric(truth[rows], predicted[quantity][rows]) for rows in draws])
            resampled = resampled[~np.isnan(resampled)]
            low, high = np.quantile(resampled, [0.025, 0.975]) if len(resampled) else (np.nan, np.nan)
            values = [metric(truth, predicted[quantity]), float(low), float(high), metric(truth, baseline[quantity])]
            names = ("value", "ci_low", "ci_high", "baseline_value")
            rounded = (round(number, _DIGITS) for number in values)
            metrics.append({"metric": f"{quantity}_{name}", **dict(zip(names, rounded, strict=True))})
    gain = (baseline[first] - observed[first]) ** 2 - (predicted[first] - observed[first]) ** 2
    wins = float(np.mean([gain[rows].mean() > 0 for rows in draws]))
    return Holdout(metrics, days, bool(gain.mean() > 0 and wins >= _CLEAR_SHARE))
