"""Real data sets with figures worked out by an independent program: one night each, then both judges.

The sets and the judges lie outside the project (GROWTH_SHARED, default ../shared); where they are absent, these tests
skip. Known answers are in each set's expected.json; `compare.py` holds a warehouse against it, `contract.py` against the
tables and columns that other programs rely on.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.cli.night import run_night
from pipeline.home.paths import HomePaths
from pipeline.settings import load_settings

PROJECT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("GROWTH_SHARED", PROJECT.parent / "shared"))
SETS = ("taobao", "rees46", "ecom", "gamelaunch", "gitactivity")


def _judge(tool: str, *arguments: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, str(SHARED / "tools" / tool), *arguments], capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


@pytest.fixture(scope="module", params=SETS)
def published(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    name = request.param
    config = SHARED / "data" / name / "growth.yaml"
    if not config.exists():
        pytest.skip(f"the real data set {name} is not at {config.parent}; set GROWTH_SHARED to its folder")
    home = tmp_path_factory.mktemp(name)
    run_night(config, load_settings(config, home), say=lambda text: None)
    return name, HomePaths(home).warehouse.resolve()


def test_figures_equal_the_independent_ones(published: tuple[str, Path]) -> None:
    name, warehouse = published
    code, said = _judge("compare.py", str(warehouse), str(SHARED / "data" / name / "expected.json"))
    assert code == 0, said


def test_no_table_column_or_description_is_missing(published: tuple[str, Path]) -> None:
    code, said = _judge("contract.py", str(published[1]), "--stage", "4")
    assert code == 0, said
