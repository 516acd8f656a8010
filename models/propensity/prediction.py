"""One model's part of a night: train if due, score, retrain if what scores has drifted.

Belongs here: the order of those steps. Does not belong here: how they work (see `training`, `scoring`, `drift`).
"""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd

from models.propensity.bands import Bands
from models.propensity.drift import describe_drift, feature_drift
from models.propensity.features import Kind
from models.propensity.result import TrainOptions, TrainResult
from models.propensity.scoring import score
from models.propensity.training import train


@dataclass(frozen=True)
class Prediction:
    """The model that scores, a row per scored person, and a row per feature on how far it has drifted."""

    model: TrainResult
    scores: pd.DataFrame
    drift: pd.DataFrame


def predict(
    kind: Kind,
    now: pd.DataFrame,
    features: pd.DataFrame,
    labels: pd.DataFrame,
    as_of: date,
    artifact_dir: Path,
    seed: int = 7,
    options: TrainOptions | None = None,
    bands: Bands | None = None,
) -> Prediction:
    """Scores of the persons in `now` (features at `as_of`); other arguments and the files written are as in `train`.

    `bands`: the configured ones, else those by lift (see `bands`).
    A stored model that has drifted is retrained at once if its labelled rows have changed since. The same rows would
    give the same model, so then it stays until the next snapshot and the drift is only reported.
    """
    found = _apply(kind, now, train(kind, features, labels, as_of, artifact_dir, seed, options), bands)
    drifted = describe_drift(found.drift)
    if not (drifted and found.model.trained):
        return found
    again = train(kind, features, labels, as_of, artifact_dir, seed, options, drifted=drifted)
    return found if again.data_digest == found.model.data_digest else _apply(kind, now, again, bands)


def _apply(kind: Kind, now: pd.DataFrame, model: TrainResult, bands: Bands | None) -> Prediction:
    scores = score(kind, now, model.artifact, bands)
    return Prediction(model, scores, feature_drift(kind, now, model.artifact, scores["probability"].to_numpy()))
