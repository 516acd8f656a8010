"""The shape of `ml.model_metrics`, and resampling of persons for its intervals.

Does not belong here: the metrics themselves (see the families).
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.common.frames import FloatArray

MetricRows = list[dict[str, object]]
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


def person_weights(persons: NDArray[np.object_] | pd.Series, seed: int, n_resamples: int = N_RESAMPLES) -> FloatArray:
    """Bootstrap weights (resample × row): whole persons are drawn with replacement, never single rows."""
    codes, names = pd.factorize(np.asarray(persons, dtype=object), sort=False)
    rng = np.random.default_rng(seed)
    n_persons = len(names)
    draws = rng.multinomial(n_persons, np.full(n_persons, 1.0 / n_persons), size=n_resamples)
    return np.asarray(draws[:, codes], dtype=np.float64)


def without_nan(row: Mapping[str, object]) -> dict[str, object]:
    """A metric row for JSON, where what is not defined is null."""
    return {name: None if isinstance(value, float) and np.isnan(value) else value for name, value in row.items()}


def metrics_frame(rows: MetricRows) -> pd.DataFrame:
    """Metric rows as a frame whose columns have their types even when it is empty; undefined values have no row."""
    frame = pd.DataFrame(rows, columns=METRIC_COLUMNS)
    frame = frame[frame["value"].notna()].reset_index(drop=True)
    types = dict.fromkeys(("value", "ci_low", "ci_high", "baseline_value"), "float64")
    text = dict.fromkeys(("model", "model_version", "algorithm", "split", "metric", "baseline"), "str")
    return frame.astype({**types, **text, "is_promoted": "bool"})
