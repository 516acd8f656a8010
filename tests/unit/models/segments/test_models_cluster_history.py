"""Cluster numbers from night to night: what keeps its number and what gets a new one. RFM scores."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import rankdata

from models.segments.cluster_history import MAX_SHIFT, KnownClusters, numbered
from models.segments.rfm import quintile, rfm_scores

ONE = np.ones(3)
NIGHT = KnownClusters("2026-01-04", [0, 2, 5], [[0.0, 0.0, 0.0], [5.0, 5.0, 5.0], [0.0, 9.0, 0.0]], 6)


def test_the_nearest_centre_keeps_its_number_also_when_the_order_is_reversed() -> None:
    tonight = np.array([[0.1, 8.8, 0.0], [5.1, 5.0, 4.9], [0.0, 0.2, 0.1]])
    found = numbered(tonight, ONE, date(2026, 1, 5), NIGHT)
    assert found.numbers == [5, 2, 0] and found.next_number == 6


def test_pairs_minimise_the_sum_of_distances() -> None:
    """A greedy match would give the first its nearest and leave the second with a pair too far away."""
    before = KnownClusters("2026-01-04", [0, 1], [[0.0], [1.0]], 2)
    found = numbered(np.array([[0.45], [-0.5]]), np.ones(1), date(2026, 1, 5), before)
    assert found.numbers == [1, 0]


def test_a_new_cluster_gets_an_unused_number_and_a_vanished_number_is_not_used_again() -> None:
    centres = np.array([[0.0, 0.0, 0.0], [5.0, 5.0, 5.0], [0.0, 9.0, 0.0], [-9.0, 0.0, 0.0]])
    grown = numbered(centres, ONE, date(2026, 1, 5), NIGHT)
    assert grown.numbers == [0, 2, 5, 6] and grown.next_number == 7
    shrunk = numbered(np.array([[0.0, 0.0, 0.0]]), ONE, date(2026, 1, 6), grown)
    assert shrunk.numbers == [0] and shrunk.next_number == 7
    again = numbered(np.array([[0.0, 0.0, 0.0], [-9.0, 0.0, 0.0]]), ONE, date(2026, 1, 7), shrunk)
    assert again.numbers == [0, 7]


@pytest.mark.parametrize(("shift", "number"), [(MAX_SHIFT * 2, 0), (MAX_SHIFT * 2 + 0.01, 6)])
def test_a_centre_may_move_by_one_deviation_of_tonight(shift: float, number: int) -> None:
    found = numbered(np.array([[shift, 0.0, 0.0]]), 2 * ONE, date(2026, 1, 5), NIGHT)
    assert found.numbers == [number]


@given(st.lists(st.tuples(*[st.floats(-3, 3)] * 3), min_size=1, max_size=8, unique=True), st.randoms())
def test_the_same_centres_keep_their_numbers_in_any_order_and_numbers_are_never_shared(
    centres: list[tuple[float, ...]], random: object
) -> None:
    first = numbered(np.array(centres), ONE, date(2026, 1, 1), None)
    order = list(range(len(centres)))
    random.shuffle(order)  # type: ignore[attr-defined]
    second = numbered(np.array(centres)[order], ONE, date(2026, 1, 2), first)
    assert len(set(second.numbers)) == len(centres)
    distinct = len(np.unique(np.round(centres, 9), axis=0)) == len(centres)
    apart = min((np.abs(np.subtract(a, b)).max() for i, a in enumerate(centres) for b in centres[:i]), default=1.0)
    if distinct and apart > 1e-3:
        assert second.numbers == [first.numbers[place] for place in order]


@given(st.lists(st.integers(0, 6), min_size=1, max_size=60))
def test_equal_values_score_equally_and_more_never_scores_less(values: list[int]) -> None:
    scores = quintile(np.array(values, dtype=float))
    assert scores.min() >= 1 and scores.max() <= 5
    by_value = pd.DataFrame({"value": values, "score": scores}).groupby("value")["score"]
    assert (by_value.nunique() == 1).all()
    assert (np.diff(by_value.first()) >= 0).all()


def test_different_values_fall_into_fifths() -> None:
    values = np.random.default_rng(1).permutation(100).astype(float)
    expected = pd.qcut(rankdata(values), 5, labels=False) + 1
    assert quintile(values).tolist() == expected.tolist()


def test_rfm_is_of_buyers_alone_and_fewer_days_are_better() -> None:
    rows = pd.DataFrame(
        {
            "days_since_last_order": [1.0, 30.0, np.nan, 5.0, 9.0, 20.0],
            "n_orders_total": [9.0, 1.0, 0.0, 4.0, 3.0, 2.0],
            "net_revenue_total": [10.0, 50.0, 0.0, 40.0, 30.0, 20.0],
        }
    )
    found = rfm_scores(rows)
    assert found["rfm_score"].tolist()[:2] == ["551", "115"]
    assert found.iloc[2].isna().all() and found.drop(index=2).notna().all(axis=None)
    assert sorted(found["rfm_recency"].dropna()) == [1, 2, 3, 4, 5]
