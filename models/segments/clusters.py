"""Clusters of persons: K-Means with a number of clusters that the data support.

Belongs here: choosing k, fitting, ordering and naming clusters. Does not belong here: the rule segments (see
`segmentation`), numbers that last from night to night (see `cluster_history`).
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from models.common.frames import FloatArray, numbers

if TYPE_CHECKING:
    from sklearn.cluster import KMeans

DIMENSIONS = ("activity_score", "purchase_frequency", "avg_order_value")
MIN_PERSONS = 10
MIN_STABILITY = 0.6
_K_RANGE = range(2, 9)
_FIT_SAMPLE = 20_000
_SILHOUETTE_SAMPLE = 2_000
_N_BOOTSTRAPS = 8
_DISTINCT = 0.5  # standard deviations from the mean of all persons by which a cluster stands out
_ONE_CLUSTER = "everyone"
_WORDS = {
    "activity_score": ("quiet", "average activity", "very active"),
    "purchase_frequency": ("rare buyers", "regular buyers", "frequent buyers"),
    "avg_order_value": ("small orders", "average orders", "large orders"),
}


@dataclass(frozen=True)
class Clustering:
    """Cluster of each row, name and centre of each cluster, separation and repeatability of the clusters.

    `centres`: cluster × dimension, means of the logarithms; `spread`: their deviation over all rows.
    """

    labels: NDArray[np.int_]
    names: list[str]
    k: int
    silhouette: float
    stability: float
    centres: FloatArray
    spread: FloatArray

    @property
    def is_confirmed(self) -> bool:
        """More than one cluster, and found again on resampled persons."""
        return self.k > 1 and self.stability >= MIN_STABILITY


def cluster_users(features: pd.DataFrame, seed: int, k: int | None = None) -> Clustering:
    """Clusters of persons sorted by person; without `k` silhouette and stability choose between 2 and 8.

    Clusters are numbered from 0 by size, then by activity, so the numbers do not depend on where K-Means started.
    """
    logs = _logarithms(features)
    points = _standardised(logs)
    sample = _sample(points, _FIT_SAMPLE, seed)
    n_distinct = len(np.unique(np.round(sample, 6), axis=0))
    if len(points) < MIN_PERSONS or n_distinct < 2 or k == 1:
        return _one_cluster(logs)
    with threadpool_limits(limits=1):  # more threads would add up in another order, which changes the last bits
        ks = [k] if k else [n for n in _K_RANGE if n <= min(n_distinct, len(points) // 5)] or [2]
        ks = [n for n in ks if n <= n_distinct] or [n_distinct]
        chosen, silhouette, stability = _choose(sample, ks, seed)
        labels = chosen.predict(points).astype(np.int_)
    raw = np.column_stack([np.nan_to_num(numbers(features, name)) for name in DIMENSIONS])
    labels = _renumber(labels, raw[:, 0])
    return _described(labels, _names(labels, points, raw), silhouette, stability, logs)


def _one_cluster(logs: FloatArray) -> Clustering:
    labels = np.zeros(len(logs), dtype=np.int_)
    return _described(labels, [_ONE_CLUSTER] if len(logs) else [], np.nan, np.nan, logs)


def _described(
    labels: NDArray[np.int_], names: list[str], silhouette: float, stability: float, logs: FloatArray
) -> Clustering:
    centres = np.array([logs[labels == cluster].mean(axis=0) for cluster in range(len(names))])
    spread = logs.std(axis=0) if len(logs) else np.zeros(len(DIMENSIONS))
    return Clustering(labels, names, len(names), silhouette, stability, centres, spread)


def _logarithms(features: pd.DataFrame) -> FloatArray:
    return np.column_stack([np.log1p(np.maximum(np.nan_to_num(numbers(features, name)), 0.0)) for name in DIMENSIONS])


def _standardised(logs: FloatArray) -> FloatArray:
    """Each dimension with mean 0 and deviation 1; one that does not vary stays 0."""
    if not len(logs):
        return logs
    spread = logs.std(axis=0)
    return np.where(spread > 1e-9, (logs - logs.mean(axis=0)) / np.where(spread > 1e-9, spread, 1.0), 0.0)


def _sample(points: FloatArray, size: int, seed: int) -> FloatArray:
    if len(points) <= size:
        return points
    return points[np.sort(np.random.default_rng(seed).choice(len(points), size=size, replace=False))]


def _fit(points: FloatArray, k: int, seed: int, n_init: int = 5) -> "KMeans":
    from sklearn.cluster import KMeans

    return KMeans(n_clusters=k, n_init=n_init, random_state=seed).fit(points)


def _choose(sample: FloatArray, ks: list[int], seed: int) -> tuple["KMeans", float, float]:
    """The best silhouette that resampling confirms; the best silhouette where none is confirmed."""
    measured = _sample(sample, _SILHOUETTE_SAMPLE, seed + 1)
    fitted: list[tuple[float, int, KMeans]] = []
    for k in ks:
        model = _fit(sample, k, seed)
        labels = model.predict(measured)
        fitted.append((_silhouette(measured, labels), k, model))
    fitted.sort(key=lambda item: (-item[0], item[1]))
    first: tuple[KMeans, float, float] | None = None
    for silhouette, k, model in fitted:
        found = (model, silhouette, _stability(sample, measured, model, k, seed))
        if found[2] >= MIN_STABILITY:
            return found
        first = first or found
    assert first is not None  # ks is never empty
    return first


def _silhouette(points: FloatArray, labels: NDArray[np.int_]) -> float:
    from sklearn.metrics import silhouette_score

    n_labels = len(np.unique(labels))
    return round(float(silhouette_score(points, labels)), 9) if 1 < n_labels < len(points) else -1.0


def _stability(sample: FloatArray, measured: FloatArray, model: "KMeans", k: int, seed: int) -> float:
    """Mean adjusted Rand index between the clusters and those found on bootstrap samples of persons."""
    from sklearn.metrics import adjusted_rand_score

    rng = np.random.default_rng(seed + 2)
    size = min(len(sample), _SILHOUETTE_SAMPLE)
    expected = model.predict(measured)
    agreements = []
    for _ in range(_N_BOOTSTRAPS):
        drawn = sample[rng.integers(0, len(sample), size=size)]
        if len(np.unique(drawn, axis=0)) < k:
            agreements.append(0.0)
            continue
        refitted = _fit(drawn, k, seed, n_init=3).predict(measured)
        agreements.append(float(adjusted_rand_score(expected, refitted)))
    return round(float(np.mean(agreements)), 9)


def _renumber(labels: NDArray[np.int_], activity: FloatArray) -> NDArray[np.int_]:
    found = sorted(
        np.unique(labels), key=lambda c: (-int((labels == c).sum()), -float(activity[labels == c].mean()), c)
    )
    order = {int(old): new for new, old in enumerate(found)}
    return np.asarray([order[int(label)] for label in labels], dtype=np.int_)


def _names(labels: NDArray[np.int_], points: FloatArray, raw: FloatArray) -> list[str]:
    """A name for each cluster from what distinguishes it; equal names get their rank in activity."""
    names = [
        _name(points[labels == c].mean(axis=0), raw[labels == c].mean(axis=0)) for c in range(int(labels.max()) + 1)
    ]
    for name in {name for name in names if names.count(name) > 1}:
        same = [c for c, other in enumerate(names) if other == name]
        same.sort(key=lambda c: (-float(raw[labels == c, 0].mean()), c))
        for rank, cluster in enumerate(same, start=1):
            names[cluster] = f"{name} ({rank})"
    return names


def _name(centre: FloatArray, mean: FloatArray) -> str:
    parts: list[str] = []
    for column, dimension in enumerate(DIMENSIONS):
        if dimension != "activity_score" and mean[1] <= 1e-9:  # nobody bought: frequency and order value are empty
            continue
        low, _, high = _WORDS[dimension]
        if abs(centre[column]) >= _DISTINCT:
            parts.append(high if centre[column] > 0 else low)
    if mean[1] <= 1e-9:
        parts.append("no orders")
    return ", ".join(parts) or "average"
