"""A backfill of dates without events is refused, instead of running a night that changes nothing."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from ingest_home import Home, jsonl
from late_home import at
from typer.testing import CliRunner

from pipeline.cli.app import app
from pipeline.ingest.backfill import why_nothing_to_read


def days(first: int, last: int) -> tuple[date, date]:
    return date(2026, 1, first), date(2026, 1, last)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """One file with the 5th and the 6th, one with the 7th, one with the 20th."""
    home = Home(tmp_path_factory.mktemp("built"))
    for name, found in (("a", (5, 6)), ("b", (7,)), ("c", (20,))):
        home.put(f"{name}.jsonl", jsonl(*map(at, found)))
    home.ingest()
    return home


@pytest.fixture
def home(built: Home, tmp_path: Path) -> Home:
    return built.copy(tmp_path)


def test_days_without_files_end_the_command_and_say_which_days_there_are(home: Home) -> None:
    config = str(home.folder / "growth.yaml")
    result = CliRunner().invoke(
        app, ["backfill", "--from", "2026-01-08", "--to", "2026-01-19", "--config", config, "--home", str(home.folder)]
    )
    assert result.exit_code == 2
    assert "files have events of 2026-01-05 to 2026-01-07, 2026-01-20 to 2026-01-20" in result.output


@pytest.mark.parametrize("asked", [(1, 5), (6, 19), (7, 7), (20, 31)])
def test_one_day_with_a_file_is_enough(home: Home, asked: tuple[int, int]) -> None:
    assert why_nothing_to_read(home.settings, days(*asked)) is None


def test_a_day_is_the_sites_and_not_that_of_utc(home: Home) -> None:
    home.put("d.jsonl", jsonl(at(24, hour=23)))
    home.ingest()
    assert why_nothing_to_read(home.settings, days(25, 25))
    config = home.folder / "growth.yaml"
    config.write_text(config.read_text().replace("currency: EUR", "currency: EUR\n  timezone: Europe/Berlin"))
    assert why_nothing_to_read(home.settings, days(25, 25)) is None


@pytest.mark.parametrize("name", ["new.jsonl", "a.jsonl"])
def test_a_file_that_was_not_read_yet_may_have_them(home: Home, name: str) -> None:
    home.put(name, jsonl(at(10), at(11), at(12)))
    assert why_nothing_to_read(home.settings, days(10, 10)) is None


def test_a_day_that_is_held_back_alone_is_there(late: Home) -> None:
    assert why_nothing_to_read(late.settings, days(2, 2)) is None
