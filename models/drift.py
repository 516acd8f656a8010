"""Have today's features moved away from those the model learned from?

Belongs here: the reference kept in a card and its comparison with a later frame.
Does not belong here: what to do about it (a gate decides).
"""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from models.artifacts import load_artifact
from models.features import FEATURES, FloatArray, Kind, as_bools, design_matrix

_N_BINS = 10
_PSI_LIMIT = 0.2  # the customary limit for "has shifted"
_MISSING_LIMIT = 0.1
_FLOOR = 1e-4
SCORE = "(score)"
DRIFT_COLUMNS = ["model", "feature", "psi", "missing_rate", "reference_missing_rate", "is_drifted"]


def reference_of(matrix: FloatArray) -> dict[str, dict[str, Any]]:
    """Bin edges, shares and missing rate of each feature: enough to compare with, without keeping a single row."""
    return {name: shares_of(matrix[:, column]) for column, name in enumerate(FEATURES)}


def shares_of(values: FloatArray) -> dict[str, Any]:
    """Edges of ten bins of equal size, the share of the known values in each, and the share that is missing."""
    known = values[~np.isnan(values)]
    cuts = np.unique(np.quantile(known, np.linspace(0, 1, _N_BINS + 1)[1:-1])) if len(known) else np.empty(0)
    edges = [round(float(edge), 6) for edge in cuts]
    missing_rate = round(1.0 - len(known) / max(len(values), 1), 9)
    return {"edges": edges, "missing_rate": missing_rate, "shares": _shares(known, edges)}


def _shares(known: FloatArray, edges: list[float]) -> list[float]:
    counts = np.bincount(np.searchsorted(np.asarray(edges), known, side="left"), minlength=len(edges) + 1)
    return [round(float(share), 9) for share in counts / max(len(known), 1)]


def psi(expected: list[float], actual: list[float]) -> float:
    """Population stability index of two sets of shares.

    >>> psi([0.5, 0.5], [0.5, 0.5])
    0.0
    """
    a = np.maximum(np.asarray(expected), _FLOOR)
    b = np.maximum(np.asarray(actual), _FLOOR)
    return float(((b - a) * np.log(b / a)).sum())


def feature_drift(
    kind: Kind, features_now: pd.DataFrame, artifact: Path, scores: FloatArray | None = None
) -> pd.DataFrame:
    """One row per feature: today's look-back persons against the training rows; empty where the model has none.

    Given today's `scores`, one more row `(score)`: against those the model gave on its test snapshot.
    """
    card = load_artifact(artifact).card
    reference = card.get("reference") or {}
    rows = features_now
    if "is_active_lookback" in rows.columns:
        rows = rows[as_bools(rows["is_active_lookback"])]
    matrix = design_matrix(rows)
    compared = [(name, matrix[:, column], reference.get(name)) for column, name in enumerate(FEATURES)]
    if scores is not None:
        compared.append((SCORE, scores, card.get("score_reference")))
    found = [_compared(kind, name, values, known) for name, values, known in compared if known and len(values)]
    frame = pd.DataFrame(found, columns=DRIFT_COLUMNS)
    types = {"psi": "float64", "missing_rate": "float64", "reference_missing_rate": "float64", "is_drifted": "bool"}
    return frame.astype({"model": "str", "feature": "str", **types})


def _compared(kind: Kind, name: str, values: FloatArray, reference: dict[str, Any]) -> list[object]:
    known = values[~np.isnan(values)]
    missing, before = 1.0 - len(known) / len(values), float(reference["missing_rate"])
    has_values = len(known) > 0 and before < 1.0
    shift = psi(reference["shares"], _shares(known, reference["edges"])) if has_values else 0.0
    is_drifted = shift > _PSI_LIMIT or abs(missing - before) > _MISSING_LIMIT
    return [kind, name, round(shift, 6), round(missing, 6), round(before, 6), is_drifted]
