"""What several families use: frames, fingerprints, artefacts on disk, rows of metrics, the BG/NBD model."""

from models.common.artifacts import ArtifactError, read_card, write_folder
from models.common.frames import FrameError
from models.common.model_metrics import METRIC_COLUMNS, metrics_frame

__all__ = ["METRIC_COLUMNS", "ArtifactError", "FrameError", "metrics_frame", "read_card", "write_folder"]
