"""Nights in forks of one warm process: what costs seconds to import is imported once, before any thread or connection.

Not here: what is done to a night (the tests) and what has to hold afterwards (`cases.py`).
"""

from __future__ import annotations

import importlib
import multiprocessing
import os
import subprocess
import sys
import traceback
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path

from pipeline.home.paths import PROJECT_ROOT, HomePaths

NIGHT_LIMIT_S = 900  # a night that takes longer hangs, also where the machine has much else to do
# Heavy modules that a night imports on its way. Importing them opens no database and starts no thread.
_HEAVY = (
    "dagster",
    "dagster_dbt",
    "dbt.cli.main",
    "dbt.adapters.duckdb",
    "duckdb",
    "expectations.runner",
    "great_expectations",
    "matplotlib.pyplot",
    "models.propensity",
    "models.segments",
    "pandas",
    "pipeline.cli.app",
    "pipeline.definitions",
    "pipeline.cli.night",
    "sklearn.cluster",
    "sklearn.ensemble",
    "sklearn.linear_model",
    "xgboost",
)


def night_of(paths: HomePaths) -> tuple[str, ...]:
    """The command line of a night of a home, whatever home the environment of the warm process names."""
    return ("run", "--config", str(paths.home / "growth.yaml"), "--home", str(paths.home))


class Nights:
    """Starts command lines of growthhouse, each in a fork of the same warm process."""

    def __init__(self) -> None:
        # dbt must not run in the process that is forked: its threads would be missing in the forks, their locks held.
        code = "from pipeline.build.dbt_session import ensure_manifest; ensure_manifest()"
        subprocess.run([sys.executable, "-c", code], cwd=PROJECT_ROOT, check=True)
        self._context: ForkServerContext = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(["tests.faults.preloaded"])

    def start(self, log: Path, *arguments: str, **environment: str) -> ForkServerProcess:
        """Start `growthhouse …`; what it prints is appended to `log`."""
        child = self._context.Process(target=_command, args=(log, arguments, environment))
        child.start()
        return child

    def run(self, log: Path, *arguments: str, **environment: str) -> int:
        """The exit code of a command; negative for a signal."""
        return ended(self.start(log, *arguments, **environment))


def ended(child: ForkServerProcess) -> int:
    """The exit code, once it has ended; a night that hangs is killed and fails the test."""
    child.join(NIGHT_LIMIT_S)
    if child.is_alive():
        child.kill()
        raise AssertionError(f"the night hung for {NIGHT_LIMIT_S} s")
    assert child.exitcode is not None
    return child.exitcode


def preload() -> None:
    """In the process that every night is a fork of."""
    for name in _HEAVY:
        importlib.import_module(name)


def _command(log: Path, arguments: tuple[str, ...], environment: dict[str, str]) -> None:
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    os.environ.update(environment)
    code = 70
    try:
        from pipeline.cli.app import app

        app(list(arguments))
    except SystemExit as ending:
        code = int(ending.code or 0)
    except BaseException:
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # without the exit handlers of the process it is a fork of
