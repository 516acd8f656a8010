"""Options and result of a training; the work is in `training`."""

from dataclasses import dataclass

import pandas as pd

from models.propensity.artifacts import Artifact
from models.propensity.features import Kind
from models.propensity.metrics import Action


@dataclass(frozen=True)
class TrainOptions:
    """What the config says about training.

    `max_train_rows` bounds the cost of a long history; `tuning_budget_s` is what trying parameters may cost (0:
    defaults only); with an `action` the profit of acting on its threshold is measured, too.
    """

    horizon_days: int = 7
    min_snapshots: int = 3
    max_train_rows: int = 60_000
    tuning_budget_s: float = 0.0
    action: Action | None = None


@dataclass(frozen=True)
class TrainResult:
    """The version to score with, and why it is that one.

    `artifact` is the champion, else the recency rule; `promoted` says that there is a champion. `data_digest`
    identifies the rows of the latest training; empty where nothing was trained.
    """

    kind: Kind
    artifact: Artifact
    metrics: pd.DataFrame
    promoted: bool
    trained: bool
    reason: str
    data_digest: str = ""

    @property
    def model_version(self) -> str:
        """Name of the version that scores."""
        return self.artifact.version

    @property
    def algorithm(self) -> str:
        """Name of its algorithm."""
        return self.artifact.algorithm
