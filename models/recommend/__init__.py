"""Recommendations: which items to show to whom, and why; how well earlier lists predicted later interactions.

`matrix` holds what persons did; `cooccurrence`, `factorisation` and `popularity` find candidates; `rank` blends them
into lists; `reasons` explains them; `metrics` and `model_selection` measure lists on later data; `store` keeps factors.
"""

from models.recommend.cooccurrence import neighbours_of
from models.recommend.learning import learn
from models.recommend.matrix import Catalogue, Histories, histories
from models.recommend.model_selection import Span
from models.recommend.rank import Recommender, recommender
from models.recommend.store import Learned
from models.recommend.tables import RECOMMENDATION_COLUMNS, recommend, similar_items

__all__ = [
    "RECOMMENDATION_COLUMNS",
    "Catalogue",
    "Histories",
    "Learned",
    "Recommender",
    "Span",
    "histories",
    "learn",
    "neighbours_of",
    "recommend",
    "recommender",
    "similar_items",
]
