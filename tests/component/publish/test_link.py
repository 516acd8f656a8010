"""A home that was restored without its link: what is published is found again, and nothing is removed."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import duckdb
import pytest
from lake_damage import flip
from typer.testing import CliRunner

from pipeline.cli.app import app
from pipeline.home.paths import HomePaths
from pipeline.operate.clean_up import clean_up
from pipeline.publish.link import restore_link
from pipeline.publish.version import publish


@pytest.fixture
def paths(tmp_path: Path) -> HomePaths:
    """Two published versions."""
    paths = HomePaths(tmp_path)
    paths.build_db.parent.mkdir(parents=True)
    with duckdb.connect(str(paths.build_db)) as con:
        con.execute("create schema marts; create table marts.fct_events as select range as event_id from range(2000)")
    for run in ("r1", "r2"):
        publish(paths, as_of=date(2026, 1, 7), run_id=run)
    return paths


def versions_of(paths: HomePaths) -> list[Path]:
    return sorted(paths.versions.glob("*.duckdb"))


def test_a_link_that_is_there_is_left_alone(paths: HomePaths) -> None:
    assert restore_link(paths) is None


def test_a_link_that_was_left_out_leads_to_the_newest_version_again(paths: HomePaths) -> None:
    kept, newest = versions_of(paths), paths.warehouse.resolve()
    paths.warehouse.unlink()
    assert clean_up(paths) == []
    assert "was missing" in (restore_link(paths) or "")
    assert (versions_of(paths), paths.warehouse.resolve()) == (kept, newest)


def test_a_link_to_a_version_that_is_gone_leads_to_the_newest_there_is(paths: HomePaths) -> None:
    older, newest = versions_of(paths)
    newest.unlink()
    assert clean_up(paths) == [f"data/versions/{newest.name}.sha256"]
    assert "led nowhere" in (restore_link(paths) or "")
    assert paths.warehouse.resolve() == older


def test_a_damaged_version_is_not_linked(paths: HomePaths) -> None:
    older, newest = versions_of(paths)
    paths.warehouse.unlink()
    flip(newest)
    restore_link(paths)
    assert paths.warehouse.resolve() == older


@pytest.mark.parametrize("with_versions", [True, False])
def test_a_copy_in_place_of_the_link_becomes_a_version_again(with_versions: bool, paths: HomePaths) -> None:
    newest = paths.warehouse.resolve()
    paths.warehouse.unlink()
    shutil.copyfile(newest, paths.warehouse)
    if not with_versions:
        shutil.rmtree(paths.versions)
    assert "was a file" in (restore_link(paths) or "")
    assert paths.warehouse.is_symlink() and paths.warehouse.resolve() == newest
    with duckdb.connect(str(paths.warehouse), read_only=True) as con:
        assert con.execute("select count(*) from marts.fct_events").fetchone() == (2000,)


def test_a_file_that_is_no_version_is_not_touched(paths: HomePaths) -> None:
    paths.warehouse.unlink()
    paths.warehouse.write_bytes(b"mine")
    assert restore_link(paths) is None
    assert paths.warehouse.read_bytes() == b"mine"


def test_sql_names_the_command_that_restores_the_link(paths: HomePaths) -> None:
    paths.warehouse.unlink()
    result = CliRunner().invoke(app, ["sql", "--home", str(paths.home), "select 1"])
    assert result.exit_code == 2
    assert "`growthhouse doctor" in result.output and "restores the link" in result.output
