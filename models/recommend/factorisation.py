"""Factors of persons and items by alternating least squares, with the library implicit.

Belongs here: fitting the factors of items and folding persons in. Does not belong here: files (see `store`).
Source: Hu, Koren & Volinsky (2008), Collaborative filtering for implicit feedback datasets.
"""

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from threadpoolctl import ThreadpoolController

if TYPE_CHECKING:
    from implicit.cpu.als import AlternatingLeastSquares

N_FACTORS = 32
REGULARISATION = 1.0
CONFIDENCE = 4.0
N_ITERATIONS = 15
N_CANDIDATES = 100
MAX_ITEMS = 20_000
MIN_PERSONS = 2
_DIGITS = 6
Factors = NDArray[np.float32]


@dataclass(frozen=True)
class ItemFactors:
    """places: columns of the catalogue that have factors, ascending; vectors: place × factor, float32."""

    places: NDArray[np.int_]
    vectors: Factors


def fit_factors(weights: csr_matrix, seed: int, n_factors: int = N_FACTORS) -> ItemFactors:
    """Factors of the items that at least two persons touched; above `MAX_ITEMS`, of the most touched ones.

    One thread, one seed, rounded: the same input gives the same bits in any process.
    """
    n_persons = np.bincount(weights.indices, minlength=weights.shape[1])
    order = np.lexsort((np.arange(len(n_persons)), -n_persons))[:MAX_ITEMS]
    places = np.sort(order[n_persons[order] >= MIN_PERSONS])
    if not len(places):
        return ItemFactors(places, np.empty((0, n_factors), dtype=np.float32))
    with _thread_pools().limit(limits=1):
        model = _model(seed, n_factors)
        model.fit(_confidence(weights[:, places]), show_progress=False)
    return ItemFactors(places, (model.item_factors.round(_DIGITS) + np.float32(0)))


def person_factors(weights: csr_matrix, fitted: ItemFactors) -> Factors:
    """Factors of persons (rows of `weights`, all items) given those of items; zero for persons without such items."""
    with _thread_pools().limit(limits=1):
        model = _model(0, fitted.vectors.shape[1])
        model.item_factors = fitted.vectors
        return np.asarray(model.recalculate_user(np.arange(weights.shape[0]), _confidence(weights[:, fitted.places])))


def factor_scores(
    weights: csr_matrix,
    hidden: csr_matrix,
    is_available: NDArray[np.bool_],
    fitted: ItemFactors,
    n: int = N_CANDIDATES,
) -> csr_matrix:
    """Persons × items: the scores of each person's `n` best items that are available and not hidden."""
    n_persons, n_items = weights.shape
    n = min(n, len(fitted.places))
    if not n or not n_persons:
        return csr_matrix((n_persons, n_items))
    with _thread_pools().limit(limits=1):
        scores = person_factors(weights, fitted) @ fitted.vectors.T
    masked = hidden[:, fitted.places].tocoo()
    scores[masked.row, masked.col] = 0
    scores[:, ~is_available[fitted.places]] = 0
    best = np.argpartition(-scores, n - 1, axis=1)[:, :n]
    rows = np.repeat(np.arange(n_persons), n)
    values = scores[rows, best.ravel()].astype(np.float64).round(_DIGITS)
    kept = values > 0
    return csr_matrix((values[kept], (rows[kept], fitted.places[best.ravel()[kept]])), shape=(n_persons, n_items))


@cache
def _thread_pools() -> ThreadpoolController:
    """Those of the linear algebra, which is loaded with the library; finding them takes longer than a small fit."""
    import implicit.cpu.als  # noqa: F401

    return ThreadpoolController()


def _model(seed: int, n_factors: int) -> "AlternatingLeastSquares":
    from implicit.cpu.als import AlternatingLeastSquares

    return AlternatingLeastSquares(
        factors=n_factors, regularization=REGULARISATION, iterations=N_ITERATIONS, num_threads=1, random_state=seed
    )


def _confidence(weights: csr_matrix) -> csr_matrix:
    """1 for no evidence, as for an item not touched; the library reads entries as the confidence itself."""
    matrix = csr_matrix(weights, dtype=np.float32, copy=True)
    matrix.data = 1 + np.float32(CONFIDENCE) * np.log1p(matrix.data)
    return matrix
