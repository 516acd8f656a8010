"""`format:` of a source: which formats there are, and the errors about the keys that each of them needs."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.ingest import check_formats
from pipeline.ingest.formats import FORMATS
from pipeline.settings import PLANNED_FORMATS, ConfigError, Settings, parse_settings

ROOT = Path(__file__).parents[3]
BASE = """\
site: {timezone: Asia/Shanghai}
sources:
  - name: shop
    path: raw/*.jsonl
"""
TABLE = BASE + "    format: table\n"


def check(text: str) -> Settings:
    return check_formats(parse_settings(text, Path("growth.yaml")))


def error_of(text: str) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        check(text)
    return caught.value


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_has_a_name_a_page_and_tests(name: str) -> None:
    assert FORMATS[name].name == name
    assert name not in PLANNED_FORMATS
    assert (ROOT / "docs" / "formats" / f"{name}.md").exists()
    assert (ROOT / "tests" / "component" / "ingest" / f"test_format_{name}.py").exists()


def test_the_tracker_is_the_default_and_needs_no_keys_of_its_own() -> None:
    assert check(BASE).sources[0].format == "tracker"


@pytest.mark.parametrize(
    ("text", "key", "line", "words"),
    [
        (BASE + "    format: csv\n", "sources[0].format", 5, ["'tracker'", "'table'", "not 'csv'"]),
        (TABLE, "sources[0]", 3, ["needs `columns`"]),
        (TABLE + "    columns: {user_id: 0}\n", "sources[0]", 3, ["event_at"]),
        (TABLE + "    columns: {user_id: 0, event_at: 1}\n", "sources[0]", 3, ["event_name"]),
        (TABLE + "    columns: {event_name: 0, event_at: 1}\n", "sources[0]", 3, ["user_id or anonymous_id"]),
        (
            TABLE + "    header: false\n    columns: {user_id: u, event_at: 1}\n    event_name: x\n",
            "sources[0]",
            3,
            ["positions"],
        ),
    ],
)
def test_a_mistake_is_reported_with_key_line_and_what_was_expected(
    text: str, key: str, line: int, words: list[str]
) -> None:
    error = error_of(text)
    assert (error.key, error.line, error.others) == (key, line, ())
    assert str(error).startswith(f"growth.yaml, line {line}: {key}: ")
    for word in words:
        assert word in str(error)


@pytest.mark.parametrize("name", PLANNED_FORMATS)
def test_a_format_that_is_not_built_yet_is_refused(name: str) -> None:
    error = error_of(BASE + f"    format: {name}\n")
    assert (error.key, error.line, error.others) == ("sources[0].format", 5, ())
    assert f"'{name}' is not supported yet" in str(error)
    assert "use tracker, or table" in str(error)


def test_errors_come_in_the_order_of_the_file() -> None:
    error = error_of(BASE + "    format: csv\n  - {name: other, path: x, format: excel}\n")
    assert [one.line for one in (error, *error.others)] == [5, 6]


@pytest.mark.parametrize(
    ("key", "formats"),
    [
        ("columns: {user_id: id}", "survey or table"),
        ("header: false", "survey or table"),
        ('delimiter: ";"', "survey or table"),
        ("event_name: purchase", "table"),
        ("kind: csat", "survey"),
        ("log_format: common", "access_log"),
    ],
)
def test_keys_of_a_table_are_refused_elsewhere(key: str, formats: str) -> None:
    error = error_of(BASE + f"    {key}\n")
    assert (error.key, error.line) == (f"sources[0].{key.split(':')[0]}", 5)
    assert f"is for `format: {formats}` only" in str(error)
    assert f"remove it, or set format: {formats}" in str(error)
