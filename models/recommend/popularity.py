"""Popular items: overall, and in the categories that interest a person.

Belongs here: strategies that need no neighbours and no factors. Does not belong here: blending.
"""

import numpy as np
from scipy.sparse import csr_matrix

from models.recommend.matrix import Catalogue, IntArray, strongest_of_row

N_CATEGORIES = 3
N_PER_CATEGORY = 50


def popular_items(catalogue: Catalogue) -> IntArray:
    """Places of the available items that anybody touched, the most popular first; ties by id."""
    order = np.lexsort((np.arange(len(catalogue)), -catalogue.n_persons, -catalogue.n_recent))
    return order[catalogue.is_available[order] & (catalogue.n_persons[order] > 0)]


def popular_by_category(catalogue: Catalogue, n: int = N_PER_CATEGORY) -> csr_matrix:
    """Categories × items: the share in its category of each of the category's `n` most popular available items."""
    shape = (len(catalogue.categories), len(catalogue))
    places = np.flatnonzero((catalogue.category >= 0) & (catalogue.n_recent > 0))
    total = np.bincount(catalogue.category[places], weights=catalogue.n_recent[places], minlength=shape[0])
    places = places[catalogue.is_available[places]]
    share = catalogue.n_recent[places] / total[catalogue.category[places]]
    return strongest_of_row(csr_matrix((share, (catalogue.category[places], places)), shape=shape), n)


def category_scores(weights: csr_matrix, catalogue: Catalogue, popular: csr_matrix) -> csr_matrix:
    """Persons × items: the person's interest in the item's category, times the item's share in it."""
    known = np.flatnonzero(catalogue.category >= 0)
    belongs = csr_matrix(
        (np.ones(len(known)), (known, catalogue.category[known])), shape=(len(catalogue), len(catalogue.categories))
    )
    interest = weights.copy()
    interest.data = np.log1p(interest.data)
    return csr_matrix(strongest_of_row(csr_matrix(interest @ belongs), N_CATEGORIES) @ popular)
