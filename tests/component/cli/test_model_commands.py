"""`growthhouse models`: what a person reads of the versions, and the way back."""

from pathlib import Path

import pytest
from models_frames import last_day, snapshots
from typer.testing import CliRunner

from models.propensity import read_registry, train
from pipeline.cli.app import app
from pipeline.home.lock import writer_lock
from pipeline.home.paths import HomePaths


@pytest.fixture
def home(tmp_path: Path) -> Path:
    features, labels = snapshots(n_persons=200)
    train("churn", features, labels, last_day(features), HomePaths(tmp_path).ml / "artifacts")
    return tmp_path


def _run(*arguments: str, home: Path) -> tuple[int, str]:
    found = CliRunner().invoke(app, ["models", *arguments, "--home", str(home)])
    return found.exit_code, found.output


def test_the_list_marks_what_scores_and_says_why(home: Path) -> None:
    champion = read_registry(HomePaths(home).ml / "artifacts" / "churn").champion
    code, output = _run("list", home=home)
    assert code == 0 and champion and f"* {champion}" in output
    assert "tested on 2026-01-19: PR-AUC 0." in output and "better than all baselines" in output
    assert "purchase\n * recency-rule\n   no model has been trained yet" in output


def test_going_back_is_shown_and_refused_twice(home: Path) -> None:
    code, output = _run("rollback", "churn", home=home)
    assert code == 0 and "recency-rule scores from the next night on" in output
    assert "(rolled back manually)" in _run("list", home=home)[1]
    code, output = _run("rollback", "churn", home=home)
    assert code == 2 and "the recency rule already scores" in output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("rollback", "love"), "unknown model love: expected one of churn, purchase"),
        (("rollback", "churn", "v9"), "no intact version v9"),
        (("rollback", "purchase"), "no model has been trained in"),
    ],
)
def test_what_cannot_be_is_said(arguments: tuple[str, ...], words: str, home: Path) -> None:
    code, output = _run(*arguments, home=home)
    assert code == 2 and words in output


def test_no_going_back_while_a_night_writes(home: Path) -> None:
    with writer_lock(HomePaths(home).writer_lock):
        code, output = _run("rollback", "churn", home=home)
    assert code == 2 and "another run is writing" in output
