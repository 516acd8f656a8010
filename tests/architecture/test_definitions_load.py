"""What loading the definitions costs and needs: every process of Dagster pays it, and a newcomer has no config yet."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

HEAVY = ("great_expectations", "matplotlib", "pandas", "scipy", "sklearn", "xgboost")


def run(code: str, folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name not in ("GROWTH_CONFIG", "GROWTH_HOME")}
    return subprocess.run(
        [sys.executable, "-c", code], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a process sees that loads the definitions, which takes seconds, and then resolves the job twice."""
    code = f"""
import json, sys
import dagster
from pipeline.definitions import build_defs, defs
dagster.Definitions.validate_loadable(defs)
heavy = sorted(set({HEAVY!r}) & set(sys.modules))
from pipeline.cli.progress import progress_logger
loggers = {{"console": progress_logger(print, 0.0)}}
of_ui, of_command = (build_defs(loggers=given).resolve_job_def("nightly") for given in (None, loggers))
snapshots = [job.get_job_snapshot_id() for job in (of_ui, of_command)]
print(json.dumps({{"heavy": heavy, "of_ui": snapshots[0], "of_command": snapshots[1]}}))
"""
    outcome = run(code, tmp_path_factory.mktemp("empty"))
    assert outcome.returncode == 0, outcome.stderr[-2000:]
    return {**json.loads(outcome.stdout.splitlines()[-1]), "errors": outcome.stderr}


def test_definitions_load_without_a_config_and_without_heavy_modules(loaded: dict[str, Any]) -> None:
    assert loaded["heavy"] == []
    assert "Warning" not in loaded["errors"]


def test_commands_that_build_nothing_do_not_read_the_manifest(tmp_path: Path) -> None:
    code = """
import pipeline.cli.app, pipeline.ingest, pipeline.operate.doctor, pipeline.privacy
import pipeline.publish.analyst, pipeline.publish.version
from pipeline.build.tables import read_manifest
print(read_manifest.cache_info().currsize)
"""
    outcome = run(code, tmp_path)
    assert outcome.stdout == "0\n", outcome.stderr[-2000:]


def test_only_the_pipeline_imports_dagster(tmp_path: Path) -> None:
    code = "import sys, expectations, models, pipeline.ingest, pipeline.settings; sys.exit('dagster' in sys.modules)"
    assert run(code, tmp_path).returncode == 0


def test_importing_expectations_imports_neither_great_expectations_nor_a_database(tmp_path: Path) -> None:
    heavy = ["dagster", "duckdb", "great_expectations", "pandas", "sqlalchemy"]
    code = f"import sys, expectations; print([module for module in {heavy} if module in sys.modules])"
    assert run(code, tmp_path).stdout == "[]\n"


def test_the_command_line_runs_the_job_that_the_ui_knows(loaded: dict[str, Any]) -> None:
    """Another snapshot would make the UI warn that the job has changed since the run."""
    assert loaded["of_ui"] == loaded["of_command"]
