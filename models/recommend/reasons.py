"""Why an item is in a list, in plain words.

Belongs here: which of a person's items is the reason for a recommendation, and the words. Does not belong here: the
order of lists.
"""

import numpy as np
from scipy.sparse import csr_matrix

from models.recommend.factorisation import ItemFactors
from models.recommend.matrix import Catalogue, Histories, IntArray, row_of_entry, strongest_of_row
from models.recommend.rank import CATEGORY_POPULARITY, CO_OCCURRENCE, FACTORISATION, RECENTLY_VIEWED, STRATEGIES, Lists
from models.recommend.rank import Recommender as Model

POPULAR_DAYS = 30
_BECAUSE = {
    "purchase": "because you bought {}",
    "view_item": "because you viewed {}",
    "add_to_cart": "because you put {} in the cart",
    "add_to_wishlist": "because you wished for {}",
}
_AGAIN = {
    "purchase": "you bought it before",
    "view_item": "you viewed it lately",
    "add_to_cart": "you put it in the cart",
    "add_to_wishlist": "you wished for it",
}
_N_OF_HISTORY = 10
_NUMBER = {name: number for number, name in enumerate(STRATEGIES)}


def reasons(lists: Lists, known: Histories, model: Model, events: list[str]) -> np.ndarray:
    """Persons × rank: the reason for each entry, empty after a list's end. `events`: names by number."""
    result = np.full(lists.items.shape, "", dtype=object)
    rows, ranks = np.nonzero(lists.items >= 0)
    if not len(rows):
        return result
    items, strategies = lists.items[rows, ranks], lists.strategies[rows, ranks]
    sources = sources_of(rows, items, strategies, known, model)
    numbers = np.asarray(known.events[rows, np.maximum(sources, 0)]).ravel().astype(int) - 1
    names = [events[number] if 0 <= number < len(events) else "" for number in numbers]
    result[rows, ranks] = [
        _words(int(strategy), int(item), int(source), event, model.catalogue)
        for strategy, item, source, event in zip(strategies, items, sources, names, strict=True)
    ]
    return result


def sources_of(rows: IntArray, items: IntArray, strategies: IntArray, known: Histories, model: Model) -> IntArray:
    """For each entry the item in the person's history that is its strongest reason; -1 where none is."""
    sources = np.full(len(rows), -1)
    again = strategies == _NUMBER[RECENTLY_VIEWED]
    sources[again] = items[again]
    together = strategies == _NUMBER[CO_OCCURRENCE]
    sources[together] = _by_neighbours(rows[together], items[together], known.weights, model.neighbours)
    alike = strategies == _NUMBER[FACTORISATION]
    sources[alike] = _by_factors(rows[alike], items[alike], known.weights, model.factors)
    in_category = strategies == _NUMBER[CATEGORY_POPULARITY]
    sources[in_category] = _by_category(rows[in_category], items[in_category], known.weights, model.catalogue)
    return sources


def _by_category(rows: IntArray, items: IntArray, weights: csr_matrix, catalogue: Catalogue) -> IntArray:
    """The item of the same category that the person is most interested in."""
    own = weights[rows]
    entry_rows = row_of_entry(own)
    own.data = own.data * (catalogue.category[own.indices] == catalogue.category[items][entry_rows])
    return _best_column(own)


def _by_neighbours(rows: IntArray, items: IntArray, weights: csr_matrix, neighbours: csr_matrix) -> IntArray:
    if not len(rows):
        return rows
    interest = weights[rows]
    interest.data = np.log1p(interest.data)
    return _best_column(csr_matrix(interest.multiply(neighbours.T.tocsr()[items])))


def _by_factors(rows: IntArray, items: IntArray, weights: csr_matrix, factors: ItemFactors) -> IntArray:
    """The item, among the person's strongest, whose factors agree most with those of the recommended item."""
    if not len(rows):
        return rows
    strongest = strongest_of_row(csr_matrix(weights[:, factors.places]), _N_OF_HISTORY)[rows]
    entry_rows = row_of_entry(strongest)
    own = factors.vectors[strongest.indices]
    wanted = factors.vectors[np.searchsorted(factors.places, items)][entry_rows]
    agreement = np.einsum("ij,ij->i", own, wanted) * np.log1p(strongest.data)
    scores = csr_matrix((np.maximum(agreement, 0), strongest.indices, strongest.indptr), shape=strongest.shape)
    best = _best_column(scores)
    return np.where(best >= 0, factors.places[np.maximum(best, 0)], -1)


def _best_column(scores: csr_matrix) -> IntArray:
    """The column of each row's largest entry; -1 where none is above 0."""
    scores.eliminate_zeros()
    best = strongest_of_row(scores, 1)
    found = np.full(scores.shape[0], -1)
    found[np.diff(best.indptr) > 0] = best.indices
    return found


def _words(strategy: int, item: int, source: int, event: str, catalogue: Catalogue) -> str:
    if strategy == _NUMBER[RECENTLY_VIEWED]:
        return _AGAIN.get(event, "you turned to it lately")
    because = _BECAUSE.get(event, "because of your interest in {}").replace("{}", str(catalogue.items[source]))
    if strategy == _NUMBER[CATEGORY_POPULARITY]:
        popular = f"popular in category {catalogue.categories[catalogue.category[item]]}"
        return f"{popular}, {because}" if source not in (-1, item) else popular
    if strategy in (_NUMBER[CO_OCCURRENCE], _NUMBER[FACTORISATION]):
        return because if source >= 0 else "liked by people with similar interests"
    return f"popular in the last {POPULAR_DAYS} days"
