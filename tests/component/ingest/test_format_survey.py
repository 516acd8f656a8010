"""The survey format: what an answer is, and when two rows are two answers; results worked out by hand."""

from __future__ import annotations

import json
import re
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from ingest_home import Home

from pipeline.settings import ConfigError

COLUMNS = {"response_id": "id", "user_id": "user", "event_at": "at", "score": "score", "comment": "why"}
SURVEY: dict[str, Any] = {"name": "nps", "format": "survey", "path": "in/*", "columns": COLUMNS}
ANONYMOUS = {**SURVEY, "columns": {"event_at": "at", "score": "score", "comment": "why"}}
HEAD = "id,user,at,score,why,plan\n"


def read(folder: Path, text: str, source: dict[str, Any] = SURVEY, **more: Any) -> Home:
    home = Home(folder, {**source, **more})
    home.put("a.csv", text.encode())
    home.ingest()
    return home


def answers(home: Home) -> list[dict[str, Any]]:
    return [json.loads(event["properties"]) for event in home.events()]


def test_an_answer_is_an_event_that_makes_no_session(tmp_path: Path) -> None:
    home = read(tmp_path, "\ufeff" + HEAD + 'r1,u1,2026-01-05 10:00,9,"Schön, 很好 👍",pro\n')
    event = home.event()
    assert (event["event_name"], event["event_id"], event["user_id"]) == ("survey_response", "r1", "u1")
    assert event["event_at"] == datetime(2026, 1, 5, 10)
    assert answers(home) == [{"kind": "nps", "score": 9, "comment": "Schön, 很好 👍", "plan": "pro"}]
    assert not home.settings.sources[0].sessions


@pytest.mark.parametrize(
    ("given", "score"),
    [("10", 10), ("9.0", 9), (" 7 ", 7), ("10 - Extremely likely", 10), ("8/10", 8), ("", None), ("n/a", None)],
)
def test_scores_as_survey_tools_write_them(given: str, score: int | None, tmp_path: Path) -> None:
    home = read(tmp_path, HEAD + f"r1,u1,2026-01-05,{given},because,\n")
    assert answers(home)[0].get("score") == score


def test_a_score_that_is_none_is_rejected(tmp_path: Path) -> None:
    rows = "".join(f"r{n},u1,2026-01-05,{score},,\n" for n, score in enumerate(("11", "-1", "7.5", "good", "3")))
    assert read(tmp_path, HEAD + rows).reasons() == [(line, "type_conflict") for line in (2, 3, 4, 5)]
    assert read(tmp_path / "csat", HEAD + rows, kind="csat").reasons() == [(3, "type_conflict"), (5, "type_conflict")]


def test_an_answer_of_nobody_is_kept_and_equal_ones_are_answers_of_several_people(tmp_path: Path) -> None:
    text = HEAD + ",,2026-01-05,10,,\n" * 3 + ",,2026-01-05,9,,\n"
    home = read(tmp_path, text, ANONYMOUS)
    assert home.values("user_id", "anonymous_id") == [(None, None)] * 4
    ids = set(home.values("event_id"))
    assert len(ids) == 4
    home.put("again.csv", (text + ",,2026-01-05,10,,\n").encode())
    home.ingest()
    assert ids < set(home.values("event_id"))
    assert len(set(home.values("event_id"))) == 5


def test_the_same_answer_of_a_person_counts_once(tmp_path: Path) -> None:
    source = {**SURVEY, "columns": {"user_id": "user", "event_at": "at", "score": "score"}}
    home = read(tmp_path, HEAD + ",u1,2026-01-05,10,,\n" * 2, source)
    assert len(home.events()) == 2
    assert len(set(home.values("event_id"))) == 1


def test_further_header_rows_are_no_answers(tmp_path: Path) -> None:
    """As Qualtrics writes them: names, questions (here over two lines), import ids."""
    text = HEAD + 'Id,Who,When,"How likely,\nreally?",Why,\n{"ImportId":1},,,,,\n' + "r1,u1,2026-01-05,9,,\n"
    home = read(tmp_path, text, header_rows=3)
    assert home.values("event_id", "line_number") == [("r1", 5)]
    assert home.reasons() == []


def test_columns_of_another_name_do_not_stay_beside_the_answer(tmp_path: Path) -> None:
    source = {**SURVEY, "columns": {**COLUMNS, "score": "How likely a/b?", "category": "plan"}}
    home = read(tmp_path, HEAD.replace("score", "How likely a/b?") + "r1,u1,2026-01-05,9,,pro\n", source)
    assert answers(home) == [{"kind": "nps", "score": 9, "category": "pro"}]
    assert home.event()["category"] is None


def test_json_lines_are_answers_too(tmp_path: Path) -> None:
    line = {"id": "r1", "user": "u1", "at": "2026-01-05", "score": 9, "why": None, "plan": {"a": 1}}
    home = read(tmp_path, json.dumps(line) + "\n")
    assert answers(home) == [{"kind": "nps", "score": 9, "plan": {"a": 1}}]
    assert home.values("event_id") == ["r1"]


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"score": "s"}, "`columns` must contain event_at"),
        ({"event_at": "at", "user_id": "u"}, "must contain score or comment"),
        ({"event_at": "at", "stars": "s"}, "'stars' is not a canonical column, expected one of response_id, score"),
    ],
)
def test_a_mistake_in_the_config_says_what_is_expected(columns: dict[str, str], words: str, tmp_path: Path) -> None:
    home = Home(tmp_path, {**SURVEY, "columns": columns})
    with pytest.raises(ConfigError, match=re.escape(words)):
        home.ingest()
