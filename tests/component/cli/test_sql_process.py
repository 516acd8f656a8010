"""`growthhouse sql` as a process: pipes, scripts, Ctrl-C. Not here: how results are printed (test_sql.py)."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import psutil
import pytest
from typer.testing import CliRunner

from pipeline.cli.app import app
from pipeline.cli.formats import Format
from pipeline.home.paths import HomePaths

ENDLESS = "select sum(hash(a.range + b.range)) from range(100000000) a, range(100000000) b"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A published version with one table."""
    for variable in ("GROWTH_CONFIG", "GROWTH_HOME"):
        monkeypatch.delenv(variable, raising=False)
    paths = HomePaths(tmp_path)
    paths.versions.mkdir(parents=True)
    with duckdb.connect(str(paths.versions / "warehouse-1.duckdb")) as con:
        con.execute("create schema marts; create table marts.t as select range as n from range(3)")
    paths.warehouse.symlink_to(paths.versions / "warehouse-1.duckdb")
    return tmp_path


def test_a_pipe_gets_every_row_and_an_error_stops_with_code_2(home: Path) -> None:
    run = CliRunner()
    result = run.invoke(app, ["sql", "from marts.t; select count(*) as c from marts.t", "--home", str(home)])
    assert (result.exit_code, result.stdout.count("│")) == (0, 5 * 2 + 3 * 2)
    result = run.invoke(app, ["sql", "select 42; select nothing; select 43", "--home", str(home), "--format", "csv"])
    assert result.exit_code == 2
    assert "42" in result.stdout and "43" not in result.stdout and "Binder Error" in result.stderr


def test_a_script_that_is_piped_in_prints_results_only(home: Path) -> None:
    arguments = ["sql", "--home", str(home), "--format", "json"]
    result = CliRunner().invoke(app, arguments, input="from marts.t;\nselect 6 * 7 as x")
    assert result.exit_code == 0
    assert result.stdout == '[{"n":0},\n{"n":1},\n{"n":2}]\n[{"x":42}]\n'
    assert CliRunner().invoke(app, arguments, input="select nothing;\nselect 1;").exit_code == 2


@pytest.mark.parametrize(
    "query",
    [
        "create table x (i int)",
        "from read_csv('/etc/passwd')",
        "set enable_external_access = true",
        "attach ':memory:'",
        "copy marts.t to '/tmp/growthhouse-leak.csv'",
        "select 1; copy marts.t to '/dev/stdout'",
    ],
)
@pytest.mark.parametrize("output", Format)
def test_no_format_opens_a_way_out(query: str, output: Format, home: Path) -> None:
    result = CliRunner().invoke(app, ["sql", query, "--home", str(home), "--format", output])
    assert result.exit_code == 2 and "error: " in result.stderr


@pytest.mark.parametrize("output", [Format.TABLE, Format.JSON])
def test_ctrl_c_ends_a_query_with_130(output: Format, home: Path) -> None:
    command = [sys.executable, "-m", "pipeline.cli", "sql", "--home", str(home), "--format", output, ENDLESS]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=heed_interrupts
    ) as process:
        try:
            wait_until_it_computes(process)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=60)
        finally:
            process.kill()
    assert (process.returncode, out, err) == (130, "", "stopped by Ctrl-C (SIGINT)\n")


def test_ctrl_c_in_the_shell_ends_the_query_and_not_the_shell(home: Path) -> None:
    with shell_on_a_terminal(home) as (process, terminal):
        os.write(terminal, f"{ENDLESS};\n".encode())
        wait_until_it_computes(process)
        os.write(terminal, b"\x03")  # Ctrl-C, as a terminal sends it
        read_until(terminal, "interrupted")
        os.write(terminal, b"select 6 * 7 as answer;\n")
        read_until(terminal, "42")
        os.write(terminal, b".quit\n")
        assert process.wait(timeout=20) == 0


def heed_interrupts() -> None:
    """A background job of a shell ignores SIGINT, and so would every process that it starts."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@contextmanager
def shell_on_a_terminal(home: Path) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """The shell as the foreground program of a new terminal, and the person's side of it."""
    person, program = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", RUN_ON_TERMINAL, "sql", "--home", str(home)],
        stdin=program,
        stdout=program,
        stderr=program,
        start_new_session=True,
        preexec_fn=heed_interrupts,
    )
    os.close(program)
    try:
        read_until(person, "growthhouse> ")
        yield process, person
    finally:
        process.kill()
        process.wait()
        os.close(person)


# Only a terminal that controls the session turns Ctrl-C into a signal.
RUN_ON_TERMINAL = """
import fcntl, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
from pipeline.cli.app import app
sys.exit(app())
"""


def read_until(terminal: int, text: str) -> None:
    seen, end = "", time.monotonic() + 30
    while text not in seen:
        if not select.select([terminal], [], [], max(0, end - time.monotonic()))[0]:
            raise AssertionError(f"no {text!r} within 30 s, but {seen!r}")
        seen += os.read(terminal, 4096).decode(errors="replace")


def wait_until_it_computes(process: subprocess.Popen[Any]) -> None:
    """Starting takes far less CPU time than this."""
    start, end = psutil.Process(process.pid).cpu_times().user, time.monotonic() + 30
    while psutil.Process(process.pid).cpu_times().user < start + 2:
        assert time.monotonic() < end and process.poll() is None
        time.sleep(0.05)
