"""Metrics with confidence intervals by person, and the comparison with baselines.

Belongs here: comparing two evaluations, making metric rows. Does not belong here: the metrics themselves (see
`metrics`), fitting, calibration, choosing snapshots.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.common.frames import FloatArray
from models.common.model_metrics import METRIC_COLUMNS, MetricRows, without_nan
from models.propensity.metrics import LOWER_IS_BETTER, Action, compute_metrics

_CLEAR_SHARE = 0.9
_FLAT_SHARE = (
    0.05  # standard deviation of scores, as a share of their mean, below which they do not distinguish persons
)


@dataclass(frozen=True)
class Evaluation:
    """Metric values of one model on one split, and the same under each resample of persons."""

    values: dict[str, float]
    resampled: dict[str, FloatArray]

    def interval(self, metric: str) -> tuple[float, float]:
        """Central 95 % of the resampled values, extended to the value itself; NaN where no resample had both classes.

        Resampling shifts the calibration error upwards, so that its own value can lie below all of its resamples.
        """
        known = self.resampled[metric][~np.isnan(self.resampled[metric])]
        if not len(known):
            return float("nan"), float("nan")
        low, high = np.quantile(known, [0.025, 0.975])
        return min(float(low), self.values[metric]), max(float(high), self.values[metric])


def evaluate(
    y: NDArray[np.int_], probability: FloatArray, weights: FloatArray, action: Action | None = None
) -> Evaluation:
    """Metrics on all rows and under every resample (rows of `weights`)."""
    values = {name: float(value[0]) for name, value in compute_metrics(y, probability, action=action).items()}
    return Evaluation(values, compute_metrics(y, probability, weights, action))


def mean_of(evaluations: Sequence[Evaluation]) -> Evaluation:
    """The mean of every metric over several periods, also within each resample."""
    names = evaluations[0].values
    return Evaluation(
        {name: float(np.mean([one.values[name] for one in evaluations])) for name in names},
        {name: np.asarray(np.mean([one.resampled[name] for one in evaluations], axis=0)) for name in names},
    )


def share_better(one: Evaluation, other: Evaluation, metric: str = "pr_auc") -> float:
    """Share of the paired resamples in which the first has the higher value; 0 where none can be compared."""
    gain = one.resampled[metric] - other.resampled[metric]
    gain = gain[~np.isnan(gain)]
    return float(np.mean(gain > 0)) if len(gain) else 0.0


def beats(candidate: Evaluation, baseline: Evaluation) -> bool:
    """Clearly better: PR-AUC higher in at least 90 % of paired resamples, and Brier score not worse.

    Point values alone would promote about every second model that learned nothing.
    """
    if not candidate.values["pr_auc"] > baseline.values["pr_auc"]:
        return False
    return share_better(candidate, baseline) >= _CLEAR_SHARE and candidate.values["brier"] <= baseline.values["brier"]


def is_flat(probability: FloatArray) -> bool:
    """Whether scores hardly differ between persons, whatever they rank by.

    Such scores can look better than the base rate, because calibration uses a later snapshot than the base rate does.

    >>> is_flat(np.array([0.2413, 0.2414, 0.2586])), is_flat(np.array([0.1, 0.4]))
    (True, False)
    """
    return bool(np.std(probability) < _FLAT_SHARE * np.mean(probability))


def best_baseline(metric: str, baselines: Mapping[str, Evaluation]) -> tuple[str, float]:
    """The stronger baseline on this metric, with its value; the first wins a tie."""
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
    baselines: Mapping[str, Evaluation],
    is_promoted: bool,
) -> MetricRows:
    """One row per metric in the shape of `ml.model_metrics`, ready for JSON: what is undefined is None."""
    rows: MetricRows = []
    for metric in evaluation.values:
        low, high = evaluation.interval(metric)
        name, value = best_baseline(metric, baselines)
        # twice: where arrays lie in memory changes the last bits of sums, and with them which way a half is rounded
        numbers = [round(round(number, 12), 9) for number in (evaluation.values[metric], low, high, value)]
        row = [model, model_version, algorithm, split, metric, *numbers[:3], name, numbers[3], is_promoted]
        rows.append(without_nan(dict(zip(METRIC_COLUMNS, row, strict=True))))
    return rows
