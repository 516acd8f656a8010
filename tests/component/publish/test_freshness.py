"""How old the published version is, and from when on somebody should look."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipeline.home.paths import HomePaths
from pipeline.publish.freshness import freshness

PUBLISHED = datetime(2026, 1, 5, 2, 30, tzinfo=UTC)


@pytest.fixture
def paths(tmp_path: Path) -> HomePaths:
    found = HomePaths(tmp_path)
    found.versions.mkdir(parents=True)
    version = found.versions / "warehouse-20260105T023000000000Z.duckdb"
    version.touch()
    found.warehouse.symlink_to(version)
    return found


@pytest.mark.parametrize(
    ("hours", "level", "words"),
    [
        (0, "ok", "0.0 h ago"),
        (25.99, "ok", "26.0 h ago"),
        (26, "warn", "last night has not published"),
        (35.99, "warn", "last night has not published"),
        (36, "error", "more than one night"),
        (-2, "warn", "2.0 h in the future"),
    ],
)
def test_a_version_is_late_after_26_hours_and_missing_after_36(
    paths: HomePaths, hours: float, level: str, words: str
) -> None:
    found = freshness(paths, PUBLISHED + timedelta(hours=hours))
    assert found is not None
    assert found[0] == level
    assert words in found[1]


def test_before_the_first_version_there_is_no_age(tmp_path: Path) -> None:
    assert freshness(HomePaths(tmp_path)) is None
