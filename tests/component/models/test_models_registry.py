"""Champion and challenger: the decision, the record of decisions, the way back."""

from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from models_frames import last_day, snapshots

from models.common import ArtifactError
from models.common.model_metrics import person_weights
from models.propensity import score, train
from models.propensity.evaluation import Evaluation, evaluate
from models.propensity.registry import (
    Decision,
    Registry,
    read_registry,
    roll_back,
    should_promote,
    still_serves,
    versions,
)


def _evaluation(noise: float, seed: int = 3) -> Evaluation:
    """Of 2,000 persons, ranked by the truth and some noise; the probabilities stay those of the truth's range."""
    rng = np.random.default_rng(0)
    truth = rng.random(2_000)
    y = (rng.random(2_000) < truth).astype(int)
    p = np.clip(truth + noise * np.random.default_rng(seed).normal(size=2_000), 0.01, 0.99)
    return evaluate(y, p, person_weights(np.arange(2_000).astype(object), 1))


GOOD, FAIR, POOR = _evaluation(0.0), _evaluation(0.3), _evaluation(3.0)


@pytest.mark.parametrize(
    ("challenger", "champion", "more", "expected", "words"),
    [
        (GOOD, None, {}, True, "better than all baselines"),
        (GOOD, FAIR, {}, True, "no worse than the champion"),
        (FAIR, GOOD, {}, False, "the champion still ranks better"),
        (POOR, None, {}, False, "does not clearly beat rule"),
        (GOOD, None, {"is_independent": False}, False, "not independent"),
        (GOOD, FAIR, {"is_rejected": True}, False, "rolled back manually"),
        (GOOD, None, {"is_flat": True}, False, "scores hardly differ"),
    ],
)
def test_the_decision(
    challenger: Evaluation, champion: Evaluation | None, more: dict[str, bool], expected: bool, words: str
) -> None:
    found, reason = should_promote(challenger, champion, {"rule": _evaluation(1.0, seed=4)}, **more)
    assert found == expected and words in reason


def test_a_champion_that_a_simple_rule_beats_does_not_go_on() -> None:
    assert still_serves(GOOD, {"rule": FAIR}) and not still_serves(FAIR, {"rule": GOOD})


def test_a_repeated_training_finds_the_champion_that_it_found_before() -> None:
    first = Registry().decided(Decision("v1", None, "v1", "", "", "k1", "d1"))
    second = first.decided(Decision("v2", "v1", "v2", "", "", "k2", "d2"))
    assert second.before("k2", "d2") == first and second.before("k3", "d2") == second
    assert second.reason("k1", "d1") is None  # another training came after it


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


def test_rolling_back_names_what_there_is(tmp_path: Path) -> None:
    features, labels = _weeks(2.0, 4, seed=1)
    result = train("churn", features, labels, last_day(features), tmp_path)
    with pytest.raises(ArtifactError, match=f"no intact version v9 .*there are: {result.model_version}"):
        roll_back(tmp_path / "churn", "v9")
    with pytest.raises(ArtifactError, match="already scores"):
        roll_back(tmp_path / "churn", result.model_version)
    assert roll_back(tmp_path / "churn").champion is None  # nothing before it: the recency rule
    again = train("churn", features, labels, last_day(features), tmp_path)
    assert not again.promoted and again.algorithm == "recency-rule"


def test_a_damaged_registry_is_an_error_for_people_and_a_new_beginning_for_nights(tmp_path: Path) -> None:
    features, labels = _weeks(2.0, 4, seed=1)
    result = train("churn", features, labels, last_day(features), tmp_path)
    file = tmp_path / "churn" / "registry.json"
    whole = file.read_bytes()
    file.write_bytes(whole[:-30])
    with pytest.raises(ArtifactError, match=r"registry .*registry\.json cannot be read"):
        read_registry(tmp_path / "churn")
    assert train("churn", features, labels, last_day(features), tmp_path).model_version == result.model_version
    assert file.read_bytes() == whole
