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
DRIFT_COLUMNS = ["model", "feature", "psi", "missing_rate", "reference_missing_rate", "is_drifted"]


def reference_of(matrix: FloatArray) -> dict[str, dict[str, Any]]:
    """Bin edges, shares and missing rate of each feature: enough to compare with, without keeping a single row."""
    reference: dict[str, dict[str, Any]] = {}
    for column, name in enumerate(FEATURES):
        values = matrix[:, column]
        known = values[~np.isnan(values)]
        edges = np.unique(np.quantile(known, np.linspace(0, 1, _N_BINS + 1)[1:-1])) if len(known) else np.empty(0)
        reference[name] = {
            "edges": [round(float(edge), 6) for edge in edges],
            "missing_rate": round(1.0 - len(known) / max(len(values), 1), 9),
        }
        reference[name]["shares"] = _shares(known, reference[name]["edges"])
    return reference


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


def feature_drift(kind: Kind, features_now: pd.DataFrame, artifact: Path) -> pd.DataFrame:
    """One row per feature: today's look-back persons against the training rows; empty where the model has none."""
    reference = load_artifact(artifact).card.get("reference") or {}
    rows = features_now
    if "is_active_lookback" in rows.columns:
        rows = rows[as_bools(rows["is_active_lookback"])]
    matrix = design_matrix(rows)
    found: list[list[object]] = []
    for column, name in enumerate(FEATURES):
        if name not in reference or not len(matrix):
            continue
        known = matrix[~np.isnan(matrix[:, column]), column]
        missing, before = 1.0 - len(known) / len(matrix), float(reference[name]["missing_rate"])
        has_values = len(known) > 0 and before < 1.0
        shift = psi(reference[name]["shares"], _shares(known, reference[name]["edges"])) if has_values else 0.0
        is_drifted = shift > _PSI_LIMIT or abs(missing - before) > _MISSING_LIMIT
        found.append([kind, name, round(shift, 6), round(missing, 6), round(before, 6), is_drifted])
    frame = pd.DataFrame(found, columns=DRIFT_COLUMNS)
    types = {"psi": "float64", "missing_rate": "float64", "reference_missing_rate": "float64", "is_drifted": "bool"}
    return frame.astype(types)
