"""One small shop, one night, asked many questions."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from pipeline.cli.night import run_night
from pipeline.home.paths import HomePaths
from pipeline.settings import default_config_text, load_settings
from pipeline.simulate import simulate

USERS, DAYS, SEED = 400, 40, 11


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> HomePaths:
    """Home of a simulated shop after one published night."""
    home = tmp_path_factory.mktemp("shop")
    config = home / "growth.yaml"
    config.write_text(default_config_text(), encoding="utf-8")
    simulate(home, users=USERS, days=DAYS, seed=SEED)
    run_night(config, load_settings(config, home), say=lambda text: None)
    return HomePaths(home)


@pytest.fixture(scope="session")
def warehouse(shop: HomePaths, tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """A copy of the published file: DuckDB shares one configuration between all connections of a process to a file."""
    copy = tmp_path_factory.mktemp("published") / "first_night.duckdb"
    shutil.copyfile(shop.warehouse.resolve(), copy)
    con = duckdb.connect(str(copy), read_only=True)
    yield con
    con.close()


@pytest.fixture(scope="session")
def config(shop: HomePaths) -> Path:
    return shop.home / "growth.yaml"
