"""Metrics with confidence intervals, and the comparison with baselines.

Belongs here: metric functions on plain arrays and the shape of metric rows.
Does not belong here: fitting, calibration, choosing snapshots.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.features import FloatArray

METRICS = ("roc_auc", "pr_auc", "brier", "log_loss", "lift_top_10")
LOWER_IS_BETTER = frozenset({"brier", "log_loss"})
METRIC_COLUMNS = [
    "model",
    "model_version",
    "algorithm",
    "split",
    "metric",
    "value",
    "ci_low",
    "ci_high",
    "baseline",
    "baseline_value",
    "is_promoted",
]
N_RESAMPLES = 100
_TOP_SHARE = 0.10
_EPSILON = 1e-15


@dataclass(frozen=True)
class Evaluation:
    """Metric values of one model on one split, and the same under each resample of persons."""

    values: dict[str, float]
    resampled: dict[str, FloatArray]

    def interval(self, metric: str) -> tuple[float, float]:
        """Central 95 % of the resampled values; NaN where no resample had both classes."""
        known = self.resampled[metric][~np.isnan(self.resampled[metric])]
        if not len(known):
            return float("nan"), float("nan")
        low, high = np.quantile(known, [0.025, 0.975])
        return float(low), float(high)


def person_weights(persons: NDArray[np.object_] | pd.Series, seed: int, n_resamples: int = N_RESAMPLES) -> FloatArray:
    """Bootstrap weights (resample × row): whole persons are drawn with replacement, never single rows."""
    codes, names = pd.factorize(np.asarray(persons, dtype=object), sort=False)
    rng = np.random.default_rng(seed)
    n_persons = len(names)
    draws = rng.multinomial(n_persons, np.full(n_persons, 1.0 / n_persons), size=n_resamples)
    return np.asarray(draws[:, codes], dtype=np.float64)


def compute_metrics(
    y: NDArray[np.int_], probability: FloatArray, weights: FloatArray | None = None
) -> dict[str, FloatArray]:
    """Every metric for each row of weights (one row of ones by default); ties in the score are handled exactly.

    >>> compute_metrics(np.array([0, 1]), np.array([0.2, 0.9]))["roc_auc"].tolist()
    [1.0]
    """
    w = np.ones((1, len(y))) if weights is None else weights
    order = np.argsort(-probability, kind="stable")
    p, hits, w = probability[order], y[order].astype(float), w[:, order]
    ends = np.flatnonzero(np.append(np.diff(p) != 0, True))  # last row of each group of equal scores
    total_by_end = np.cumsum(w, axis=1)[:, ends]
    true_by_end = np.cumsum(w * hits, axis=1)[:, ends]
    total, positives = total_by_end[:, -1], true_by_end[:, -1]
    both = (positives > 0) & (positives < total)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = {
            "roc_auc": _roc_auc(total_by_end, true_by_end),
            "pr_auc": _average_precision(total_by_end, true_by_end),
            "lift_top_10": _lift(total_by_end, true_by_end),
        }
    results = {name: np.where(both, value, np.nan) for name, value in found.items()}
    clipped = np.clip(p, _EPSILON, 1.0 - _EPSILON)
    losses = -(hits * np.log(clipped) + (1.0 - hits) * np.log1p(-clipped))
    results["brier"] = (w @ (p - hits) ** 2) / total
    results["log_loss"] = (w @ losses) / total
    return {name: results[name] for name in METRICS}


def _roc_auc(total: FloatArray, true: FloatArray) -> FloatArray:
    """Area under the ROC curve by trapezes over the groups of equal scores."""
    start = np.zeros((len(total), 1))
    tpr = np.hstack([start, true / true[:, -1:]])
    false = total - true
    fpr = np.hstack([start, false / false[:, -1:]])
    return np.asarray((np.diff(fpr, axis=1) * (tpr[:, 1:] + tpr[:, :-1]) / 2.0).sum(axis=1))


def _average_precision(total: FloatArray, true: FloatArray) -> FloatArray:
    """Sum of precision × gain in recall, as scikit-learn's `average_precision_score`."""
    precision = np.where(total > 0, true / total, 0.0)
    recall = np.hstack([np.zeros((len(true), 1)), true / true[:, -1:]])
    return np.asarray((precision * np.diff(recall, axis=1)).sum(axis=1))


def _lift(total: FloatArray, true: FloatArray) -> FloatArray:
    """Rate among the top tenth over the overall rate; a group of ties across the edge counts by its share."""
    lifts = np.empty(len(total))
    for row, (seen, hits) in enumerate(zip(total, true, strict=True)):
        top = _TOP_SHARE * seen[-1]
        inside = float(np.interp(top, np.append(0.0, seen), np.append(0.0, hits)))
        lifts[row] = (inside / top) / (hits[-1] / seen[-1]) if hits[-1] > 0 else np.nan
    return lifts


def evaluate(y: NDArray[np.int_], probability: FloatArray, weights: FloatArray) -> Evaluation:
    """Metrics on all rows and under every resample."""
    values = {name: float(value[0]) for name, value in compute_metrics(y, probability).items()}
    return Evaluation(values, compute_metrics(y, probability, weights))


def beats(candidate: Evaluation, baseline: Evaluation) -> bool:
    """Clearly better: PR-AUC higher in at least 90 % of paired resamples, and Brier score not worse.

    Point values alone would promote about every second model that learned nothing.
    """
    gain = candidate.resampled["pr_auc"] - baseline.resampled["pr_auc"]
    gain = gain[~np.isnan(gain)]
    if not len(gain) or not candidate.values["pr_auc"] > baseline.values["pr_auc"]:
        return False
    is_clear = float(np.mean(gain > 0)) >= 0.9
    return is_clear and candidate.values["brier"] <= baseline.values["brier"]


def best_baseline(metric: str, baselines: dict[str, Evaluation]) -> tuple[str, float]:
    """The stronger baseline on this metric, with its value; the first named wins a tie."""
    sign = -1.0 if metric in LOWER_IS_BETTER else 1.0
    known = {name: item.values[metric] for name, item in baselines.items() if not np.isnan(item.values[metric])}
    if not known:
        return next(iter(baselines)), float("nan")
    name = max(known, key=lambda key: sign * known[key])
    return name, known[name]


def metric_rows(
    model: str,
    model_version: str,
    algorithm: str,
    split: str,
    evaluation: Evaluation,
    baselines: dict[str, Evaluation],
    is_promoted: bool,
) -> list[dict[str, object]]:
    """One row per metric in the shape of `ml.model_metrics`."""
    rows: list[dict[str, object]] = []
    for metric in METRICS:
        low, high = evaluation.interval(metric)
        name, value = best_baseline(metric, baselines)
        numbers = [round(number, 9) for number in (evaluation.values[metric], low, high, value)]
        rows.append(
            dict(
                zip(
                    METRIC_COLUMNS,
                    [model, model_version, algorithm, split, metric, *numbers[:3], name, numbers[3], is_promoted],
                    strict=True,
                )
            )
        )
    return rows


def metrics_frame(rows: list[dict[str, object]]) -> pd.DataFrame:
    """Metric rows as a frame whose columns have their types even when it is empty; undefined values have no row."""
    frame = pd.DataFrame(rows, columns=METRIC_COLUMNS)
    frame = frame[frame["value"].notna()].reset_index(drop=True)
    types = dict.fromkeys(("value", "ci_low", "ci_high", "baseline_value"), "float64")
    text = dict.fromkeys(("model", "model_version", "algorithm", "split", "metric", "baseline"), "str")
    return frame.astype({**types, **text, "is_promoted": "bool"})
