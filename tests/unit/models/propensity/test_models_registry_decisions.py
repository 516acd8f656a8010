"""Champion and challenger: who is promoted, and what the record of decisions says afterwards."""

import numpy as np
import pytest

from models.common.model_metrics import person_weights
from models.propensity import Decision, Registry
from models.propensity.evaluation import Evaluation, evaluate
from models.propensity.registry import should_promote, still_serves


def _evaluation(noise: float, seed: int = 3) -> Evaluation:
    """Of 2,000 persons, ranked by their true probability plus noise."""
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


def test_a_champion_that_a_simple_rule_beats_stops_scoring() -> None:
    assert still_serves(GOOD, {"rule": FAIR}) and not still_serves(FAIR, {"rule": GOOD})


def test_a_repeated_training_finds_the_champion_that_it_found_before() -> None:
    first = Registry().decided(Decision("v1", None, "v1", "", "", "k1", "d1"))
    second = first.decided(Decision("v2", "v1", "v2", "", "", "k2", "d2"))
    assert second.before("k2", "d2") == first and second.before("k3", "d2") == second
    assert second.reason("k1", "d1") is None  # another training came after it


def test_a_training_on_the_same_snapshots_is_compared_with_the_champion_before_them() -> None:
    registry = Registry().decided(Decision("v1", None, "v1", "", "", "k1", "d1"))
    registry = registry.decided(Decision("v2", "v1", "v2", "", "", "k2", "d2"))
    assert registry.before("k2", "late").champion == "v1"
    assert registry.before("k2", "late").decisions == registry.decisions  # what was decided stays on record
    again = registry.before("k2", "late").decided(Decision("v3", "v1", "v3", "", "", "k2", "late", "scores"))
    assert again.before("k2", "late") == registry.before("k2", "late")
    assert (again.drifted("k2", "late"), again.drifted("k2", "d2")) == ("scores", "")
    manual = again.decided(Decision("", "v3", "v1", "chosen manually"))
    assert manual.is_manual and not again.is_manual and manual.before("k2", "late").champion == "v1"
