"""Drift: whether today's features and scores have moved away from those of the model's test.

Belongs here: the reference stored in a card, its comparison with a later frame, when a model as a whole has drifted.
Does not belong here: retraining (see `prediction`); warning people (a gate decides).

The reference is the test snapshot, the newest that the training saw. Counts that only grow with a young shop (days
since first seen, orders in total) differ from those of all training rows every night, which says nothing. For the same
reason a feature has drifted only if it moved by more than the usual limits, by more than between the two snapshots
before, and by more than chance would.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import chdtri, ndtri

from models.common.frames import FloatArray
from models.propensity.artifacts import Artifact
from models.propensity.features import FEATURES, Kind, active, design_matrix

_N_BINS = 10
_PSI_LIMIT = 0.2  # the usual limit for "has shifted"
_MISSING_LIMIT = 0.1
_CHANCE = 0.001  # how often a feature that did not move at all may be reported
_SHARE_LIMIT = 0.25  # of the features; the gate `ml` has the same
_FLOOR = 1e-4
_DECIMALS = 6
SCORE = "(score)"
DRIFT_COLUMNS = ["model", "feature", "psi", "missing_rate", "reference_missing_rate", "is_drifted"]


def reference_of(matrix: FloatArray, before: FloatArray | None = None) -> dict[str, dict[str, Any]]:
    """What to compare each feature with: shares of bins (see `shares_of`), not rows.

    `before`: an earlier snapshot; the usual shift is how far the features moved from it to `matrix`.
    """
    if before is None or not len(before):
        return {name: shares_of(matrix[:, column]) for column, name in enumerate(FEATURES)}
    return {name: shares_of(matrix[:, column], before[:, column]) for column, name in enumerate(FEATURES)}


def shares_of(values: FloatArray, before: FloatArray | None = None) -> dict[str, Any]:
    """Edges of ten bins of equal size, the share of known values in each, the missing rate, the number of rows.

    Given earlier values, also the shifts from those (`usual_psi`, `usual_missing`).
    """
    known = values[~np.isnan(values)]
    cuts = np.unique(np.quantile(known, np.linspace(0, 1, _N_BINS + 1)[1:-1])) if len(known) else np.empty(0)
    edges = [round(float(edge), _DECIMALS) for edge in cuts]
    missing_rate = round(1.0 - len(known) / max(len(values), 1), 9)
    found = {"edges": edges, "missing_rate": missing_rate, "shares": _shares(known, edges), "n_rows": len(values)}
    if before is None:
        return found
    shift, missing = _shift(shares_of(before), values)
    return found | {"usual_psi": shift, "usual_missing": missing}


def _shares(known: FloatArray, edges: list[float]) -> list[float]:
    counts = np.bincount(np.searchsorted(np.asarray(edges), known, side="left"), minlength=len(edges) + 1)
    return [round(float(share), 9) for share in counts / max(len(known), 1)]


def psi(expected: list[float], actual: list[float], floor: float = _FLOOR) -> float:
    """Population stability index of two sets of shares; those below `floor` count as `floor`.

    >>> psi([0.5, 0.5], [0.5, 0.5])
    0.0
    """
    a = np.maximum(np.asarray(expected), floor)
    b = np.maximum(np.asarray(actual), floor)
    return float(((b - a) * np.log(b / a)).sum())


def psi_by_chance(n_bins: int, n_expected: float, n_actual: float) -> float:
    """The PSI that two samples of one distribution exceed once in a thousand times (Yurdakul & Naranjo, 2020).

    It is about χ² with one degree of freedom less than bins, times 1/n + 1/m.
    """
    if n_bins < 2 or min(n_expected, n_actual) <= 0:
        return 0.0
    return float(chdtri(n_bins - 1, _CHANCE) * (1 / n_expected + 1 / n_actual))


def _missing_by_chance(before: float, now: float, n_before: int, n_now: int) -> float:
    """The same for a difference of two rates: the limit of the two-proportion z-test."""
    if not n_before:
        return 0.0
    pooled = (before * n_before + now * n_now) / (n_before + n_now)
    return float(-ndtri(_CHANCE / 2) * np.sqrt(pooled * (1 - pooled) * (1 / n_before + 1 / n_now)))


def feature_drift(
    kind: Kind, features_now: pd.DataFrame, artifact: Artifact, scores: FloatArray | None = None
) -> pd.DataFrame:
    """One row per feature: persons in today's look-back against those of the test snapshot; empty without a reference.

    Given today's `scores`, one more row `(score)`: against the model's scores on its test snapshot.
    """
    card = artifact.card
    reference = card.get("reference") or {}
    matrix = design_matrix(active(features_now))
    compared = [(name, matrix[:, column], reference.get(name)) for column, name in enumerate(FEATURES)]
    if scores is not None:
        compared.append((SCORE, scores, card.get("score_reference")))
    found = [_compare(kind, name, values, known) for name, values, known in compared if known and len(values)]
    frame = pd.DataFrame(found, columns=DRIFT_COLUMNS)
    types = {"psi": "float64", "missing_rate": "float64", "reference_missing_rate": "float64", "is_drifted": "bool"}
    return frame.astype({"model": "str", "feature": "str", **types})


def describe_drift(drift: pd.DataFrame) -> str:
    """Why the model as a whole has drifted: its scores have, or over a quarter of its features; else "".

    `drift`: the rows of one model from `feature_drift`.
    """
    shifted = drift[drift["is_drifted"]].sort_values(["psi", "feature"], ascending=[False, True], kind="stable")
    features, n_features = shifted[shifted["feature"] != SCORE], int((drift["feature"] != SCORE).sum())
    reasons = [f"scores (PSI {value:.2f})" for value in shifted.loc[shifted["feature"] == SCORE, "psi"]]
    if len(features) > _SHARE_LIMIT * n_features:
        most = ", ".join(f"{name} (PSI {value:.2f})" for name, value in features[["feature", "psi"]].head(3).values)
        reasons.append(f"{len(features)} of {n_features} features, most of all {most}")
    return "; ".join(reasons)


def _shift(reference: Mapping[str, Any], values: FloatArray) -> tuple[float, float]:
    """PSI of the known values, and how far the missing rate moved."""
    known = values[~np.isnan(values)]
    before, missing = float(reference["missing_rate"]), 1.0 - len(known) / max(len(values), 1)
    fewest = min(len(known), _n_rows(reference, values) * (1 - before))
    # An empty bin among few persons does not mean that it is nearly impossible: it counts as half a person.
    floor = max(_FLOOR, 0.5 / fewest) if fewest else _FLOOR
    shift = psi(reference["shares"], _shares(known, reference["edges"]), floor) if fewest else 0.0
    return round(shift, _DECIMALS), round(abs(missing - before), _DECIMALS)


def _n_rows(reference: Mapping[str, Any], values: FloatArray) -> int:
    """Rows behind a reference; cards of earlier releases do not hold it."""
    return int(reference.get("n_rows", len(values)))


def _compare(kind: Kind, name: str, values: FloatArray, reference: Mapping[str, Any]) -> list[object]:
    missing, before = float(np.isnan(values).mean()), float(reference["missing_rate"])
    shift, moved = _shift(reference, values)
    n, n_before = len(values), _n_rows(reference, values)
    by_chance = psi_by_chance(len(reference["shares"]), n_before * (1 - before), n * (1 - missing))
    missing_by_chance = _missing_by_chance(before, missing, n_before, n)
    has_shifted = shift > max(_PSI_LIMIT, reference.get("usual_psi", 0.0), by_chance)
    has_gaps = moved > max(_MISSING_LIMIT, reference.get("usual_missing", 0.0), missing_by_chance)
    return [kind, name, shift, round(missing, _DECIMALS), round(before, _DECIMALS), has_shifted or has_gaps]
