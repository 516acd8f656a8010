"""What training is asked for and what it answers.

Belongs here: the two plain records. Does not belong here: any of the work (see `train`, `reuse`).
"""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from models.propensity.features import Kind
from models.propensity.metrics import Action


@dataclass(frozen=True)
class TrainOptions:
    """What the config says about training.

    `max_train_rows` bounds the cost of a long history; `tuning_budget_s` is what trying parameters may cost (0: the usual
    ones); with an `action` the profit of acting on its threshold is measured, too.
    """

    horizon_days: int = 7
    min_snapshots: int = 3
    max_train_rows: int = 60_000
    tuning_budget_s: float = 0.0
    action: Action | None = None


@dataclass(frozen=True)
class TrainResult:
    """What training came to: the version to score with, and why it is that one.

    `model_version` and `artifact` point at the champion, else at the recency rule; `promoted` says that there is a champion.
    `data_digest` names the rows of the latest training; empty where nothing was trained.
    """

    kind: Kind
    model_version: str
    algorithm: str
    metrics: pd.DataFrame
    promoted: bool
    trained: bool
    reason: str
    artifact: Path
    data_digest: str = ""
