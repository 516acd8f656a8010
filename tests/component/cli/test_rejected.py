"""`growthhouse rejected`: which lines it prints, what it hides, and what it says where there are none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ingest_home import TRACKER, Home, jsonl, track
from typer.testing import CliRunner

from pipeline.build.variables import resolve
from pipeline.cli.app import app
from pipeline.home.paths import HomePaths
from pipeline.ingest import sample_rejects
from pipeline.privacy import erase


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """Two sources that are rejected as a whole."""
    home = Home(tmp_path, TRACKER, {**TRACKER, "name": "app", "path": "app/*"})
    home.put("a.jsonl", jsonl("no json", "none either", track(at="soon", user="u7", ip="203.0.113.77")))
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "b.jsonl").write_bytes(jsonl(track(user=None)))
    home.ingest()
    return home


def printed(home: Home, *options: str) -> list[dict[str, Any]]:
    result = CliRunner().invoke(
        app, ["rejected", "--config", str(home.folder / "growth.yaml"), *options, "--format=json"]
    )
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def error_of(home: Home, *options: str) -> str:
    result = CliRunner().invoke(app, ["rejected", "--config", str(home.folder / "growth.yaml"), *options])
    assert result.exit_code == 2
    return result.output


def test_lines_are_printed_without_a_published_version(home: Home) -> None:
    found = [(row["source"], row["file"], row["line_number"], row["reason"]) for row in printed(home)]
    assert found == [
        ("app", "app/b.jsonl", 1, "missing_identity"),
        ("shop", "in/a.jsonl", 1, "bad_json"),
        ("shop", "in/a.jsonl", 2, "bad_json"),
        ("shop", "in/a.jsonl", 3, "bad_timestamp"),
    ]
    assert printed(home)[1]["raw_line"] == "no json"


@pytest.mark.parametrize(
    ("options", "lines"),
    [
        (["--source", "app"], [1]),
        (["--file", "a.jsonl"], [1, 2, 3]),
        (["--file", "in/*"], [1, 2, 3]),
        (["--reason", "bad_timestamp"], [3]),
        (["--source", "shop", "--limit", "1"], [1]),
    ],
)
def test_options_choose_among_them(options: list[str], lines: list[int], home: Home) -> None:
    assert [row["line_number"] for row in printed(home, *options)] == lines


def test_count_prints_how_many_and_no_line(home: Home) -> None:
    assert printed(home, "--count", "--source", "shop") == [
        {"source": "shop", "file": "in/a.jsonl", "reason": "bad_json", "n_lines": 2, "first_line": 1},
        {"source": "shop", "file": "in/a.jsonl", "reason": "bad_timestamp", "n_lines": 1, "first_line": 3},
    ]


def test_a_wrong_name_is_answered_with_those_there_are(home: Home) -> None:
    assert "no source 'shopp' was read; there are app, shop" in error_of(home, "--source", "shopp")
    assert "there are app/b.jsonl, in/a.jsonl" in error_of(home, "--file", "c.jsonl")
    assert "reasons are: bad_json, bad_timestamp, missing_identity" in error_of(home, "--reason", "bad")


def test_before_the_first_ingest_it_says_what_to_do(tmp_path: Path) -> None:
    assert "`growthhouse run` reads the files" in error_of(Home(tmp_path))


def test_lines_of_replaced_content_are_not_printed(home: Home) -> None:
    home.put("a.jsonl", jsonl(track(), "still no json"))
    home.ingest()
    assert [row["raw_line"] for row in printed(home, "--source", "shop")] == ["still no json"]


def test_what_the_config_hides_is_hidden(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    (line,) = printed(home, "--reason", "bad_timestamp")
    assert "203.0.113.0" in line["raw_line"] and "203.0.113.77" not in line["raw_line"]
    monkeypatch.setenv("GROWTH_HASH_KEY", "k" * 32)
    home.configure(TRACKER, {**TRACKER, "name": "app", "path": "app/*"}, identity={"pseudonymise": ["user_id"]})
    assert {row["raw_line"] for row in printed(home)} == {"(withheld)"}


def test_an_erased_person_is_in_no_line(home: Home) -> None:
    home.put("good.jsonl", jsonl(track(user="u7"), track(user="u8")))
    home.ingest()
    assert erase(home.settings, "user", "u7", say=lambda text: None).is_clean
    assert "bad_timestamp" not in {row["reason"] for row in printed(home)}


def test_a_night_without_any_event_says_why_and_which_command_shows_the_lines(home: Home) -> None:
    from datetime import UTC, datetime

    with pytest.raises(ValueError) as error:
        resolve(home.settings, HomePaths(home.folder), requested=None, run_id="r", now=datetime(2026, 2, 1, tzinfo=UTC))
    assert str(error.value) == (
        "no event was loaded: all 4 lines of 2 files were rejected.\n"
        "  shop: bad_json 2 (first in in/a.jsonl, line 1), bad_timestamp 1 (first in in/a.jsonl, line 3)\n"
        "  app: missing_identity 1 (first in app/b.jsonl, line 1)\n"
        "`growthhouse rejected` prints the lines. Correct the sources in growth.yaml or the files, then run again"
    )


def test_a_sample_shows_a_line_of_each_reason_with_nothing_a_terminal_obeys(home: Home) -> None:
    home.put("c.jsonl", jsonl("\x1b[2Jno json" + "x" * 500))
    home.ingest(now=home.ledger()[0].ingested_at.replace(day=2))
    (sample,) = sample_rejects(home.settings, 3)
    assert str(sample).startswith("shop: bad_json 1, as in/c.jsonl line 1: \\x1b[2Jno json")
    assert len(sample.line) < 250


def test_a_limit_that_no_database_counts_to_is_refused_as_such(home: Home) -> None:
    message = error_of(home, "--limit", "99999999999999999999")
    assert "--limit" in message and "unexpected" not in message
