"""Real data sets with figures worked out by an independent program: one night each, then both checks.

Known answers are in each set's expected.json; `compare.py` holds a warehouse against it, `contract.py` against the
tables and columns that other programs rely on.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from shared_data import run_tool, shared_path
from shared_homes import keep_events_in_memory

from pipeline.cli.night import run_night
from pipeline.home.paths import HomePaths
from pipeline.settings import load_settings

SETS = ("taobao", "rees46", "ecom", "gamelaunch", "gitactivity")


# One worker builds a set and asks all questions of it.
@pytest.fixture(scope="module", params=[pytest.param(name, marks=pytest.mark.xdist_group(name)) for name in SETS])
def published(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    name = request.param
    config = shared_path("data", name, "growth.yaml")
    home = tmp_path_factory.mktemp(name)
    keep_events_in_memory(HomePaths(home))
    run_night(config, load_settings(config, home), say=lambda text: None)
    return name, HomePaths(home).warehouse.resolve()


def test_figures_equal_the_independent_ones(published: tuple[str, Path]) -> None:
    name, warehouse = published
    code, report = run_tool("compare.py", str(warehouse), str(shared_path("data", name, "expected.json")))
    assert code == 0, report


def test_no_table_column_or_description_is_missing(published: tuple[str, Path]) -> None:
    code, report = run_tool("contract.py", str(published[1]), "--stage", "5")
    assert code == 0, report
