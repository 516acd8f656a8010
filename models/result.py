"""What training is asked for and what it answers.

Belongs here: the two plain records. Does not belong here: any of the work (see `train`, `reuse`).
"""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from models.features import Kind


@dataclass(frozen=True)
class TrainOptions:
    """What the config says about training; `max_train_rows` bounds the cost of a long history."""

    horizon_days: int = 7
    min_snapshots: int = 3
    max_train_rows: int = 60_000


@dataclass(frozen=True)
class TrainResult:
    """What training came to: the version to score with, and why it is that one.

    `model_version` and `artifact` point at the promoted model, else at the recency rule.
    """

    kind: Kind
    model_version: str
    algorithm: str
    metrics: pd.DataFrame
    promoted: bool
    trained: bool
    reason: str
    artifact: Path
