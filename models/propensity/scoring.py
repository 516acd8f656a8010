"""Scores of today's persons by one version of a model.

Belongs here: applying it to current features. Does not belong here: learning, files.
"""

import numpy as np
import pandas as pd

from models.common.artifacts import ArtifactError
from models.common.frames import FloatArray, FrameError, date_column, numbers, require_columns
from models.propensity.artifacts import Artifact
from models.propensity.bands import BAND_COLUMN, Bands, bands_by_lift
from models.propensity.baselines import RECENCY_COLUMN
from models.propensity.card import base_rate_of, calibration_of, rule_of
from models.propensity.features import FEATURES, KEYS, Kind, active, check_kind, design_matrix
from models.propensity.reasons import recency_reasons, top_reasons

IMPORTANCE_ROWS = 1_000
BATCH_ROWS = 50_000  # persons scored at a time, so that memory does not grow with the shop


def score(kind: Kind, features_now: pd.DataFrame, artifact: Artifact, bands: Bands | None = None) -> pd.DataFrame:
    """Score every person active within the look-back, as at training; one row per person, sorted by person.

    Persons outside the look-back are not scored: the model has seen nobody like them. Of a frame without
    `is_active_lookback` everybody is scored. `bands`: by default those by lift over the base rate of the version's
    test. Where nothing was labelled yet, persons only have a rank: no probability and no band.
    """
    check_kind(kind)
    require_columns(features_now, [*KEYS, *FEATURES], "features")
    _check_fits(kind, artifact)
    rows = active(features_now).sort_values("person_id", kind="stable").reset_index(drop=True)
    if rows["person_id"].duplicated().any():
        raise FrameError("features to score hold a person more than once: give one snapshot")
    probability, reasons = _predict(kind, rows, artifact)
    probability = np.round(probability, 6)
    order = rule_of(artifact.card).order(numbers(rows, RECENCY_COLUMN)) if has_no_labels(artifact) else probability
    return pd.DataFrame(
        {
            "person_id": rows["person_id"],
            "as_of_date": date_column(rows["as_of_date"]),
            "probability": probability,
            "score_rank": pd.Series(order).rank(method="min", ascending=False).astype("int64"),
            BAND_COLUMN[kind]: _bands(probability, artifact, bands),
            "top_reasons": pd.Series(reasons, dtype="str"),
            "model_version": pd.Series([artifact.card["model_version"]] * len(rows), dtype="str"),
        }
    )


def has_no_labels(artifact: Artifact) -> bool:
    """Whether the version is the recency rule before anything was labelled: it ranks, and knows no probability."""
    return artifact.model is None and rule_of(artifact.card).rates is None


def no_scores(kind: Kind) -> pd.DataFrame:
    """The table of scores without a row."""
    types = {"person_id": "str", "as_of_date": "object", "probability": "float64", "score_rank": "int64"}
    types |= dict.fromkeys((BAND_COLUMN[kind], "top_reasons", "model_version"), "str")
    frame = pd.DataFrame(columns=list(types)).astype(types)
    return frame.assign(as_of_date=date_column(frame["as_of_date"]))


def _bands(probability: FloatArray, artifact: Artifact, configured: Bands | None) -> pd.Series:
    base_rate = base_rate_of(artifact.card)
    if has_no_labels(artifact) or base_rate is None:
        return pd.Series([None] * len(probability), dtype="str")
    return pd.Series((configured or bands_by_lift(base_rate)).of(probability), dtype="str")


def importance(kind: Kind, features_now: pd.DataFrame, artifact: Artifact) -> pd.Series:
    """Share of each feature in the mean absolute contribution to the scores of those active in the look-back.

    Indexed by feature, the largest first, sums to 1; empty for the recency rule. Of many persons about
    `IMPORTANCE_ROWS` are used, evenly spread in order of id (`importance_step`).
    """
    _check_fits(kind, artifact)
    rows = active(features_now).sort_values("person_id", kind="stable")
    rows = rows.iloc[:: importance_step(len(rows))]
    if artifact.model is None or not len(rows):
        return pd.Series(dtype="float64")
    mean = np.abs(artifact.model.contributions(design_matrix(rows))).mean(axis=0)
    found = pd.Series(mean / max(float(mean.sum()), 1e-12), index=list(FEATURES))
    return found.sort_values(ascending=False, kind="stable")


def importance_step(n_persons: int) -> int:
    """Of how many neighbouring persons one is used in `importance`.

    >>> importance_step(1_000), importance_step(1_001)
    (1, 2)
    """
    return max(1, -(-n_persons // IMPORTANCE_ROWS))


def probabilities(kind: Kind, features_now: pd.DataFrame, artifact: Artifact) -> FloatArray:
    """The probability of each row, in the order of the rows; without reasons, which take most of `score`'s time."""
    _check_fits(kind, artifact)
    return _probabilities(features_now, artifact)


def _predict(kind: Kind, rows: pd.DataFrame, artifact: Artifact) -> tuple[FloatArray, list[str]]:
    if artifact.model is None:
        return _probabilities(rows, artifact), recency_reasons(rows, RECENCY_COLUMN)
    found, reasons = [np.empty(0)], []
    for start in range(0, len(rows), BATCH_ROWS):
        batch = rows.iloc[start : start + BATCH_ROWS]
        found.append(_probabilities(batch, artifact))
        reasons += top_reasons(kind, batch, artifact.model.contributions(design_matrix(batch)))
    return np.concatenate(found), reasons


def _probabilities(rows: pd.DataFrame, artifact: Artifact) -> FloatArray:
    if not len(rows):
        return np.empty(0)
    if artifact.model is None:
        return rule_of(artifact.card).predict(numbers(rows, RECENCY_COLUMN))
    return calibration_of(artifact.card).apply(artifact.model.predict(design_matrix(rows)))


def _check_fits(kind: Kind, artifact: Artifact) -> None:
    if artifact.card["model"] != kind:
        raise ArtifactError(f"version {artifact.version} is a model of {artifact.card['model']}, not of {kind}")
    if tuple(artifact.card["features"]) != FEATURES:
        raise ArtifactError(f"version {artifact.version} was trained on other features: train a new one")
