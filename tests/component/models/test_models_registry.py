"""Champion and challenger over several trainings, rolling back, a damaged registry."""

from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest
from models_frames import last_day, snapshots

from models.common import ArtifactError
from models.propensity import score, train
from models.propensity.registry import (
    Decision,
    Registry,
    read_registry,
    roll_back,
    start_again,
    versions,
    write_registry,
)


def _weeks(signal: float, n: int, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    return snapshots(n_persons=200, n_snapshots=n, signal=signal, seed=seed)


def test_champion_and_challenger_over_two_trainings_and_back(tmp_path: Path) -> None:
    features, labels = _weeks(2.0, 5, seed=1)
    cut = last_day(features) - timedelta(days=7)
    early = features[features["as_of_date"] <= cut], labels[labels["as_of_date"] <= cut]
    first = train("churn", *early, cut, tmp_path)
    second = train("churn", features, labels, last_day(features), tmp_path)
    folder = tmp_path / "churn"
    registry = read_registry(folder)
    assert first.promoted and [one.champion_before for one in registry.decisions] == [None, first.model_version]
    tested = second.metrics[(second.metrics["split"] == "test") & (second.metrics["metric"] == "pr_auc")]
    assert first.model_version in set(tested["model_version"])  # measured on the same later rows
    assert set(second.metrics.loc[second.metrics["is_promoted"], "model_version"]) == {second.model_version}
    assert {first.model_version, registry.decisions[-1].challenger} <= set(versions(folder))

    other = first.model_version if second.model_version != first.model_version else registry.decisions[-1].challenger
    back = roll_back(folder, other)
    assert back.champion == other and second.model_version in back.rejected
    again = train("churn", features, labels, last_day(features), tmp_path)  # not due: what was stored is the answer
    assert again.model_version == other and "manually" in again.reason
    assert set(again.metrics.loc[again.metrics["is_promoted"], "model_version"]) == {other}
    assert (score("churn", features[features["as_of_date"] == cut], again.artifact)["model_version"] == other).all()


def test_rolling_back_lists_the_versions(tmp_path: Path) -> None:
    features, labels = _weeks(2.0, 4, seed=1)
    result = train("churn", features, labels, last_day(features), tmp_path)
    with pytest.raises(ArtifactError, match=f"no intact version v9 .*there are: {result.model_version}"):
        roll_back(tmp_path / "churn", "v9")
    with pytest.raises(ArtifactError, match="already scores"):
        roll_back(tmp_path / "churn", result.model_version)
    assert roll_back(tmp_path / "churn").champion is None  # nothing before it: the recency rule
    again = train("churn", features, labels, last_day(features), tmp_path)
    assert not again.promoted and again.algorithm == "recency-rule"


def test_a_damaged_registry_is_an_error_for_people_and_replaced_by_the_next_training(tmp_path: Path) -> None:
    features, labels = _weeks(2.0, 4, seed=1)
    result = train("churn", features, labels, last_day(features), tmp_path)
    file = tmp_path / "churn" / "registry.json"
    whole = file.read_bytes()
    file.write_bytes(whole[:-30])
    with pytest.raises(ArtifactError, match=r"registry .*registry\.json cannot be read"):
        read_registry(tmp_path / "churn")
    assert train("churn", features, labels, last_day(features), tmp_path).model_version == result.model_version
    assert file.read_bytes() == whole


def test_starting_again_compares_with_no_champion_also_where_the_latest_was_dropped(tmp_path: Path) -> None:
    """A training that is repeated goes back to the champion before it; after a full refresh there is none."""
    dropped = Decision("new", "old", None, "old is no longer better than a simple rule", "2026-02-01", "key", "rows")
    for champion, latest in (
        ("old", Decision("old", None, "old", "promoted", "2026-01-25", "before", "r")),
        (None, dropped),
    ):
        registry = Registry(champion, ("rejected",), (latest,))
        write_registry(tmp_path, registry)
        start_again(tmp_path)
        start_again(tmp_path)  # a night that was killed after it is run again
        again = read_registry(tmp_path)
        assert again.before("key", "rows").champion is None and again.before("before", "r").champion is None
        assert again.rejected == ("rejected",) and again.decisions[:-1] == (latest,)
    assert Registry(None, (), (dropped,)).before("key", "rows").champion == "old"


def test_starting_again_without_a_registry_or_with_a_damaged_one_writes_nothing(tmp_path: Path) -> None:
    start_again(tmp_path / "none")
    assert not (tmp_path / "none").exists()
    (tmp_path / "registry.json").write_text("{")
    start_again(tmp_path)
    assert (tmp_path / "registry.json").read_text() == "{"
