"""Homes that many tests read, each built once for all workers of a test run. No expectations here."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.cli.night import run_night
from pipeline.home.paths import HomePaths
from pipeline.orchestration.instance import DAGSTER_YAML
from pipeline.settings import load_settings

EVENTS_IN_MEMORY = """\
event_log_storage:
  module: dagster.core.storage.event_log
  class: InMemoryEventLogStorage
"""


def build_once(factory: pytest.TempPathFactory, name: str, build: Callable[[Path], None]) -> Path:
    """A folder that `build` fills in the first worker that wants it, while others wait. Read it; do not write to it."""
    root = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:  # each worker has a folder of its own in that of the run
        root = root.parent
    shared = root / "shared"
    shared.mkdir(exist_ok=True)
    folder, built = shared / name, shared / f"{name}.built"
    with (shared / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not built.exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            build(folder)
            built.touch()
    return folder


def run_night_of(home: Path) -> None:
    """Publish a night of a home whose config is in it."""
    config = home / "growth.yaml"
    run_night(config, load_settings(config), say=lambda text: None)


def keep_events_in_memory(paths: HomePaths) -> None:
    """Dagster's events of the nights of this home are kept by no file: writing them is a fifth of a small night."""
    paths.dagster.mkdir(parents=True, exist_ok=True)
    (paths.dagster / "dagster.yaml").write_text(DAGSTER_YAML + EVENTS_IN_MEMORY, encoding="utf-8")


def copy_home(paths: HomePaths, target: Path) -> HomePaths:
    """A copy of a home, for a test that runs a night on it or damages it."""
    shutil.copytree(paths.home, target, symlinks=True)
    return HomePaths(target)
