"""Commands that are asked to stop: one sentence, the exit code of the signal, nothing half done, the lock free."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import dagster as dg
import pytest
from typer.testing import CliRunner

from pipeline.cli.app import app
from pipeline.home.lock import writer_lock
from pipeline.home.paths import HomePaths
from pipeline.orchestration.run_history import record_runs

ASKED = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129}

# A command in a process of its own; `before` replaces what would take long by something that waits for the signal.
RUN = """
import os, signal, sys, time
# As in a terminal, or as in a background job, which ignores Ctrl-C.
signal.signal(signal.SIGINT, {on_ctrl_c})
for number in (signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, signal.SIG_DFL)
def wait(*_, **__):
    print("ready", flush=True)
    time.sleep(60)
{before}
from pipeline.cli.app import app
app()
"""
# The shortest night there is: its first step waits inside DuckDB, which loses the exception of a signal.
TINY_NIGHT = """
import dagster as dg, duckdb
import pipeline.cli.night as night
from pipeline.cli import signals
signals.GRACE_S = 2
ENDLESS = "select sum(hash(a.range + b.range)) from range(100000000) a, range(100000000) b"

@dg.asset(retry_policy=dg.RetryPolicy(max_retries=3, delay=30) if {retries} else None)
def first():
    from pipeline.orchestration.stopped_runs import stoppable
    with stoppable():
        print("ready", flush=True)
        duckdb.execute(ENDLESS)

@dg.asset
def second():  # Dagster goes on with what does not need the first
    duckdb.execute(ENDLESS)

job = dg.define_asset_job("nightly", executor_def=dg.in_process_executor)
defs = dg.Definitions(assets=[first, second], jobs=[job])
night._load_job = lambda *_: night._Job(defs.resolve_job_def("nightly"), None, {{}})
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for variable in ("GROWTH_CONFIG", "GROWTH_HOME"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.chdir(tmp_path)
    assert CliRunner().invoke(app, ["init", "."]).exit_code == 0
    return tmp_path


def stopped(
    before: str, number: signal.Signals, *arguments: str, on_ctrl_c: str = "signal.default_int_handler"
) -> tuple[int, str, str]:
    """Exit code, output and errors of a command that gets the signal once it is ready."""
    with subprocess.Popen(
        [sys.executable, "-c", RUN.format(before=before, on_ctrl_c=on_ctrl_c), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "DAGSTER_DISABLE_TELEMETRY": "1"},
    ) as process:
        try:
            assert process.stdout is not None
            for line in process.stdout:
                if line == "ready\n":
                    break
            time.sleep(0.2)
            process.send_signal(number)
            out, err = process.communicate(timeout=60)
        finally:
            process.kill()
    return process.returncode, out, err


@pytest.mark.parametrize("number", ASKED, ids=lambda number: number.name)
def test_a_command_ends_with_a_sentence_and_the_code_of_the_signal(number: signal.Signals, home: Path) -> None:
    before = "import pipeline.operate.doctor as doctor\ndoctor.examine = wait"
    code, out, err = stopped(before, number, "doctor")
    assert (code, out) == (ASKED[number], "")
    assert err.startswith("stopped by ") and number.name in err and err.count("\n") == 1


@pytest.mark.parametrize(
    ("before", "arguments", "left"),
    [
        ("import pipeline.simulate as m\nm.simulate = wait", ["simulate"], "data/raw has nothing of this simulation"),
        ("import pipeline.privacy as m\nm.erase = wait", ["erase", "--user", "u1"], "nothing was erased"),
    ],
)
def test_what_a_stop_leaves_is_said(before: str, arguments: list[str], left: str, home: Path) -> None:
    code, _, err = stopped(before, signal.SIGTERM, *arguments)
    assert code == 143
    assert left in err and "Traceback" not in err
    with writer_lock(HomePaths(home).writer_lock):
        pass


def test_an_erasure_that_was_stopped_says_that_it_is_not_complete(home: Path) -> None:
    before = """
import pipeline.privacy.steps as m
def begin(work):
    wait()
m._erase_raw_and_lake = begin
"""
    (home / "data/raw/shop").mkdir(parents=True)
    code, _, err = stopped(before, signal.SIGINT, "erase", "--user", "u1")
    assert code == 130
    assert "the erasure is not complete: run the same command again" in err
    again = CliRunner().invoke(app, ["erase", "--user", "u1"])
    assert "finishing the erasure" in again.output


@pytest.mark.parametrize(
    ("retries", "on_ctrl_c"),
    [(False, "signal.default_int_handler"), (True, "signal.default_int_handler"), (False, "signal.SIG_IGN")],
)
def test_a_night_that_is_stopped_records_why_and_publishes_nothing(retries: bool, on_ctrl_c: str, home: Path) -> None:
    code, _, err = stopped(TINY_NIGHT.format(retries=retries), signal.SIGTERM, "run", on_ctrl_c=on_ctrl_c)
    assert code == 143
    assert err.splitlines()[-1] == (
        "error: stopped by SIGTERM (sent by kill, a service manager or a shutdown) in the step second; nothing was "
        "published. `growthhouse run` again starts from what is complete"
    )
    paths = HomePaths(home)
    with writer_lock(paths.writer_lock), dg.DagsterInstance.from_config(str(paths.dagster)) as instance:
        (run,) = instance.get_runs()
        assert run.status == dg.DagsterRunStatus.CANCELED
        assert any("stopped by SIGTERM" in str(entry.dagster_event) for entry in instance.all_logs(run.run_id))
        record_runs(instance, paths)
    import duckdb

    assert duckdb.execute("select status, failed_step from read_parquet(?)", [str(paths.runs)]).fetchall() == [
        ("killed", "first")
    ]
    assert "stopped by SIGTERM" in paths.log.read_text()


def test_a_background_job_ends_with_sigterm_where_dagster_made_it_ignored(home: Path) -> None:
    before = """
import pipeline.operate.doctor as doctor
from dagster._utils.interrupts import capture_interrupts
def examine(*_, **__):
    with capture_interrupts():
        pass
    wait()
doctor.examine = examine
"""
    code, _, err = stopped(before, signal.SIGTERM, "doctor", on_ctrl_c="signal.SIG_IGN")
    assert code == 143 and err.startswith("stopped by SIGTERM")


def test_a_signal_before_the_run_began_leaves_nothing(home: Path) -> None:
    before = "import pipeline.cli.night as night\nnight._load_job = wait"
    code, _, err = stopped(before, signal.SIGINT, "run")
    assert (code, err) == (130, "stopped by Ctrl-C (SIGINT); nothing was read or published\n")
