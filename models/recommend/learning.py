"""Learning as one step: select the blend, fit the factors to rank with, store both.

Belongs here: when that is due, and the card. Does not belong here: reading data, ranking.
"""

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from models.common.fingerprint import fingerprint
from models.recommend.factorisation import ItemFactors, fit_factors
from models.recommend.matrix import Catalogue, Histories
from models.recommend.model_selection import NO_BLEND, Selection, Span, select_blend
from models.recommend.store import Learned, load_latest, save, training_key

STEP_DAYS = 7
_SIZE_STEP = 1.1
SpanAt = Callable[[str, date], Span]
HistoriesAt = Callable[[date], tuple[Catalogue, Histories]]


def learning_date(as_of: date) -> date:
    """The last of the fixed dates, a week apart, up to as_of: what is learned on one of them is used until the next.

    >>> {str(learning_date(date(2026, 1, day))) for day in range(18, 25)}
    {'2026-01-18'}
    """
    return as_of - timedelta(days=as_of.toordinal() % STEP_DAYS)


def learn(
    folder: Path,
    as_of: date,
    options: dict[str, Any],
    n_rows_by: Callable[[date], int],
    first_date: date | None,
    span_at: SpanAt,
    histories_at: HistoriesAt,
    seed: int,
) -> Learned:
    """The stored version where it is still valid, else a new one, which is written into `folder`.

    A new one is due on a later learning date, with other options, libraries or code, or with about a tenth more or
    fewer rows to learn from. `options`: horizon_days, allow_repeat and whatever else shapes the data.
    """
    until = learning_date(as_of)
    size = int(np.round(np.log(max(n_rows_by(until), 1)) / np.log(_SIZE_STEP)))
    key = training_key({"until": until, "size": size, "options": options, "seed": seed})
    known = load_latest(folder, key)
    if known:
        return known
    horizon = timedelta(days=options["horizon_days"])
    dates = (until - 2 * horizon, until - horizon)
    if first_date is None or first_date >= dates[0] - horizon:
        selection = Selection(NO_BLEND, False, "not tested: less than four horizons of history", [])
    else:
        spans = (span_at(name, day) for name, day in zip(("validation", "test"), dates, strict=True))
        selection = select_blend(*spans, allow_repeat=options["allow_repeat"], seed=seed)
    catalogue, learned = histories_at(until)
    factors = fit_factors(learned.weights, seed)
    card = _card(key, until, dates, selection, factors, catalogue, len(learned), options)
    return save(folder, card, catalogue, factors)


def _card(
    key: str,
    until: date,
    dates: tuple[date, date],
    selection: Selection,
    factors: ItemFactors,
    catalogue: Catalogue,
    n_persons: int,
    options: dict[str, Any],
) -> dict[str, Any]:
    items = "\n".join(map(str, catalogue.items[factors.places])).encode()
    content = fingerprint({"key": key, "blend": selection.blend}, np.frombuffer(items, dtype=np.uint8), factors.vectors)
    version = f"{'blend' if selection.is_promoted else 'popularity'}-{content}"
    return {
        "model": "recommendations",
        "model_version": version,
        "training_key": key,
        "is_promoted": selection.is_promoted,
        "reason": selection.reason,
        "blend": list(selection.blend),
        "learned_until": str(until),
        "validation_from": str(dates[0]),
        "test_from": str(dates[1]),
        "n_persons": n_persons,
        "n_items": len(catalogue),
        "options": options,
        "metrics": [row | {"model_version": version} for row in selection.rows],
    }
