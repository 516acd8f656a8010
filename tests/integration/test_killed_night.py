"""A few of the moments at which `make test-faults` kills a night, so that a break is noticed at once."""

from __future__ import annotations

import random
import shutil
import signal
import time
from pathlib import Path

import pytest

from pipeline.paths import HomePaths
from tests.faults.cases import Shop, built, faults_of, make_shop
from tests.faults.warm import Nights, ended, night_of


@pytest.fixture(scope="module")
def nights() -> Nights:
    return Nights()


@pytest.fixture(scope="module")
def small_shop(tmp_path_factory: pytest.TempPathFactory, nights: Nights) -> Shop:
    """A shop after its first night, with files of a second night waiting."""
    shop = make_shop(tmp_path_factory.mktemp("killed"))
    assert nights.run(shop.base.parent / "first_night.log", *night_of(HomePaths(shop.base))) == 0
    return shop


@pytest.fixture(scope="module")
def undisturbed(small_shop: Shop, nights: Nights) -> tuple[HomePaths, float]:
    """The home after a delta night that nothing disturbed, and how long it took."""
    paths, started = small_shop.copy(small_shop.base.parent / "undisturbed"), time.monotonic()
    assert nights.run(paths.home / "night.log", *night_of(paths)) == 0
    assert not built(paths)[0]
    return paths, time.monotonic() - started


@pytest.mark.parametrize(
    "places", [("dbt_after_layer:5", "publish_before_finish"), ("plan_committed", "random")], ids=str
)
def test_killed_twice_on_the_way_the_next_night_is_as_undisturbed(
    places: tuple[str, str], small_shop: Shop, undisturbed: tuple[HomePaths, float], nights: Nights, tmp_path: Path
) -> None:
    """After the build but before publishing, then published but not noted; planned, then wherever it was just then."""
    expected, length_s = undisturbed
    home = small_shop.copy(small_shop.base.parent / "home")
    for place in places:
        if place == "random":
            night = nights.start(tmp_path / "killed.log", *night_of(home))
            time.sleep(random.uniform(0.2, 0.9) * length_s)
            night.kill()
        else:
            night = nights.start(tmp_path / "killed.log", *night_of(home), GROWTH_FAILPOINT=place)
        assert ended(night) == -signal.SIGKILL
        assert home.warehouse.resolve().exists()
    assert nights.run(tmp_path / "again.log", *night_of(home)) == 0
    assert faults_of(home, expected) == []
    shutil.rmtree(home.home)
