"""Churn and purchase: the probability that a person leaves, or orders, within a horizon.

`prediction` is one model's part of a night. `training` makes a version: `model_selection` chooses one of `algorithms`,
`registry` decides whether it scores. `scoring` applies it; `drift` and `retrain_policy` say when the next one is due.
"""

from models.propensity.artifacts import Artifact, load_artifact
from models.propensity.bands import BAND_COLUMN, Bands, bands_by_lift
from models.propensity.card import base_rate_of
from models.propensity.drift import SCORE, describe_drift, feature_drift
from models.propensity.features import FEATURES, LABELS, Kind, active
from models.propensity.metrics import Action
from models.propensity.prediction import Prediction, predict
from models.propensity.registry import (
    Decision,
    Registry,
    read_registry,
    roll_back,
    start_again,
    versions,
    write_registry,
)
from models.propensity.result import TrainOptions, TrainResult
from models.propensity.scoring import importance, importance_step, no_scores, probabilities, score
from models.propensity.training import train

__all__ = [
    "BAND_COLUMN",
    "FEATURES",
    "LABELS",
    "SCORE",
    "Action",
    "Artifact",
    "Bands",
    "Decision",
    "Kind",
    "Prediction",
    "Registry",
    "TrainOptions",
    "TrainResult",
    "active",
    "bands_by_lift",
    "base_rate_of",
    "describe_drift",
    "feature_drift",
    "importance",
    "importance_step",
    "load_artifact",
    "no_scores",
    "predict",
    "probabilities",
    "read_registry",
    "roll_back",
    "score",
    "start_again",
    "train",
    "versions",
    "write_registry",
]
