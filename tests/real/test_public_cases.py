"""Small inputs from public bug reports of other tools, one night each, checked by `cases.py` against what is right.

`cases.py` starts a process per night; here all nights of a worker run in one, where imports and dbt's parsing are paid
once, and Dagster keeps events in memory. Questions and verdict are those of `cases.py`.
"""

from __future__ import annotations

import importlib.util
import subprocess
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from shared_data import SHARED, shared_path
from shared_homes import keep_events_in_memory
from typer.testing import CliRunner

from pipeline.cli.app import app
from pipeline.home.paths import HomePaths

CASES = sorted(path.name for path in (SHARED / "cases").glob("*/")) or ["absent"]


def run_here(command: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
    """Instead of `subprocess.run`: the command in this process, its output as one text."""
    keep_events_in_memory(HomePaths(Path(command[command.index("--home") + 1])))
    result = CliRunner().invoke(app, command[1:])
    return subprocess.CompletedProcess(command, result.exit_code, result.output)


@pytest.fixture(scope="module")
def judge() -> ModuleType:
    """`cases.py`, with nights in this process."""
    spec = importlib.util.spec_from_file_location("cases", shared_path("tools", "cases.py"))
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    constants = {"PIPE": subprocess.PIPE, "STDOUT": subprocess.STDOUT}
    module.subprocess = SimpleNamespace(run=run_here, **constants)  # type: ignore[attr-defined]
    return module


@pytest.mark.parametrize("name", CASES)
def test_public_case_is_right(name: str, judge: ModuleType) -> None:
    assert judge.run_case("growthhouse", shared_path("cases", name)) == []
