"""For every test: where temporary files are, the order of files, and the environment put back."""

from __future__ import annotations

import gc
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("no deadline", deadline=None)  # a busy machine is not a failure
settings.load_profile("no deadline")

gc.set_threshold(10_000, 10, 10)  # what is imported stays: looking for cycles among it takes a tenth of the time

MEMORY_DISK, NEEDED_BYTES = Path("/dev/shm"), 4 * 2**30
# Files of minutes come first, so that no worker is left alone with one at the end.
LONGEST = ("test_dagster_gates", "test_backfill", "test_killed_night", "test_features_as_known", "test_models_leakage")

if MEMORY_DISK.is_dir() and shutil.disk_usage(MEMORY_DISK).free > NEEDED_BYTES:
    # Nights wait for the disk thousands of times, and what tests write is never read after a power cut.
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY_DISK))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    rank = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: rank.get(item.path.stem, len(rank)))


@pytest.fixture(autouse=True)
def _same_environment() -> Iterator[None]:
    """The command line hands config and home on through the environment."""
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)
