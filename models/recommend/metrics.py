"""Metrics of lists against what persons touched later.

Belongs here: metrics on plain arrays, one value per person where that makes sense. Does not belong here: splits,
strategies. Definitions are those of implicit's `ranking_metrics_at_k` (MAP, NDCG: binary relevance, ideal and average
over min(k, relevant)).
"""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from models.common.frames import FloatArray
from models.recommend.matrix import IntArray

CUTS = (5, 10, 20)


def hits_of(items: IntArray, relevant: csr_matrix) -> NDArray[np.bool_]:
    """Persons × rank: whether the item there (-1: none) is among those that the person touched."""
    rows = np.repeat(np.arange(items.shape[0]), items.shape[1])
    found = np.asarray(relevant[rows, np.maximum(items, 0).ravel()]).reshape(items.shape)
    return np.asarray((found > 0) & (items >= 0))


def recall(hits: NDArray[np.bool_], n_relevant: IntArray, k: int) -> FloatArray:
    """Share of a person's relevant items that are among the first k.

    >>> recall(np.array([[True, False]]), np.array([4]), 2).tolist()
    [0.25]
    """
    return np.asarray(hits[:, :k].sum(axis=1) / n_relevant)


def ndcg(hits: NDArray[np.bool_], n_relevant: IntArray, k: int) -> FloatArray:
    """Discounted cumulative gain of the first k, over that of the best possible list (Järvelin & Kekäläinen 2002)."""
    discount = 1.0 / np.log2(np.arange(2, k + 2))
    best = np.append(0.0, np.cumsum(discount))[np.minimum(n_relevant, k)]
    gained = hits[:, :k] @ discount[: hits[:, :k].shape[1]]
    return np.asarray(gained / best)


def average_precision(hits: NDArray[np.bool_], n_relevant: IntArray, k: int) -> FloatArray:
    """Mean of the precision at each hit among the first k, over min(k, relevant)."""
    first = hits[:, :k]
    precision = np.cumsum(first, axis=1) / np.arange(1, first.shape[1] + 1)
    return np.asarray((precision * first).sum(axis=1) / np.minimum(n_relevant, k))


def novelty(items: IntArray, n_persons: FloatArray, total: int, k: int) -> FloatArray:
    """Mean surprise of the first k in bits, -log2 of the share of persons who know the item (Zhou et al. 2010)."""
    first = items[:, :k]
    surprise = -np.log2(np.maximum(n_persons, 1.0) / max(total, 1))
    return _mean_of_present(surprise[np.maximum(first, 0)], first >= 0)


def diversity(items: IntArray, category: IntArray, k: int) -> FloatArray:
    """Share of pairs among the first k with different categories (Ziegler et al. 2005); NaN below two items."""
    first = items[:, :k]
    kinds, present = category[np.maximum(first, 0)], first >= 0
    pairs = np.triu(np.ones((first.shape[1], first.shape[1]), dtype=bool), 1)
    both = present[:, :, None] & present[:, None, :] & pairs
    differ = (kinds[:, :, None] != kinds[:, None, :]) & both
    with np.errstate(invalid="ignore"):
        return np.asarray(differ.sum(axis=(1, 2)) / both.sum(axis=(1, 2)))


def coverage(items: IntArray, n_available: int, k: int) -> float:
    """Share of the available items that are among the first k of at least one person."""
    first = items[:, :k]
    return len(np.unique(first[first >= 0])) / max(n_available, 1)


def _mean_of_present(values: FloatArray, present: NDArray[np.bool_]) -> FloatArray:
    with np.errstate(invalid="ignore"):
        return np.asarray((values * present).sum(axis=1) / present.sum(axis=1))
