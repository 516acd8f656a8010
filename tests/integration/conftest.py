"""One small shop, one night, asked many questions."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from shared_homes import build_once, copy_home, run_night_of

from pipeline.home.paths import HomePaths
from pipeline.settings import default_config_text
from pipeline.simulate import simulate
from tests.faults.cases import Shop, make_shop


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> HomePaths:
    """Home of a simulated shop after one published night, shared by all workers: only read it."""

    def build(home: Path) -> None:
        (home / "growth.yaml").write_text(default_config_text(), encoding="utf-8")
        simulate(home, users=400, days=40, seed=11)
        run_night_of(home)

    return HomePaths(build_once(tmp_path_factory, "shop", build))


@pytest.fixture(scope="session")
def small_shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """A small shop for disturbed nights, after its first night, with files of a second one waiting."""
    return Shop(build_once(tmp_path_factory, "small_shop", lambda folder: run_night_of(make_shop(folder).base)))


@pytest.fixture(scope="module")
def own_shop(shop: HomePaths, tmp_path_factory: pytest.TempPathFactory) -> HomePaths:
    """A copy of the shop for a module that runs nights on it."""
    return copy_home(shop, tmp_path_factory.mktemp("own") / "shop")


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
