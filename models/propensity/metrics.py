"""Metrics of scores against outcomes, each under many weightings of the rows at once.

Belongs here: metric functions on plain arrays. Does not belong here: intervals, comparison, the shape of metric rows
(see `evaluate`).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.common.frames import FloatArray

TOP_SHARES = {"top_1": 0.01, "top_5": 0.05, "top_10": 0.10}
_AT_TOP = tuple(f"{name}_{top}" for name in ("lift", "precision") for top in TOP_SHARES)
METRICS = ("roc_auc", "pr_auc", "brier", "log_loss", "ece", *_AT_TOP)
PROFIT_METRICS = ("profit_per_person", "share_acted")
LOWER_IS_BETTER = frozenset({"brier", "log_loss", "ece"})
_EPSILON = 1e-15
_N_BINS = 10


@dataclass(frozen=True)
class Action:
    """Cost of acting on one person, and benefit where that person is in the positive class; in the site's currency."""

    cost: float
    benefit: float

    @property
    def threshold(self) -> float:
        """The calibrated probability from which acting pays: cost ÷ benefit (Elkan, 2001)."""
        return self.cost / self.benefit


def compute_metrics(
    y: NDArray[np.int_], probability: FloatArray, weights: FloatArray | None = None, action: Action | None = None
) -> dict[str, FloatArray]:
    """Every metric for each row of weights (one row of ones by default); ties in the score are handled exactly.

    `y` and `probability` have one value per row, `weights` is (resample × row); each metric has one value per resample,
    NaN where ranking is undefined because one class is missing. With an `action` also the profit per person of acting
    on everybody from its threshold on, and the share of persons acted on.

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
        }
        for name, share in TOP_SHARES.items():
            found[f"precision_{name}"] = _precision_at(share, total_by_end, true_by_end)
            found[f"lift_{name}"] = found[f"precision_{name}"] / (positives / total)
    results = {name: np.where(both, value, np.nan) for name, value in found.items()}
    clipped = np.clip(p, _EPSILON, 1.0 - _EPSILON)
    losses = -(hits * np.log(clipped) + (1.0 - hits) * np.log1p(-clipped))
    results["brier"] = (w @ (p - hits) ** 2) / total
    results["log_loss"] = (w @ losses) / total
    results["ece"] = _calibration_error(p, hits, w) / total
    if action:
        acted = (p >= action.threshold).astype(float)
        results["profit_per_person"] = (w @ (acted * (action.benefit * hits - action.cost))) / total
        results["share_acted"] = (w @ acted) / total
    return {name: results[name] for name in (*METRICS, *PROFIT_METRICS) if name in results}


def _roc_auc(total: FloatArray, true: FloatArray) -> FloatArray:
    """Area under the ROC curve by the trapezoidal rule over groups of equal scores."""
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


def _precision_at(share: float, total: FloatArray, true: FloatArray) -> FloatArray:
    """Rate among the top share of rows; a group of ties at the cut counts partially."""
    found = np.empty(len(total))
    for row, (seen, hits) in enumerate(zip(total, true, strict=True)):
        top = share * seen[-1]
        found[row] = float(np.interp(top, np.append(0.0, seen), np.append(0.0, hits))) / top
    return found


def _calibration_error(p: FloatArray, hits: FloatArray, w: FloatArray) -> FloatArray:
    """Σ |observed − predicted| over ten equal bins of probability (Naeini et al., 2015), to be divided by all rows."""
    bins = np.minimum((p * _N_BINS).astype(int), _N_BINS - 1)
    member = (bins[:, None] == np.arange(_N_BINS)[None, :]).astype(float)
    return np.asarray(np.abs((w * (hits - p)) @ member).sum(axis=1))
