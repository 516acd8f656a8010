"""What a person reads when something is wrong: the thing, the reason and the remedy; never a traceback."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner

from pipeline.cli.app import app
from pipeline.home.paths import HomePaths
from pipeline.orchestration.instance import main as prepare_ui
from pipeline.publish.version import publish

Prepare = Callable[[Path, pytest.MonkeyPatch], None]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with a config and a published version of one small table."""
    for variable in ("GROWTH_CONFIG", "GROWTH_HOME", "GROWTH_MEMORY_LIMIT"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.chdir(tmp_path)
    assert CliRunner().invoke(app, ["init", "."]).exit_code == 0
    paths = HomePaths(tmp_path)
    paths.build_db.parent.mkdir(parents=True)
    with duckdb.connect(str(paths.build_db)) as con:
        con.execute("create schema marts; create table marts.fct_events as select range as event_id from range(9)")
    publish(paths, as_of=date(2026, 1, 7), run_id="r1")
    return tmp_path


def nothing(home: Path, monkeypatch: pytest.MonkeyPatch) -> None: ...


def wrong_memory(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROWTH_MEMORY_LIMIT", "abc")


def read_only_records(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "data" / "dagster").mkdir(parents=True)
    allowed = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: "dagster" not in str(path) and allowed(path, mode))


def records_that_are_a_file(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "data" / "dagster").write_text("")


def lost_link(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "data" / "warehouse.duckdb").unlink()


def config_in_another_encoding(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "growth.yaml").write_bytes("site: {}\n# über".encode("latin-1"))


def config_as_folder(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "growth.yaml").unlink()
    (home / "growth.yaml").mkdir()


def raising(error: Exception) -> Prepare:
    def prepare(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(*_: object, **__: object) -> None:
            raise error

        monkeypatch.setattr("pipeline.operate.doctor.examine", fail)

    return prepare


FULL = OSError(errno.ENOSPC, "No space left on device", "/x/y")
CASES: list[tuple[Prepare, list[str], int, list[str]]] = [
    (wrong_memory, ["run"], 2, ["GROWTH_MEMORY_LIMIT is 'abc'", "such as 4GiB", "unset it"]),
    (wrong_memory, ["sql", "select 1"], 2, ["GROWTH_MEMORY_LIMIT is 'abc'"]),
    (wrong_memory, ["doctor"], 2, ["GROWTH_MEMORY_LIMIT is 'abc'"]),
    (read_only_records, ["run"], 2, ["data/dagster cannot be written", "Make it writable", "move"]),
    (records_that_are_a_file, ["run"], 2, ["data/dagster cannot be written"]),
    (lost_link, ["sql", "select 1"], 2, ["leads to no version", "`growthhouse doctor` restores the link"]),
    (lost_link, ["export", "marts.fct_events", "--to", "x.csv"], 2, ["`growthhouse doctor` restores the link"]),
    (lost_link, ["doctor"], 0, ["was missing", "leads to warehouse-"]),
    (config_in_another_encoding, ["run"], 2, ["growth.yaml", "cannot be read", "save it as UTF-8"]),
    (config_as_folder, ["run"], 2, ["growth.yaml", "Is a directory", "name a file"]),
    (nothing, ["export", "marts.fct_events", "--to", "x" * 256 + ".csv"], 2, ["longer than the 255 bytes"]),
    (nothing, ["export", "marts.fct_evnts", "--to", "x.csv"], 2, ["did you mean marts.fct_events"]),
    (nothing, ["export", "marts.fct_events", "--to", "no/x.csv"], 2, ["there is no folder", "create it first"]),
    (nothing, ["init", "growth.yaml"], 2, ["cannot be written", "choose a folder"]),
    (nothing, ["run", "--home", "growth.yaml"], 2, ["the home must be a folder that this user can write"]),
    (nothing, ["rejected"], 2, ["no file of", "`growthhouse run` reads"]),
    (nothing, ["sql", "select nothing from nowhere"], 2, ["nowhere does not exist"]),
    (nothing, ["models", "rollback", "xx"], 2, ["expected one of churn, purchase"]),
    (raising(FULL), ["doctor"], 2, ["The disk is full", "Free some space"]),
    (raising(MemoryError()), ["doctor"], 2, ["ran out of memory"]),
    (raising(PermissionError(13, "Permission denied", "/x/y")), ["doctor"], 2, ["cannot be written", "'/x/y'"]),
    (raising(TypeError("a fault of ours")), ["doctor"], 2, ["unexpected TypeError: a fault", "GROWTH_TRACEBACK=1"]),
    (raising(BrokenPipeError()), ["doctor"], 141, []),
]


@pytest.mark.parametrize(("prepare", "arguments", "code", "words"), CASES)
def test_it_names_the_thing_and_the_remedy(
    prepare: Prepare, arguments: list[str], code: int, words: list[str], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare(home, monkeypatch)
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == code, result.output
    assert "Traceback" not in result.output and isinstance(result.exception, SystemExit | None)
    for part in words:
        assert part in result.output


def test_a_name_of_250_characters_can_be_exported_to(home: Path) -> None:
    target = "x" * 246 + ".csv"
    assert CliRunner().invoke(app, ["export", "marts.fct_events", "--to", target]).exit_code == 0
    assert (home / target).read_text().count("\n") == 10


def test_the_ui_says_why_it_cannot_start(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read_only_records(home, monkeypatch)
    problem = prepare_ui(home / "data" / "dagster", None) or ""
    assert problem.startswith("the UI cannot be started: ") and "data/dagster cannot be written" in problem


@pytest.mark.parametrize("output", ["table", "csv", "json"])
def test_a_reader_that_has_gone_ends_a_query_in_silence(output: str, home: Path) -> None:
    query = "select range, repeat('x', 500) from range(200000)"
    with subprocess.Popen(
        [sys.executable, "-m", "pipeline.cli", "sql", "--format", output, query],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.read(100)
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait(60) == 141


def test_a_night_goes_on_where_nobody_reads_its_progress(home: Path) -> None:
    code = """
import pipeline.cli.night as night
def run_night(config, settings, say, **options):
    for _ in range(20):
        say("x" * 10_000)
    (settings.home / "done").touch()
    return "published"
night.run_night = run_night
from pipeline.cli.app import app
app()
"""
    with subprocess.Popen(
        [sys.executable, "-c", code, "run"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait(60) == 0
    assert (home / "done").exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
def test_output_that_finds_no_space_is_an_error(home: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "pipeline.cli", "sql", "select 1"], stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert done.returncode == 2
    assert "The disk is full" in done.stderr and "Traceback" not in done.stderr


def test_characters_that_the_output_cannot_hold_are_named(home: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pipeline.cli", "sql", "select 'é'"],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )
    assert done.returncode == 2
    assert "its encoding (ascii) lacks; set PYTHONUTF8=1" in done.stderr and "Traceback" not in done.stderr
