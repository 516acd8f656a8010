"""Frames to train on and a trained model: made once, copied for each test that changes its files."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest
from models_frames import last_day, snapshots

from models.propensity import TrainResult, train

Frames = tuple[pd.DataFrame, pd.DataFrame]


@pytest.fixture(scope="session")
def frames() -> Frames:
    return snapshots()


@pytest.fixture(scope="session")
def trained(frames: Frames, tmp_path_factory: pytest.TempPathFactory) -> tuple[TrainResult, Path]:
    """A churn model and its folder, which tests copy before they change it."""
    folder = tmp_path_factory.mktemp("trained")
    return train("churn", *frames, last_day(frames[0]), folder, 7), folder


@pytest.fixture
def copied(trained: tuple[TrainResult, Path], tmp_path: Path) -> tuple[TrainResult, Path]:
    """The same, in a folder of the test's own."""
    return trained[0], Path(shutil.copytree(trained[1], tmp_path, dirs_exist_ok=True))
