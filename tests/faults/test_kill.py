"""SIGKILL at every failpoint and at random moments of a night; after one more `growthhouse run` nothing may tell of
it.

The night is a delta night; some cases are of one that builds everything. FAULT_RUNS random moments (default 100),
drawn with FAULT_SEED (default 7).
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipeline.home.failpoints import NAMES
from pipeline.home.paths import HomePaths
from tests.faults.cases import Shop, built, faults_of
from tests.faults.warm import Nights, ended, night_of

N_RANDOM = int(os.environ.get("FAULT_RUNS", "100"))
_draw = random.Random(int(os.environ.get("FAULT_SEED", "7")))
# One moment in each hundredth of the night, so that they spread over all of it.
MOMENTS = [(i + _draw.random()) / N_RANDOM for i in range(N_RANDOM)]
N_RANDOM_FULL = 5
FULL_MOMENTS = [(i + _draw.random()) / N_RANDOM_FULL for i in range(N_RANDOM_FULL)]
_draw.shuffle(MOMENTS)  # a run that is broken off has seen all of a night, too


# Places that a night passes more than once: each later time is another state of the build.
LATER = [
    *(f"{place}:{n}" for place in ("dbt_before_layer", "dbt_after_layer") for n in range(2, 6)),
    *(
        "ingest_between_renames:3",
        "parquet_before_rename:6",
        "predictions_between_files:3",
        "quality_results_written:4",
    ),
    *(f"text_before_rename:{n}" for n in (2, 3, 6, 9)),
]
# The same of a night that builds everything: no state yet, half-built layers, before and after it becomes a version.
FULL = (
    "ingest_after_ledger",
    "plan_before_commit",
    "plan_committed",
    "dbt_before_layer:2",
    "dbt_after_layer:1",
    "dbt_after_layer:2",
    "publish_copied",
    "publish_before_switch",
    "publish_before_finish",
)
# A fork begins with everything imported; these are killed while a process of their own imports, parses and opens.
START_UP_S = (0.5, 2.0, 3.5, 5.0)


@pytest.mark.parametrize("name", [*NAMES, *LATER])
def test_killed_at_a_failpoint(
    name: str, home: HomePaths, undisturbed: HomePaths, nights: Nights, tmp_path: Path
) -> None:
    before = home.warehouse.resolve()
    state = built(home)
    assert nights.run(tmp_path / "killed.log", *night_of(home), GROWTH_FAILPOINT=name) == -signal.SIGKILL
    assert built(home) == state or not built(home)[0]  # nothing planned yet, or a delta night
    assert home.warehouse.resolve().exists()
    if name not in ("publish_switched", "publish_before_prune", "publish_before_finish", "publish_after_finish"):
        assert home.warehouse.resolve() == before
    assert nights.run(tmp_path / "again.log", *night_of(home)) == 0
    assert faults_of(home, undisturbed) == []


@pytest.mark.parametrize("share", MOMENTS, ids=lambda share: f"{share:.3f}")
def test_killed_at_a_random_moment(
    share: float, home: HomePaths, undisturbed: HomePaths, length_s: float, nights: Nights, tmp_path: Path
) -> None:
    state, night = built(home), nights.start(tmp_path / "killed.log", *night_of(home))
    time.sleep(share * length_s)
    night.kill()
    assert ended(night) in (-signal.SIGKILL, 0)  # at the very end it may have been quicker
    assert built(home) == state or not built(home)[0]
    assert home.warehouse.resolve().exists()
    assert nights.run(tmp_path / "again.log", *night_of(home)) == 0
    assert faults_of(home, undisturbed) == []


@pytest.mark.parametrize("name", FULL)
def test_a_whole_build_killed_at_a_failpoint(
    name: str, home: HomePaths, undisturbed: HomePaths, nights: Nights, tmp_path: Path
) -> None:
    home.build_db.unlink()
    assert nights.run(tmp_path / "killed.log", *night_of(home), GROWTH_FAILPOINT=name) == -signal.SIGKILL
    assert home.warehouse.resolve().exists()
    assert nights.run(tmp_path / "again.log", *night_of(home)) == 0
    assert faults_of(home, undisturbed, is_full=True) == []


@pytest.mark.parametrize("share", FULL_MOMENTS, ids=lambda share: f"{share:.3f}")
def test_a_full_refresh_killed_at_a_random_moment(
    share: float, home: HomePaths, undisturbed: HomePaths, length_s: float, nights: Nights, tmp_path: Path
) -> None:
    night = nights.start(tmp_path / "killed.log", *night_of(home), "--full-refresh")
    time.sleep(share * length_s)
    night.kill()
    assert ended(night) in (-signal.SIGKILL, 0)
    assert nights.run(tmp_path / "again.log", *night_of(home)) == 0
    assert faults_of(home, undisturbed) == []


@pytest.mark.parametrize("after_s", START_UP_S)
def test_killed_while_starting_up(
    after_s: float, home: HomePaths, undisturbed: HomePaths, nights: Nights, tmp_path: Path
) -> None:
    with (tmp_path / "killed.log").open("w") as log:
        night = subprocess.Popen([sys.executable, "-m", "pipeline.cli", *night_of(home)], stdout=log, stderr=log)
    time.sleep(after_s)
    night.kill()
    assert night.wait() == -signal.SIGKILL
    assert nights.run(tmp_path / "again.log", *night_of(home)) == 0
    assert faults_of(home, undisturbed) == []


@pytest.fixture(scope="session")
def length_s(undisturbed: HomePaths, shop: Shop, nights: Nights) -> float:
    """How long an undisturbed night takes here and now, the second time at its path as all later ones."""
    for _ in range(2):
        paths = shop.copy(shop.base.parent / "home")
        started = time.monotonic()
        assert nights.run(shop.base.parent / "timed.log", *night_of(paths)) == 0
        took = time.monotonic() - started
        assert faults_of(paths, undisturbed) == []
        shutil.rmtree(paths.home)
    return took
