"""For every test: where temporary files are, the order of files, and the environment put back."""

from __future__ import annotations

import gc
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

# A busy machine is no failure, and the same commit gives the same answer: `make explore` looks for new examples.
settings.register_profile("repeatable", deadline=None, derandomize=True)
settings.register_profile("explore", deadline=None, max_examples=1_000)
settings.load_profile(os.environ.get("GROWTH_EXAMPLES", "repeatable"))

gc.set_threshold(10_000, 10, 10)  # what is imported stays: looking for cycles among it takes a tenth of the time

MEMORY_DISK, NEEDED_BYTES = Path("/dev/shm"), 4 * 2**30
# Nights that are stopped, repeated, damaged or erased, and changed copies of the project: `make test-nights`, and not
# in `make test`.
NIGHTS = (
    "test_dagster_gates",
    "test_backfill",
    "test_killed_night",
    "test_erase",
    "test_dbt_by_hand",
    "test_security_night",
    "test_ingest_bad_input",
    "test_privacy_erase_killed",
    "test_dbt_project",
    "test_recipes",
)
# Files of minutes come first, so that no worker is left alone with one at the end.
LONGEST = (
    *NIGHTS,
    "test_night",
    "test_orders",
    "test_privacy_erase",
    "test_definitions_load",
)

if MEMORY_DISK.is_dir() and shutil.disk_usage(MEMORY_DISK).free > NEEDED_BYTES:
    # Nights wait for the disk thousands of times, and what tests write is never read after a power cut.
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY_DISK))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    rank = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: rank.get(item.path.stem, len(rank)))
    for item in items:
        if item.path.stem in NIGHTS:
            item.add_marker("nights")


@pytest.fixture(autouse=True)
def _same_environment() -> Iterator[None]:
    """The command line hands config and home on through the environment."""
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)
