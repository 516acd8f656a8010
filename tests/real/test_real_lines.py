"""A public access log and public survey answers, read into the lake: figures that are known, or that awk counts."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

from ingest_home import Home
from shared_data import shared_path


def test_an_access_log_gives_its_figures(tmp_path: Path) -> None:
    """10,000 lines, one of them cut: 9,125 of status 200 and 213 of 404; 80 referrers of search engines with words."""
    path = shared_path("data", "accesslog", "access.log.gz")
    home = Home(tmp_path, {"name": "web", "format": "access_log", "path": str(path)})
    result = home.ingest()
    assert (result.n_accepted, result.n_rejected) == (9_999, 1)
    assert home.reasons() == [(8_899, "bad_row")]
    properties = [json.loads(event["properties"]) for event in home.events()]
    statuses = Counter(given["status"] for given in properties)
    assert statuses == {200: 9_125, 206: 45, 301: 164, 304: 445, 403: 2, 404: 213, 416: 2, 500: 3}
    assert sum("referrer_search_term" in given for given in properties) == 80
    assert {event["anonymous_id"] is None for event in home.events() if event["event_name"] == "request"} == {True}


def test_a_survey_gives_its_score(tmp_path: Path) -> None:
    """1,049 promoters and 1,188 detractors of 3,108 scores: -4.47; delivered twice it is the same."""
    path = shared_path("data", "nps", "survey.csv.gz")
    columns = {"event_at": "date", "score": "score", "comment": "feedback", "category": "category"}
    home = Home(tmp_path, {"name": "nps", "format": "survey", "path": "in/*", "columns": columns})
    for name in ("one.csv.gz", "two.csv.gz"):
        (tmp_path / "in" / name).write_bytes(path.read_bytes())
    assert home.ingest(now=datetime(2026, 1, 1, tzinfo=UTC)).n_rejected == 0
    answers = {event["event_id"]: json.loads(event["properties"]).get("score") for event in home.events()}
    scores = [score for score in answers.values() if score is not None]
    assert (len(answers), len(scores)) == (3_116, 3_108)
    assert (sum(score >= 9 for score in scores), sum(score <= 6 for score in scores)) == (1_049, 1_188)
