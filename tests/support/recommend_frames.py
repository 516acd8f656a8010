"""Small shops as frames for the tests of recommendations. No expectations here."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

from models.recommend import Catalogue, Histories, Recommender, Span, histories, neighbours_of, recommender
from models.recommend.factorisation import ItemFactors, fit_factors

EVENTS = ["purchase", "view_item"]
Touch = tuple[int, int, float]  # person, item, weight


def catalogue(categories: list[int], n_recent: list[float] | None = None, gone: tuple[int, ...] = ()) -> Catalogue:
    """Items a, b, c, … of categories kind0, kind1, …; -1 has none."""
    n = len(categories)
    names = np.array([f"kind{k}" for k in range(max(categories, default=-1) + 1)], dtype=object)
    recent = np.array(n_recent if n_recent is not None else [1.0] * n)
    is_available = ~np.isin(np.arange(n), gone)
    return Catalogue(
        np.array([chr(97 + i) if n <= 26 else f"i{i:05}" for i in range(n)], dtype=object),
        np.array(categories, dtype=int),
        names,
        recent,
        np.maximum(recent, 1.0),
        is_available,
        10,
    )


def touched(
    entries: list[Touch], n_persons: int, n_items: int, bought: set[tuple[int, int]] | None = None
) -> Histories:
    """What persons did, each entry a day later than the one before it."""
    bought = bought or set()
    rows = [
        {
            "person": p,
            "item": i,
            "weight": w,
            "latest": float(day),
            "event": 0 if (p, i) in bought else 1,
            "is_bought": (p, i) in bought,
        }
        for day, (p, i, w) in enumerate(entries)
    ]
    rows += [
        {"person": p, "item": i, "weight": 0.0, "latest": 0.0, "event": 0, "is_bought": True}
        for p, i in sorted(bought - {(p, i) for p, i, _ in entries})
    ]
    names = ["person", "item", "weight", "latest", "event", "is_bought"]
    return histories(pd.DataFrame(rows, columns=names), n_persons, n_items)


def no_factors() -> ItemFactors:
    return ItemFactors(np.zeros(0, dtype=int), np.zeros((0, 4), dtype=np.float32))


def model_of(items: Catalogue, learned: Histories, allow_repeat: bool = False) -> Recommender:
    """Neighbours and factors learned of these histories."""
    return recommender(
        items, neighbours_of(learned.weights), fit_factors(learned.weights, 7), allow_repeat=allow_repeat
    )


def planted_span(name: str, seed: int, n_persons: int = 300, follow: float = 0.7) -> Span:
    """Persons with one of four tastes, six items out of 24 each; with probability `follow` they keep to it later.

    All items are equally popular, so popularity predicts nothing; later nobody returns to what they touched.
    """
    rng = np.random.default_rng(seed)
    taste = rng.integers(0, 4, n_persons)
    rows: list[Touch] = []
    sought = []
    for person in range(n_persons):
        own = taste[person] * 6 + rng.permutation(6)
        rows += [(person, int(item), 1.0) for item in own[:3]]
        later = own[3:] if rng.random() < follow else rng.choice(24, 3, replace=False)
        sought += [(person, int(item)) for item in later]
    known = touched(rows, n_persons, 24)
    n_recent = np.bincount([i for _, i, _ in rows], minlength=24).astype(float)
    frame = pd.DataFrame(sought, columns=["person", "item"])
    return Span.of(name, catalogue([-1] * 24, list(n_recent)), known, known, frame)


def dense(matrix: csr_matrix) -> list[list[float]]:
    return matrix.toarray().round(6).tolist()
