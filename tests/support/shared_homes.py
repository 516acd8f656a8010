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
from pipeline.settings import default_config_text, load_settings
from pipeline.simulate import simulate


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


def run_shop_night(home: Path, *, users: int, days: int, seed: int) -> None:
    """Simulate a shop with the default config, and publish its first night."""
    config = home / "growth.yaml"
    config.write_text(default_config_text(), encoding="utf-8")
    simulate(home, users=users, days=days, seed=seed)
    run_night(config, load_settings(config, home), say=lambda text: None)


def copy_home(paths: HomePaths, target: Path) -> HomePaths:
    """A copy of a home, for a test that runs a night on it or damages it."""
    shutil.copytree(paths.home, target, symlinks=True)
    return HomePaths(target)
