"""Baselines that any model has to beat: the base rate, and a rule on recency alone.

Belongs here: that rule, also where nothing could be learned. Does not belong here: models with more than one feature.
"""

import hashlib
from dataclasses import dataclass

import numpy as np
import pandas as pd

from models.common.frames import FloatArray, numbers
from models.propensity.features import Kind

RECENCY_RULE = "recency-rule"
BASE_RATE = "base-rate"
RECENCY_COLUMN = "days_since_last_active"
# Buckets of days since last active are quantiles of the labelled rows, so that they fit any lookback and any shop.
_MAX_BUCKETS = 20
_ROWS_PER_BUCKET = 50
_MIN_BUCKETS = 5
_MIN_SNAPSHOTS = 2
# Each bucket is pulled towards the one before it (the first towards the base rate) with the weight of so many persons.
_PRIOR_PERSONS = 20.0


def recency_edges(days: FloatArray) -> tuple[float, ...]:
    """Upper ends (inclusive) of all buckets but the last, which is open: each the value of a quantile of `days`.

    >>> recency_edges(np.arange(180.0))
    (35.0, 71.0, 107.0, 143.0)
    """
    known = days[~np.isnan(days)]
    n_buckets = min(max(len(known) // _ROWS_PER_BUCKET, _MIN_BUCKETS), _MAX_BUCKETS)
    if not len(known):
        return ()
    ends = np.quantile(known, np.arange(1, n_buckets) / n_buckets, method="inverted_cdf")
    return tuple(float(end) for end in np.unique(ends) if end < known.max())


def bucket_of(days: FloatArray, edges: tuple[float, ...]) -> np.ndarray:
    """Index of the recency bucket; unknown recency counts as the longest.

    >>> bucket_of(np.array([0.0, 1.0, 2.0, np.nan]), (0.0, 1.0)).tolist()
    [0, 1, 2, 2]
    """
    known = np.where(np.isnan(days), np.inf, days)
    return np.searchsorted(np.asarray(edges, dtype=float), known, side="left")


@dataclass(frozen=True)
class RecencyRule:
    """Probability by recency: the rate of each bucket. Without labels there are no rates, and it only ranks persons."""

    kind: Kind
    horizon_days: int
    edges: tuple[float, ...] = ()
    rates: tuple[float, ...] | None = None

    @property
    def version(self) -> str:
        """A hash of the rates; `unlabelled` where there was nothing to learn rates from."""
        if self.rates is None:
            return f"{RECENCY_RULE}-unlabelled"
        text = f"{self.kind} {self.horizon_days} {self.edges} {self.rates}"
        return f"{RECENCY_RULE}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"

    def predict(self, days: FloatArray) -> FloatArray:
        """Probability for each number of days since last active; NaN where there was no label to learn rates from."""
        if self.rates is None:
            return np.full(len(days), np.nan)
        return np.asarray(np.asarray(self.rates, dtype=np.float64)[bucket_of(days, self.edges)], dtype=np.float64)

    def order(self, days: FloatArray) -> FloatArray:
        """What ranks persons without a probability: the longer away, the likelier to leave and the less to buy."""
        away = np.where(np.isnan(days), np.inf, days)
        return away if self.kind == "churn" else -away


def fit_newest_rule(kind: Kind, rows: pd.DataFrame, horizon_days: int) -> RecencyRule:
    """The rule that scores where nothing is promoted: of the newest labelled snapshots, at least two.

    Older ones are added up to as many rows as fill its buckets. Rates move: of a young shop's first months they are
    those of its newcomers, and everybody would be said to leave too often.
    """
    n_by_day = rows["as_of_date"].value_counts().sort_index(ascending=False)
    n_newer = n_by_day.cumsum().shift(fill_value=0)
    is_needed = (n_newer < _MAX_BUCKETS * _ROWS_PER_BUCKET) | (np.arange(len(n_by_day)) < _MIN_SNAPSHOTS)
    newest = rows[rows["as_of_date"].isin(n_by_day.index[is_needed])]
    days, labels = numbers(newest, RECENCY_COLUMN), newest["y"].to_numpy(dtype=np.int_)
    return fit_recency_rule(kind, days, labels, horizon_days)


def fit_recency_rule(kind: Kind, days: FloatArray, labels: np.ndarray, horizon_days: int) -> RecencyRule:
    """Rate of each recency bucket, never falling with the days away for churn, never rising for purchase.

    A bucket is pulled towards the one before it: for persons away longer than anybody seen so far, the nearest bucket
    is a better guess than the average person. Without labels there are no rates.
    """
    from sklearn.isotonic import isotonic_regression

    if len(labels) == 0:
        return RecencyRule(kind, horizon_days)
    edges = recency_edges(days)
    n_buckets = len(edges) + 1
    buckets = bucket_of(days, edges)
    seen = np.bincount(buckets, minlength=n_buckets).astype(float)
    positive = np.bincount(buckets, weights=labels.astype(float), minlength=n_buckets)
    before = (float(labels.sum()) + 1.0) / (len(labels) + 2.0)
    rates = np.empty(n_buckets)
    for bucket in range(n_buckets):
        before = (positive[bucket] + _PRIOR_PERSONS * before) / (seen[bucket] + _PRIOR_PERSONS)
        rates[bucket] = before
    monotone = isotonic_regression(rates, sample_weight=seen + _PRIOR_PERSONS, increasing=kind == "churn")
    return RecencyRule(kind, horizon_days, edges, tuple(round(float(rate), 9) for rate in monotone))
