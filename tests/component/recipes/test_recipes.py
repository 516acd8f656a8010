"""The recipes of CONTRIBUTING.md, followed literally in a copy of the project: the places that they name are enough.

The files of a recipe are below `<recipe>/`, as they are put into the copy.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path, PurePath

import pytest

from pipeline.home.paths import PROJECT_ROOT

FOLDER = Path(__file__).parent
COPIED = (
    *("pipeline", "models", "expectations", "collector", "dbt_project"),
    *("docs/formats", "tests/architecture", "tests/support"),
)
COPIED_TESTS = ("expectations", "ingest")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the project, its parsed manifest left behind."""
    ignored = shutil.ignore_patterns("__pycache__", "target", "logs")
    for folder in (*COPIED, *(f"tests/component/{name}" for name in COPIED_TESTS)):
        shutil.copytree(PROJECT_ROOT / folder, tmp_path / "project" / folder, ignore=ignored)
    shutil.copy(PROJECT_ROOT / "pyproject.toml", tmp_path / "project")
    return tmp_path / "project"


def passed(project: Path, recipe: str, chosen: str, *folders: str) -> Counter[str]:
    """Put the recipe's files into the copy; how many of the chosen tests of each file run then, where all pass."""
    shutil.copytree(FOLDER / recipe, project, dirs_exist_ok=True)
    arguments = ["-m", "pytest", *folders, "-k", chosen, "-vv", "-p", "no:cacheprovider"]
    outcome = subprocess.run([sys.executable, *arguments], cwd=project, capture_output=True, text=True, check=False)
    assert outcome.returncode == 0, outcome.stdout[-5000:] + outcome.stderr[-2000:]
    return Counter(PurePath(line.split("::")[0]).name for line in outcome.stdout.splitlines() if " PASSED" in line)


def test_a_mart_is_its_sql_its_yml_and_its_suite(project: Path) -> None:
    folders = ("tests/architecture", "tests/component/expectations")
    shutil.copy(FOLDER / "checks_of_a_mart.py", project / "tests" / "architecture" / "test_new_mart.py")
    found = passed(project, "mart", "sessions_per_channel or one_name or has_damage", *folders)
    assert found >= Counter(
        {
            "test_new_mart.py": 2,
            "test_find_it.py": 4,  # one name, its file, described and owned, its suite's results
            "test_table_facts.py": 2,  # what it says of delta nights, its picture
            "test_suites.py": 1,
            "test_good_and_bad_frames.py": 2,
            "test_damage_is_found.py": 2,
        }
    )


def test_a_source_format_is_its_file_its_page_and_its_tests(project: Path) -> None:
    files = ("tests/architecture/test_formats.py", "tests/component/ingest/test_format_clicks.py")
    found = passed(project, "format", "clicks", *files)
    assert found >= Counter({"test_formats.py": 1, "test_format_clicks.py": 2})
