"""One shop, its undisturbed night, and the warm process that all nights are forks of."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from pipeline.home.paths import HomePaths
from tests.faults.cases import Shop, built, differences, make_shop
from tests.faults.warm import Nights, night_of


@pytest.fixture(scope="session")
def nights() -> Nights:
    return Nights()


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory, nights: Nights) -> Shop:
    """The shop after its first night, with files of a second night waiting."""
    folder = tmp_path_factory.mktemp("shop")
    shop = make_shop(folder)
    assert nights.run(folder / "first_night.log", *night_of(HomePaths(shop.base))) == 0
    return shop


@pytest.fixture(scope="session")
def undisturbed(shop: Shop, nights: Nights) -> HomePaths:
    """The home after a second night that nothing disturbed: a delta night, and the same as building everything."""
    paths, whole = (shop.copy(shop.base.parent / name) for name in ("undisturbed", "whole"))
    whole.build_db.unlink()
    for home in (paths, whole):
        log = shop.base.parent / f"{home.home.name}.log"
        assert nights.run(log, *night_of(home)) == 0
    assert [built(home)[0] for home in (paths, whole)] == [False, True]
    assert differences(paths, whole) == []
    return paths


@pytest.fixture
def home(shop: Shop) -> Iterator[HomePaths]:
    """A separate home before its second night, at one path for all tests: dbt parses again for each path."""
    folder = shop.base.parent / "home"
    yield shop.copy(folder)
    shutil.rmtree(folder)
