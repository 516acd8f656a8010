"""Machine learning of the growth warehouse: frames in, frames out.

Belongs here: segments, churn and purchase models, their evaluation, calibration, artefacts and reasons.
Does not belong here: orchestration, SQL, files of the warehouse, data quality. Features and labels arrive as
frames made by dbt (`marts.user_features`, `marts.user_labels`); nothing here derives them again.
"""

from models.artifacts import ArtifactError, load_artifact
from models.drift import feature_drift
from models.features import FEATURES, FrameError, Kind
from models.result import TrainOptions, TrainResult
from models.score import score
from models.segment import SegmentResult, SegmentRules, segment_users
from models.train import train

__all__ = [
    "FEATURES",
    "ArtifactError",
    "FrameError",
    "Kind",
    "SegmentResult",
    "SegmentRules",
    "TrainOptions",
    "TrainResult",
    "feature_drift",
    "load_artifact",
    "score",
    "segment_users",
    "train",
]
