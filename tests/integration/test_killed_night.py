"""A few of the kills of `make test-faults`, one after the other, so that a break is noticed at once."""

from __future__ import annotations

import random
import signal
import time
from pathlib import Path

from tests.faults.cases import Shop, built, differences, faults_of
from tests.faults.warm import Nights, ended, night_of


def test_killed_three_times_on_its_way_a_delta_night_ends_as_undisturbed(small_shop: Shop, tmp_path: Path) -> None:
    """Wherever it was just then; with everything built but nothing published; published but not noted in the build.

    Each time the next one takes it up from there. What is lost on the way is missing in the end.
    """
    nights = Nights()
    expected, home = small_shop.copy(tmp_path / "undisturbed"), small_shop.copy(tmp_path / "home")
    before = home.warehouse.resolve()
    undisturbed = nights.start(tmp_path / "undisturbed.log", *night_of(expected))  # at the same time, to save time

    night, after_s = nights.start(tmp_path / "killed.log", *night_of(home)), random.uniform(0.5, 6)
    time.sleep(after_s)
    night.kill()
    assert ended(night) == -signal.SIGKILL, f"killed after {after_s} s"
    for place in ("dbt_after_layer:5", "publish_before_finish"):
        assert home.warehouse.resolve() == before
        assert nights.run(tmp_path / "killed.log", *night_of(home), GROWTH_FAILPOINT=place) == -signal.SIGKILL

    assert ended(undisturbed) == 0
    assert not built(expected)[0]
    assert home.warehouse.resolve() != before
    assert differences(home, expected) == [], f"after the kill after {after_s} s"
    assert nights.run(tmp_path / "again.log", *night_of(home)) == 0
    assert faults_of(home, expected) == []
