"""Frames in the shape of `ml.recommendations` and `ml.similar_items`.

Does not belong here: how lists are made (see `rank`).
"""

from datetime import date

import numpy as np
import pandas as pd

from models.recommend.matrix import Histories, row_of_entry, strongest_of_row
from models.recommend.rank import POPULARITY, STRATEGIES, Blend, Recommender, rank
from models.recommend.reasons import reasons

N_SIMILAR = 20
_BATCH = 1000  # persons: with 20,000 items their scores and the places of the best take 0.25 GB
RECOMMENDATION_COLUMNS = ["person_id", "as_of_date", "rank", "item_id", "score", "strategy", "reason", "model_version"]
SIMILAR_COLUMNS = ["item_id", "as_of_date", "rank", "similar_item_id", "similarity", "model_version"]


def recommend(
    persons: list[str],
    known: Histories,
    model: Recommender,
    blend: Blend,
    n: int,
    events: list[str],
    as_of: date,
    version: str,
) -> pd.DataFrame:
    """One row per person × rank, best first, in the order of `persons` (rows of `known`); `events`: names by number."""
    frames = [_empty()]
    for start in range(0, len(persons), _BATCH):
        some = known.rows(start, start + _BATCH)
        lists = rank(some, model, blend, n)
        rows, ranks = np.nonzero(lists.items >= 0)
        frames.append(
            pd.DataFrame(
                {
                    "person_id": np.array(persons[start : start + _BATCH], dtype=object)[rows],
                    "as_of_date": as_of,
                    "rank": ranks.astype(np.int64) + 1,
                    "item_id": model.catalogue.items[lists.items[rows, ranks]],
                    "score": lists.scores[rows, ranks],
                    "strategy": np.array([*STRATEGIES, POPULARITY], dtype=object)[lists.strategies[rows, ranks]],
                    "reason": reasons(lists, some, model, events)[rows, ranks],
                    "model_version": version,
                },
                columns=RECOMMENDATION_COLUMNS,
            )
        )
    return pd.concat(frames[1:] or frames, ignore_index=True)


def similar_items(model: Recommender, as_of: date, version: str, n: int = N_SIMILAR) -> pd.DataFrame:
    """One row per item × rank: the available items that the same persons touch."""
    found = model.neighbours.copy()
    found.data = found.data * model.catalogue.is_available[found.indices]
    found.eliminate_zeros()
    best = strongest_of_row(found, n)
    order = np.lexsort((best.indices, -best.data, row_of_entry(best)))
    rows = row_of_entry(best)[order]
    return pd.DataFrame(
        {
            "item_id": model.catalogue.items[rows],
            "as_of_date": as_of,
            "rank": np.arange(len(order)) - best.indptr[rows] + 1,
            "similar_item_id": model.catalogue.items[best.indices[order]],
            "similarity": best.data[order],
            "model_version": version,
        },
        columns=SIMILAR_COLUMNS,
    )


def _empty() -> pd.DataFrame:
    types = {"rank": "int64", "score": "float64"}
    return pd.DataFrame({name: pd.Series(dtype=types.get(name, "str")) for name in RECOMMENDATION_COLUMNS})
