"""One shop, its undisturbed night, and the warm process that all nights are forks of."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from pipeline.paths import HomePaths
from tests.faults.cases import Shop, make_shop
from tests.faults.warm import Nights


@pytest.fixture(scope="session")
def nights() -> Nights:
    return Nights()


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory, nights: Nights) -> Shop:
    """The shop after its first night, with files of a second night waiting."""
    folder = tmp_path_factory.mktemp("shop")
    shop = make_shop(folder)
    assert nights.run(folder / "first_night.log", "run", "--config", str(shop.base / "growth.yaml")) == 0
    return shop


@pytest.fixture(scope="session")
def undisturbed(shop: Shop, nights: Nights) -> HomePaths:
    """The home after a second night that nothing disturbed."""
    paths = shop.copy(shop.base.parent / "undisturbed")
    log = shop.base.parent / "undisturbed.log"
    assert nights.run(log, "run", "--config", str(paths.home / "growth.yaml")) == 0
    return paths


@pytest.fixture
def home(shop: Shop) -> Iterator[HomePaths]:
    """A home of its own, on the evening before the second night. At one path for all: dbt parses anew for each path."""
    folder = shop.base.parent / "home"
    yield shop.copy(folder)
    shutil.rmtree(folder)
