"""Scores of today's persons from a stored model.

Belongs here: applying a version to current features; the bands. Does not belong here: learning.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from models.common.artifacts import ArtifactError
from models.common.frames import FloatArray, FrameError, date_column, numbers, require_columns
from models.propensity.artifacts import Artifact, load_artifact
from models.propensity.baselines import RECENCY_COLUMN
from models.propensity.card import calibration_of, rule_of
from models.propensity.features import FEATURES, KEYS, Kind, active, check_kind, design_matrix
from models.propensity.reasons import recency_reasons, top_reasons

IMPORTANCE_ROWS = 1_000
BATCH_ROWS = 50_000  # matrices and contributions of so many persons at a time: memory does not grow with the shop
BAND_COLUMN: dict[str, str] = {"churn": "risk_band", "purchase": "propensity_band"}
# Probability from which a person is in the band. Churn of recently active persons is common, an order within the
# horizon is rare: the same word has to mean "worth acting on" for both.
BANDS: dict[str, tuple[tuple[float, str], ...]] = {
    "churn": ((0.7, "high"), (0.4, "medium")),
    "purchase": ((0.3, "high"), (0.1, "medium")),
}


def bands(kind: Kind, probability: FloatArray) -> list[str]:
    """Band of each probability.

    >>> bands("churn", np.array([0.7, 0.69, 0.1]))
    ['high', 'medium', 'low']
    """
    return [next((name for edge, name in BANDS[kind] if value >= edge), "low") for value in probability]


def score(kind: Kind, features_now: pd.DataFrame, artifact: Path) -> pd.DataFrame:
    """Score every person active within the look-back, as at training; one row per person, sorted by person.

    `artifact` is the folder of a version (`TrainResult.artifact`). Persons outside the look-back are not scored: the
    model never saw their like. A frame without `is_active_lookback` is scored whole.
    """
    check_kind(kind)
    require_columns(features_now, [*KEYS, *FEATURES], "features")
    loaded = load_artifact(artifact)
    _check_fits(kind, loaded, artifact)
    rows = active(features_now).sort_values("person_id", kind="stable").reset_index(drop=True)
    if rows["person_id"].duplicated().any():
        raise FrameError("features to score hold a person more than once: give one snapshot")
    probability, reasons = _predict(kind, rows, loaded)
    return pd.DataFrame(
        {
            "person_id": rows["person_id"],
            "as_of_date": date_column(rows["as_of_date"]),
            "probability": np.round(probability, 6),
            BAND_COLUMN[kind]: pd.Series(bands(kind, np.round(probability, 6)), dtype="str"),
            "top_reasons": pd.Series(reasons, dtype="str"),
            "model_version": pd.Series([loaded.card["model_version"]] * len(rows), dtype="str"),
        }
    )


def importance(kind: Kind, features_now: pd.DataFrame, artifact: Path) -> pd.Series:
    """Share of each feature in the mean absolute contribution to the scores of those active in the look-back, the largest first.

    Indexed by feature, sums to 1; empty for the recency rule. Of many persons about `IMPORTANCE_ROWS`, evenly spread in
    order of id (`importance_step`).
    """
    loaded = load_artifact(artifact)
    _check_fits(kind, loaded, artifact)
    rows = active(features_now).sort_values("person_id", kind="stable")
    rows = rows.iloc[:: importance_step(len(rows))]
    if loaded.candidate is None or not len(rows):
        return pd.Series(dtype="float64")
    mean = np.abs(loaded.candidate.contributions(design_matrix(rows))).mean(axis=0)
    found = pd.Series(mean / max(float(mean.sum()), 1e-12), index=list(FEATURES))
    return found.sort_values(ascending=False, kind="stable")


def importance_step(n_persons: int) -> int:
    """Every how many persons one stands for its neighbours in `importance`.

    >>> importance_step(1_000), importance_step(1_001)
    (1, 2)
    """
    return max(1, -(-n_persons // IMPORTANCE_ROWS))


def probabilities(kind: Kind, features_now: pd.DataFrame, artifact: Path) -> FloatArray:
    """The probability of each row by a stored version, in the order of the rows; no reasons, which cost most of a score."""
    loaded = load_artifact(artifact)
    _check_fits(kind, loaded, artifact)
    return _probabilities(features_now, loaded)


def _predict(kind: Kind, rows: pd.DataFrame, loaded: Artifact) -> tuple[FloatArray, list[str]]:
    if loaded.candidate is None:
        return _probabilities(rows, loaded), recency_reasons(rows, RECENCY_COLUMN)
    found, reasons = [np.empty(0)], []
    for start in range(0, len(rows), BATCH_ROWS):
        batch = rows.iloc[start : start + BATCH_ROWS]
        found.append(_probabilities(batch, loaded))
        reasons += top_reasons(kind, batch, loaded.candidate.contributions(design_matrix(batch)))
    return np.concatenate(found), reasons


def _probabilities(rows: pd.DataFrame, loaded: Artifact) -> FloatArray:
    if not len(rows):
        return np.empty(0)
    if loaded.candidate is None:
        return rule_of(loaded.card).predict(numbers(rows, RECENCY_COLUMN))
    return calibration_of(loaded.card).apply(loaded.candidate.predict(design_matrix(rows)))


def _check_fits(kind: Kind, loaded: Artifact, folder: Path) -> None:
    if loaded.card["model"] != kind:
        raise ArtifactError(f"{folder} holds a model of {loaded.card['model']}, not of {kind}")
    if tuple(loaded.card["features"]) != FEATURES:
        raise ArtifactError(f"{folder} was trained on other features: train again")
