"""The lines of the summary where there is nothing to say, and where no model scores."""

from __future__ import annotations

import duckdb
import pytest
from report_tables import VERSION, definitions, funnel, persons, scores

from models.propensity import Decision, Registry, write_registry
from pipeline.cli.summary import summary
from pipeline.home.paths import HomePaths

SESSIONS = """insert into marts.fct_sessions (session_id, person_id, is_bot)
    values ('1', 'a', false), ('2', 'a', false), ('3', 'robot', true)"""
LISTS = "insert into ml.recommendations (person_id, model_version) values ('a', 'popularity-1')"


@pytest.fixture
def paths(tmp_path: object) -> HomePaths:
    return HomePaths(tmp_path)  # type: ignore[arg-type]


def lines(paths: HomePaths, *statements: str) -> list[str]:
    paths.warehouse.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(paths.warehouse)) as con:
        for statement in (definitions(), VERSION, *statements):
            con.execute(statement)
    return [" ".join(line.split()) for line in summary(paths, "r").splitlines()]


def test_a_night_without_anything_says_so(paths: HomePaths) -> None:
    found = lines(paths)
    assert "sessions 0 of 0 persons" in found
    assert "funnel none: `funnels` in growth.yaml is empty, or no event of the default funnels occurs" in found
    assert "model churn: no scores, as nobody was active recently" in found
    assert "model recommendations: none (no event that counts names an item)" in found
    assert not [line for line in found if "too little history" in line]


def test_bots_are_beside_the_persons_and_not_among_them(paths: HomePaths) -> None:
    found = lines(paths, SESSIONS, funnel("checkout", [1, 0]), LISTS)
    assert "sessions 2 of 1 person, and 1 of bots, left out of every metric" in found
    assert "funnel checkout: a 1 → b 0" in found
    assert "model recommendations: popularity (nothing better could be tested yet)" in found


def test_the_training_says_why_the_rule_scores_or_an_older_model(paths: HomePaths) -> None:
    """The champion of an earlier training is not in the metrics of this night, and scores all the same."""
    decisions = (Decision("xgboost-1", None, "xgboost-1", "xgboost promoted: best", "2026-01-05", "a"),)
    (paths.ml / "artifacts" / "churn").mkdir(parents=True)
    write_registry(paths.ml / "artifacts" / "churn", Registry("xgboost-1", (), decisions))
    found = lines(paths, persons(9), scores("churn", 9, "xgboost-1"), scores("purchase", 9, "recency-rule-1"))
    assert "model churn: xgboost-1 scores (xgboost promoted: best)" in found
    assert "model purchase: the recency rule scores" in found
