"""What counts as drift: compared with other ways to compute it, and on planted shifts."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from models_frames import START
from scipy import stats

from models.common.frames import FloatArray
from models.propensity.artifacts import Artifact
from models.propensity.baselines import RecencyRule
from models.propensity.card import build_card
from models.propensity.drift import SCORE, describe_drift, feature_drift, psi, psi_by_chance, reference_of, shares_of
from models.propensity.features import FEATURES, design_matrix

SHARES = st.lists(st.floats(0.01, 1.0), min_size=2, max_size=10)


@given(SHARES, st.randoms(use_true_random=False))
def test_psi_is_the_divergence_both_ways(weights: list[float], random: object) -> None:
    expected = np.asarray(weights) / sum(weights)
    actual = np.asarray(random.sample(list(expected), len(expected)))  # type: ignore[attr-defined]
    both_ways = stats.entropy(actual, expected) + stats.entropy(expected, actual)  # Jeffreys, by scipy
    assert psi(list(expected), list(actual)) == pytest.approx(both_ways, abs=1e-9)


def test_psi_by_hand() -> None:
    assert psi([0.5, 0.5], [0.25, 0.75]) == pytest.approx(0.25 * np.log(3.0))
    assert psi([1.0, 0.0], [0.9, 0.1], floor=0.05) == pytest.approx(-0.1 * np.log(0.9) + 0.05 * np.log(2.0))


def test_two_samples_of_one_distribution_rarely_pass_the_limit_of_chance() -> None:
    rng, n_draws, n, m = np.random.default_rng(5), 4_000, 300, 200
    found = [
        psi(list(one / n), list(other / m))
        for one, other in zip(
            rng.multinomial(n, [0.1] * 10, n_draws), rng.multinomial(m, [0.1] * 10, n_draws), strict=True
        )
    ]
    assert psi_by_chance(10, n, m) == pytest.approx(stats.chi2.isf(0.001, 9) * (1 / n + 1 / m))
    assert np.mean(np.asarray(found) > psi_by_chance(10, n, m)) < 0.005
    assert np.mean(np.asarray(found) > psi_by_chance(10, n, m) / 2) > 0.01  # the limit can be reached


def _frame(n: int, seed: int, **moved: FloatArray) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    values = {name: rng.uniform(0, 100, n) for name in FEATURES} | moved
    return pd.DataFrame(values).assign(person_id=[f"p{i:05}" for i in range(n)], as_of_date=START)


def _drift(now: pd.DataFrame, test: pd.DataFrame, before: pd.DataFrame | None) -> pd.DataFrame:
    reference = reference_of(design_matrix(test), None if before is None else design_matrix(before))
    card = build_card("churn", "v1", "logistic", "", False, {}, 7, RecencyRule("churn", 7), reference=reference)
    return feature_drift("churn", now, Artifact(card, None)).set_index("feature")


def test_a_count_that_grows_as_before_has_not_drifted_and_one_that_jumps_has() -> None:
    """In a young shop everybody is a week older at every snapshot; another feature grows as much only now."""
    rng = np.random.default_rng(1)
    age, still = rng.uniform(10, 20, 2_000), rng.uniform(10, 20, 2_000)
    before, test, now = (
        _frame(2_000, seed, days_since_first_seen=age + older, n_events_30d=still + jumped)
        for seed, older, jumped in ((1, 0, 0), (2, 7, 0), (3, 14, 7))
    )
    found = _drift(now, test, before)
    assert found.loc["days_since_first_seen", "psi"] > 0.2 and found.loc["n_events_30d", "psi"] > 0.2
    assert list(found.index[found["is_drifted"]]) == ["n_events_30d"]
    alone = _drift(now, test, None)
    assert set(alone.index[alone["is_drifted"]]) == {"n_events_30d", "days_since_first_seen"}


def test_a_missing_rate_that_falls_as_before_has_not_drifted() -> None:
    def since_order(share: float) -> FloatArray:
        return np.where(np.arange(1_000) < 1_000 * share, 5.0, np.nan)

    before, test, now = (
        _frame(1_000, 1, days_since_last_order=since_order(one), days_since_last_add_to_cart=since_order(other))
        for one, other in ((0.2, 0.5), (0.4, 0.5), (0.6, 0.3))
    )
    found = _drift(now, test, before)
    assert list(found.index[found["is_drifted"]]) == ["days_since_last_add_to_cart"]
    assert found.loc["days_since_last_add_to_cart", ["missing_rate", "reference_missing_rate"]].tolist() == [0.7, 0.5]


def test_chance_among_thirty_persons_is_not_drift() -> None:
    """Every feature of both snapshots is drawn from one distribution: the usual limit alone would report most."""
    found = _drift(_frame(30, 1), _frame(30, 2), None)
    assert (found["psi"] > 0.2).mean() > 0.5 and not found["is_drifted"].any()
    assert not _drift(_frame(3_000, 1), _frame(3_000, 2), None)["is_drifted"].any()


def _rows(drifted: dict[str, float], n_features: int) -> pd.DataFrame:
    names = [*(name for name in drifted), *(f"calm_{i}" for i in range(n_features - len(drifted)))]
    return pd.DataFrame(
        {
            "feature": names,
            "psi": [drifted.get(name, 0.01) for name in names],
            "is_drifted": [n in drifted for n in names],
        }
    ).astype({"is_drifted": bool})


def test_a_model_has_drifted_with_its_scores_or_with_over_a_quarter_of_its_features() -> None:
    quarter, more = {"a": 0.3, "b": 0.5}, {"a": 0.3, "b": 0.5, "c": 0.4}
    assert describe_drift(_rows(quarter, 8)) == ""
    assert describe_drift(_rows(more, 8)) == "3 of 8 features, most of all b (PSI 0.50), c (PSI 0.40), a (PSI 0.30)"
    assert describe_drift(_rows({SCORE: 0.31}, 9)) == "scores (PSI 0.31)"
    assert describe_drift(_rows({}, 0)) == ""


def test_the_reference_holds_shares_and_no_person() -> None:
    found = shares_of(np.asarray([np.nan, *range(1, 10)], dtype=np.float64))
    assert found["n_rows"] == 10 and found["missing_rate"] == 0.1
    assert len(found["shares"]) == len(found["edges"]) + 1 == 10 and sum(found["shares"]) == pytest.approx(1.0)
