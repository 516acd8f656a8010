"""Which blend of strategies ranks: lists made from what was known by a date, compared with what came after it.

Belongs here: choosing the blend on the earlier span, testing it on the later one beside popularity and last viewed.
Does not belong here: metrics (see `metrics`), reading data.
"""

from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from models.common.frames import FloatArray
from models.common.model_metrics import METRIC_COLUMNS, person_weights
from models.recommend import metrics as m
from models.recommend.cooccurrence import neighbours_of
from models.recommend.factorisation import fit_factors
from models.recommend.matrix import Catalogue, Histories, IntArray
from models.recommend.rank import (
    NO_BLEND,
    POPULARITY,
    STRATEGIES,
    Blend,
    Recommender,
    blended,
    candidates,
    hidden_items,
    recency_scores,
    recommender,
    without,
)

MODEL, LAST_VIEWED, BLEND = "recommendations", "last_viewed", "blend"
BASELINES = (POPULARITY, LAST_VIEWED)
MIN_TESTED = 30
_DECIDING = "ndcg_at_10"
_STEPS = 4  # weights of the blend are multiples of a quarter
_BATCH = 1000
_SHARE_BETTER = 0.9


@dataclass(frozen=True)
class Span:
    """What was known by a date, and what persons touched after it; items are those of that date's catalogue.

    learned: histories to learn from.
    known: histories of the tested persons, one row each, also of those without any.
    relevant: tested persons × items that they touched in the span.
    n_relevant: how many these were, including items that nobody knew by the date; at least 1.
    """

    name: str
    catalogue: Catalogue
    learned: Histories
    known: Histories
    relevant: csr_matrix
    n_relevant: IntArray

    @property
    def n_tested(self) -> int:
        return len(self.n_relevant)

    @staticmethod
    def of(name: str, catalogue: Catalogue, learned: Histories, known: Histories, sought: pd.DataFrame) -> "Span":
        """From a frame with one row per tested person × touched item: person, item (null: not in the catalogue)."""
        is_known = sought["item"].notna()
        place = (sought["person"][is_known].to_numpy(), sought["item"][is_known].to_numpy(dtype=np.int64))
        relevant = csr_matrix((np.ones(len(place[0])), place), shape=known.weights.shape)
        n_relevant = np.bincount(sought["person"].to_numpy(dtype=np.int64), minlength=len(known))
        return Span(name, catalogue, learned, known, relevant, n_relevant)


@dataclass(frozen=True)
class Selection:
    """blend: what to rank with (NO_BLEND: by popularity alone); rows: as in `ml.model_metrics`, without a version."""

    blend: Blend
    is_promoted: bool
    reason: str
    rows: list[dict[str, Any]]


Measured = dict[str, FloatArray]  # metric → value per person; coverage → one value


def select_blend(validation: Span, test: Span, *, allow_repeat: bool, seed: int) -> Selection:
    """Choose the blend with the highest NDCG@10 on the validation span; promote it if the test span confirms it."""
    too_few = [span.name for span in (validation, test) if span.n_tested < MIN_TESTED]
    if too_few:
        reason = f"not tested: fewer than {MIN_TESTED} persons in {' and '.join(too_few)}"
        return Selection(NO_BLEND, False, reason, [])
    on_validation = _measure(validation, _grid(), allow_repeat, seed)
    best = max(_grid(), key=lambda blend: round(float(on_validation[blend][_DECIDING].mean()), 9))
    on_test = _measure(test, list(dict.fromkeys([best, *_single_strategies()])), allow_repeat, seed)
    unbeaten = [name for name in BASELINES if not is_better(on_test[best][_DECIDING], on_test[name][_DECIDING], seed)]
    shown = ", ".join(f"{name} {weight:g}" for name, weight in zip(STRATEGIES, best, strict=True) if weight)
    if unbeaten:
        reason = f"popularity ranks: the blend ({shown}) does not clearly beat {' or '.join(unbeaten)} on later data"
    else:
        reason = f"the blend ranks ({shown}): better than popularity and last viewed on later data"
    rows = _rows("validation", on_validation, best, not unbeaten, seed)
    rows += _rows("test", on_test, best, not unbeaten, seed)
    return Selection(NO_BLEND if unbeaten else best, not unbeaten, reason, rows)


def is_better(values: FloatArray, others: FloatArray, seed: int) -> bool:
    """Higher on average, and in at least 90 % of resamples of the same persons."""
    gain = values - others
    resampled = person_weights(np.arange(len(gain)).astype(object), seed) @ gain
    return bool(gain.mean() > 0 and np.mean(resampled > 0) >= _SHARE_BETTER)


def _grid() -> list[Blend]:
    """Every blend in quarters, those of fewer strategies first: of equally good ones the simplest wins."""
    shares = [tuple(part / _STEPS for part in parts) for parts in product(range(_STEPS + 1), repeat=len(STRATEGIES))]
    return sorted((b for b in shares if sum(b) == 1), key=lambda b: (sum(w > 0 for w in b), [-w for w in b]))


def _single_strategies() -> list[Blend]:
    return [tuple(float(i == j) for j in range(len(STRATEGIES))) for i in range(len(STRATEGIES))]


def _measure(span: Span, blends: list[Blend], allow_repeat: bool, seed: int) -> dict[Any, Measured]:
    """Metrics of every blend and of both baselines."""
    neighbours, factors = neighbours_of(span.learned.weights), fit_factors(span.learned.weights, seed)
    model = recommender(span.catalogue, neighbours, factors, allow_repeat=allow_repeat)
    lists: dict[Any, list[IntArray]] = {key: [] for key in [*blends, *BASELINES]}
    depth = max(m.CUTS)
    for start in range(0, span.n_tested, _BATCH):
        known = span.known.rows(start, start + _BATCH)
        hidden = hidden_items(known, model)
        parts = candidates(known, model, hidden)
        latest = [without(recency_scores(known), hidden, model.catalogue.is_available)]
        for blend in blends:
            lists[blend].append(blended(parts, blend, model, hidden, depth).items)
        lists[POPULARITY].append(blended([], NO_BLEND, model, hidden, depth).items)
        lists[LAST_VIEWED].append(blended(latest, (1.0,), model, hidden, depth).items)
    return {key: _metrics(np.vstack(found), span, model) for key, found in lists.items()}


def _metrics(items: IntArray, span: Span, model: Recommender) -> Measured:
    hits, catalogue = m.hits_of(items, span.relevant), model.catalogue
    found: Measured = {}
    for k in m.CUTS:
        found[f"recall_at_{k}"] = m.recall(hits, span.n_relevant, k)
        found[f"ndcg_at_{k}"] = m.ndcg(hits, span.n_relevant, k)
        found[f"map_at_{k}"] = m.average_precision(hits, span.n_relevant, k)
        found[f"coverage_at_{k}"] = np.array([m.coverage(items, int(catalogue.is_available.sum()), k)])
        found[f"novelty_at_{k}"] = m.novelty(items, catalogue.n_persons, catalogue.n_known, k)
        if len(catalogue.categories) > 1:
            found[f"diversity_at_{k}"] = m.diversity(items, catalogue.category, k)
    return found


def _rows(split: str, found: dict[Any, Measured], best: Blend, is_promoted: bool, seed: int) -> list[dict[str, Any]]:
    named = {name: found[name] for name in BASELINES}
    named |= dict(zip(STRATEGIES, (found[blend] for blend in _single_strategies()), strict=True))
    named[BLEND] = found[best]
    rows = []
    for algorithm, metrics in named.items():
        used = algorithm == BLEND and is_promoted
        rows += [_row(split, algorithm, metric, values, named, used, seed) for metric, values in metrics.items()]
    return rows


def _row(
    split: str, algorithm: str, metric: str, values: FloatArray, named: dict[str, Measured], used: bool, seed: int
) -> dict[str, Any]:
    known = ~np.isnan(values)
    value = _mean(values)
    low, high = _interval(values[known], seed)
    baselines = {name: _mean(named[name][metric]) for name in BASELINES}
    baseline = max(baselines, key=lambda name: -np.inf if np.isnan(baselines[name]) else baselines[name])
    numbers = [None if np.isnan(n) else round(n, 9) for n in (value, low, high, baselines[baseline])]
    row = [MODEL, "", algorithm, split, metric, *numbers[:3], baseline, numbers[3], used]
    return dict(zip(METRIC_COLUMNS, row, strict=True))


def _mean(values: FloatArray) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")


def _interval(values: NDArray[np.float64], seed: int) -> tuple[float, float]:
    """Central 95 % of the mean over resampled persons; none for a metric with one value for all persons."""
    if len(values) < 2:
        return float("nan"), float("nan")
    means = person_weights(np.arange(len(values)).astype(object), seed) @ values / len(values)
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)
