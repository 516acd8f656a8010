"""Lists of items for persons: candidates of all strategies, blended, filtered and cut to the best.

Belongs here: the blend and the order. Does not belong here: how a strategy scores, why an item is listed (`reasons`).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from models.recommend.cooccurrence import cooccurrence_scores
from models.recommend.factorisation import ItemFactors, factor_scores
from models.recommend.matrix import Catalogue, Histories, IntArray, row_of_entry, scaled_by_row
from models.recommend.popularity import category_scores, popular_by_category, popular_items

RECENTLY_VIEWED, CO_OCCURRENCE = "recently_viewed", "co_occurrence"
FACTORISATION, CATEGORY_POPULARITY, POPULARITY = "factorisation", "category_popularity", "popularity"
# The strategies that are blended, by number; popularity fills what they leave empty.
STRATEGIES = (RECENTLY_VIEWED, CO_OCCURRENCE, FACTORISATION, CATEGORY_POPULARITY)
_DIGITS = 6
_POPULAR = len(STRATEGIES)  # the number of popularity
_MAX_EXTRA = 1000  # bounds the memory that one person with thousands of purchases costs a batch
Blend = tuple[float, ...]
NO_BLEND: Blend = (0.0, 0.0, 0.0, 0.0)


@dataclass(frozen=True)
class Recommender:
    """What was learned about the items; `popular` and `by_category` follow from the catalogue."""

    catalogue: Catalogue
    neighbours: csr_matrix
    factors: ItemFactors
    popular: IntArray
    by_category: csr_matrix
    allow_repeat: bool = False


def recommender(
    catalogue: Catalogue, neighbours: csr_matrix, factors: ItemFactors, *, allow_repeat: bool = False
) -> Recommender:
    """A recommender from a catalogue with its neighbours and factors."""
    popular, by_category = popular_items(catalogue), popular_by_category(catalogue)
    return Recommender(catalogue, neighbours, factors, popular, by_category, allow_repeat)


@dataclass(frozen=True)
class Lists:
    """Persons × rank: item (place in the catalogue, -1 where the list ends), score, and strategy (number, -1)."""

    items: IntArray
    scores: NDArray[np.float64]
    strategies: IntArray


def hidden_items(known: Histories, model: Recommender) -> csr_matrix:
    """Persons × items: what must not be recommended to a person because they bought it."""
    return csr_matrix(known.bought.shape, dtype=bool) if model.allow_repeat else known.bought


def candidates(known: Histories, model: Recommender, hidden: csr_matrix) -> list[csr_matrix]:
    """Scores of each strategy (in the order of STRATEGIES), 0 to 1 per person; nothing hidden or unavailable."""
    is_available = model.catalogue.is_available
    found = (
        interest_scores(known),
        cooccurrence_scores(known.weights, model.neighbours),
        factor_scores(known.weights, hidden, is_available, model.factors),
        category_scores(known.weights, model.catalogue, model.by_category),
    )
    return [scaled_by_row(without(scores, hidden, is_available)) for scores in found]


def interest_scores(known: Histories) -> csr_matrix:
    """The person's own time-decayed interest in what they touched."""
    scores = known.weights.copy()
    scores.data = np.log1p(scores.data)
    return scores


def recency_scores(known: Histories) -> csr_matrix:
    """1 for what the person touched last, 1/2 for what they touched before it, and so on; ties by item."""
    latest = known.latest
    rows = row_of_entry(latest)
    order = np.lexsort((latest.indices, -latest.data, rows))
    place = np.empty(len(order))
    place[order] = np.arange(len(order)) - latest.indptr[rows[order]]
    return csr_matrix((1.0 / (1.0 + place), latest.indices, latest.indptr), shape=latest.shape)


def rank(known: Histories, model: Recommender, blend: Blend, n: int) -> Lists:
    """The `n` best items of each person; popularity fills lists that the blended strategies leave short.

    The same input gives the same order: scores are rounded, ties go to the more popular item, then by id.
    """
    hidden = hidden_items(known, model)
    wanted = [weight > 0 for weight in blend]
    parts = candidates(known, model, hidden) if any(wanted) else []
    return blended(parts, blend, model, hidden, n)


def blended(parts: list[csr_matrix], blend: Blend, model: Recommender, hidden: csr_matrix, n: int) -> Lists:
    """Lists from the scores of `candidates`, which hold nothing hidden."""
    shape, fill = hidden.shape, _filling(model, hidden, n)
    used = [(number, part * weight) for number, (part, weight) in enumerate(zip(parts, blend, strict=False)) if weight]
    total = csr_matrix(shape) if not used else csr_matrix(sum(part for _, part in used))
    total.data = total.data.round(_DIGITS)
    # Popularity breaks ties and fills lists: it is smaller than any rounded score.
    total = csr_matrix(total + fill * 10.0 ** -(_DIGITS + 1))
    rows = row_of_entry(total)
    order = np.lexsort((total.indices, -total.data, rows))
    place = np.arange(len(order)) - total.indptr[rows[order]]
    order = order[place < n]
    place = place[place < n]
    chosen, items = rows[order], total.indices[order]
    result = Lists(*(np.full((shape[0], n), empty) for empty in (-1, 0.0, -1)))  # type: ignore[arg-type]
    result.items[chosen, place] = items
    result.scores[chosen, place] = total.data[order].round(_DIGITS + 4)
    result.strategies[chosen, place] = _strongest(used, chosen, items)
    return result


def _filling(model: Recommender, hidden: csr_matrix, n: int) -> csr_matrix:
    """Persons × items: enough popular items for a full list of each person, from 1 for the most popular down to 0."""
    n_hidden = np.diff(hidden.indptr)
    n_popular = min(len(model.popular), n + min(int(n_hidden.max(initial=0)), _MAX_EXTRA))
    rows = np.repeat(np.arange(hidden.shape[0]), n_popular)
    columns = np.tile(model.popular[:n_popular], hidden.shape[0])
    values = np.tile(1.0 - np.arange(n_popular) / (n_popular + 1.0), hidden.shape[0])
    return without(csr_matrix((values, (rows, columns)), shape=hidden.shape), hidden, model.catalogue.is_available)


def _strongest(used: list[tuple[int, csr_matrix]], rows: IntArray, items: IntArray) -> IntArray:
    """The strategy that contributed most to each entry's score; popularity where none contributed."""
    if not used or not len(rows):
        return np.full(len(rows), _POPULAR)
    shares = np.vstack([np.asarray(part[rows, items]).ravel() for _, part in used]).reshape(len(used), len(rows))
    best = shares.argmax(axis=0)
    numbers = np.array([number for number, _ in used])
    return np.where(shares.max(axis=0) > 0, numbers[best], _POPULAR)


def without(scores: csr_matrix, hidden: csr_matrix, is_available: NDArray[np.bool_]) -> csr_matrix:
    """The scores without hidden entries and without items that are not available."""
    result = csr_matrix(scores - scores.multiply(hidden))
    result.data = result.data * is_available[result.indices]
    result.eliminate_zeros()
    result.sort_indices()
    return result
