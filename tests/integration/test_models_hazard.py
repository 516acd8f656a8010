"""On simulated data the churn ranking comes close to the true hazard's: the shop's model against what its people did.

The model is that of the shop's night. It is asked at its test snapshot, the newest whose horizon is over: fitted and
calibrated on earlier snapshots only. Silence is read from the lake, not from the labels; hazards come from the
simulator's truth.
"""

from __future__ import annotations

import json
from datetime import date

import duckdb
import numpy as np
import pandas as pd
import pytest

from bench.hazard import HORIZON_DAYS, evaluate_rankings, rank_persons
from models.propensity import load_artifact, score
from models.propensity.evaluation import Evaluation
from pipeline.build.variables import SNAPSHOT_STEP_DAYS
from pipeline.home.paths import HomePaths

# 350 persons: a difference of two AUCs of the same persons has a standard error of about 0.01 here, so four of them.
ALLOWED_GAP = 0.04


@pytest.fixture(scope="module")
def rows(shop: HomePaths, warehouse: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    folder = shop.ml / "artifacts" / "churn"
    winner = json.loads((folder / "recency-rule" / "card.json").read_text())["winner"]
    card = json.loads((folder / winner / "card.json").read_text())
    (newest,) = card["data"]["test"]["snapshots"]
    snapshot = date.fromisoformat(newest)
    (last,) = warehouse.execute("select max(as_of_date) from marts.user_features").fetchone()  # type: ignore[misc]
    assert HORIZON_DAYS <= (last - snapshot).days < HORIZON_DAYS + SNAPSHOT_STEP_DAYS
    assert not card["data"]["has_overlap"]
    features = warehouse.execute("select * from marts.user_features where as_of_date = ?", [snapshot]).df()
    scores = score("churn", features, load_artifact(folder / winner))
    return rank_persons(shop, shop.warehouse.resolve(), scores, snapshot, HORIZON_DAYS)


@pytest.fixture(scope="module")
def found(rows: pd.DataFrame) -> dict[str, Evaluation]:
    return evaluate_rankings(rows)


def test_nearly_everybody_scored_is_a_person_of_the_truth(rows: pd.DataFrame) -> None:
    assert len(rows) > 300 and rows["person_id"].is_unique
    assert 0.2 < rows["is_inactive"].mean() < 0.6


def test_ranking_comes_close_to_the_true_hazard(found: dict[str, Evaluation]) -> None:
    assert found["model"].values["roc_auc"] > found["hazard"].values["roc_auc"] - ALLOWED_GAP


def test_ranking_comes_close_to_all_that_the_log_allows(rows: pd.DataFrame, found: dict[str, Evaluation]) -> None:
    assert found["model"].values["roc_auc"] > found["log"].values["roc_auc"] - ALLOWED_GAP
    assert rows["model"].corr(rows["log"], method="spearman") > 0.85


def test_no_ranking_knows_more_than_everything(found: dict[str, Evaluation]) -> None:
    best = found["everything"].values["roc_auc"]
    assert all(other.values["roc_auc"] < best for name, other in found.items() if name != "everything")


def test_probabilities_mean_what_they_say(rows: pd.DataFrame) -> None:
    for name in ("model", "log", "everything"):
        deviation = np.sqrt(rows["is_inactive"].mean() * (1 - rows["is_inactive"].mean()) / len(rows))
        assert abs(rows[name].mean() - rows["is_inactive"].mean()) < 3 * deviation, name
