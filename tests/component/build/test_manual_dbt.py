"""What `growthhouse dbt` adds to the arguments of a person, and the file of a night's variables. dbt is not run."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from dbt.cli.main import cli
from hypothesis import given
from hypothesis import strategies as st

from pipeline.build.manual_dbt import (
    ManualDbtError,
    complete_arguments,
    find_command,
    only_writer,
    place_of_views,
    variables_text,
    write_variables,
)
from pipeline.build.variables import place_variables
from pipeline.home.paths import HomePaths

NIGHT = {
    "run_id": "night",
    "as_of_date": "2026-01-31",
    "is_full": False,
    "lake_events": ["a.parquet"],
    "max_late_days": 30,
}


@pytest.fixture
def paths(tmp_path: Path) -> HomePaths:
    home = HomePaths(tmp_path / "home")
    write_variables(home, NIGHT)
    return home


def variables_of(arguments: list[str]) -> dict[str, Any]:
    (place,) = [number for number, argument in enumerate(arguments) if argument == "--vars"]
    found: dict[str, Any] = json.loads(arguments[place + 1])
    return found


@given(
    st.dictionaries(
        st.text(min_size=1), st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists), max_size=5
    )
)
def test_the_file_reads_back_as_what_was_written(variables: dict[str, Any]) -> None:
    whole = {"is_full": True, "partial_files": []}
    assert yaml.safe_load(variables_text(variables)) == {**variables, **whole}


def test_what_is_built_by_hand_is_built_whole_and_from_where_the_home_is_now(paths: HomePaths) -> None:
    moved = HomePaths(paths.home.rename(paths.home.with_name("moved")))
    arguments = complete_arguments(cli, ["build", "--select", "+retention"], moved)
    assert arguments[:3] == ["build", "--select", "+retention"]
    assert "--full-refresh" in arguments
    found = variables_of(arguments)
    assert found == {**NIGHT, "is_full": True, "partial_files": [], **place_variables(moved)}
    assert str(moved.lake) in found["lake_events"]
    assert arguments[arguments.index("--target-path") + 1] == str(moved.dbt_target)


@pytest.mark.parametrize("given_with", [["--vars", "{max_late_days: 7}"], ["--vars={max_late_days: 7}"]])
def test_variables_of_a_person_come_on_top(paths: HomePaths, given_with: list[str]) -> None:
    found = variables_of(complete_arguments(cli, ["build", *given_with, "-s", "retention"], paths))
    assert (found["max_late_days"], found["run_id"]) == (7, "night")


@pytest.mark.parametrize("text", ["7", "{", "[a]"])
def test_variables_that_are_no_mapping_are_refused(paths: HomePaths, text: str) -> None:
    with pytest.raises(ManualDbtError, match="expected a YAML mapping"):
        complete_arguments(cli, ["build", "--vars", text], paths)


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        (["build", "-s", "run"], "build"),
        (["--log-level", "debug", "run"], "run"),
        (["docs", "generate"], "generate"),
        (["ls"], "list"),
        (["--version"], "cli"),
        (["frobnicate", "build"], "cli"),
        ([], "cli"),
    ],
)
def test_the_command_is_found_among_options_and_values(arguments: list[str], name: str) -> None:
    assert find_command(cli, arguments).name == name


@pytest.mark.parametrize("arguments", [["--version"], ["--help"], ["frobnicate"]])
def test_without_a_command_nothing_is_added(paths: HomePaths, arguments: list[str]) -> None:
    assert complete_arguments(cli, arguments, paths) == arguments


def test_only_what_writes_tables_is_told_to_build_them_whole(paths: HomePaths) -> None:
    assert "--full-refresh" not in complete_arguments(cli, ["compile", "-s", "retention"], paths)
    assert "--vars" in complete_arguments(cli, ["docs", "generate"], paths)


def test_a_home_without_a_night_is_told_to_run_one(tmp_path: Path) -> None:
    with pytest.raises(ManualDbtError, match="growthhouse run"):
        complete_arguments(cli, ["build"], HomePaths(tmp_path))


def test_a_database_that_another_program_has_open_is_said_to_be(paths: HomePaths) -> None:
    code = "import duckdb, sys; con = duckdb.connect(sys.argv[1]); print(flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", code, str(paths.build_db)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout and program.stdout.readline()
        with pytest.raises(ManualDbtError, match=f"cannot be opened.*PID {program.pid}"), only_writer(paths):
            pass
    with only_writer(paths):
        pass


def test_a_home_that_was_moved_since_its_last_night_is_noticed(tmp_path: Path) -> None:
    """Its views name the old place: a part of a night that does not make them again would read from there."""
    home, moved = HomePaths(tmp_path / "home"), HomePaths(tmp_path / "moved")
    assert place_of_views(home, place_variables(home)) is None  # before its first night
    write_variables(home, {**NIGHT, **place_variables(home)})
    home.build_db.touch()
    assert place_of_views(home, place_variables(home)) is None
    home.home.rename(moved.home)
    assert str(home.lake) in str(place_of_views(moved, place_variables(moved)))
    write_variables(moved, {**NIGHT, **place_variables(moved)})
    assert place_of_views(moved, place_variables(moved)) is None
