"""The folders hold what DESIGN says: no loose modules, unit tests without files, no private API of Dagster."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pipeline.home.paths import PROJECT_ROOT

SOURCES = sorted(
    file
    for folder in ("pipeline", "models", "expectations", "collector")
    for file in (PROJECT_ROOT / folder).rglob("*.py")
)
MAX_LINES = 300


def relative(file: Path) -> str:
    return file.relative_to(PROJECT_ROOT).as_posix()


def test_only_the_definitions_are_a_module_at_the_root_of_pipeline() -> None:
    assert {file.name for file in (PROJECT_ROOT / "pipeline").glob("*.py")} == {"__init__.py", "definitions.py"}
    assert {file.name for file in (PROJECT_ROOT / "models").glob("*.py")} == {"__init__.py"}


@pytest.mark.parametrize("file", SOURCES, ids=relative)
def test_a_module_is_short_and_opens_with_what_belongs_in_it(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert text.count("\n") <= MAX_LINES
    assert text.startswith('"""')


@pytest.mark.parametrize("pattern", [r"dagster\._", r"\._replace\(", r"event\.listen\(Engine"])
def test_no_private_api_and_no_global_listener(pattern: str) -> None:
    assert [relative(file) for file in SOURCES if re.search(pattern, file.read_text(encoding="utf-8"))] == []


def test_the_formatter_formats_every_line() -> None:
    tests = [file for file in (PROJECT_ROOT / "tests").rglob("*.py") if file != Path(__file__)]
    files = [relative(file) for file in [*SOURCES, *tests] if "# fmt:" in file.read_text(encoding="utf-8")]
    assert files == []


def test_unit_tests_touch_no_file_and_start_no_process() -> None:
    tests = sorted((PROJECT_ROOT / "tests" / "unit").rglob("test_*.py"))
    assert len(tests) > 20
    pattern = re.compile(r"\b(tmp_path|subprocess|read_parquet|duckdb\.connect)\b")
    assert [relative(file) for file in tests if pattern.search(file.read_text(encoding="utf-8"))] == []


def test_file_names_of_tests_are_unique() -> None:
    names = [file.name for file in (PROJECT_ROOT / "tests").rglob("test_*.py")]
    assert sorted(names) == sorted(set(names))
