"""Survival against a textbook's table, against counting without censoring, and against a plain product."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.survival import curves_by_group, kaplan_meier, survival_curves

AS_OF = date(2026, 6, 30)
PERSONS = st.lists(st.tuples(st.integers(0, 120), st.booleans()), min_size=1, max_size=80)


def arrays(persons: list[tuple[int, bool]]) -> tuple[np.ndarray, np.ndarray]:
    return np.array([day for day, _ in persons], dtype=np.int64), np.array([left for _, left in persons], dtype=bool)


def counted(persons: list[tuple[int, bool]], value: str = "v") -> pd.DataFrame:
    frame = pd.DataFrame(persons, columns=["lifetime_days", "has_left"])
    grouped = frame.groupby(["lifetime_days", "has_left"]).size().rename("n_persons").reset_index()
    return grouped.assign(breakdown="segment", breakdown_value=value)


def table(lifetimes: pd.DataFrame) -> pd.DataFrame:
    return survival_curves(curves_by_group(lifetimes), AS_OF)


def test_the_textbook_table_of_remissions() -> None:
    """6-MP group of Freireich et al. (1963), weeks; worked in Kleinbaum & Klein, Survival Analysis, chapter 2."""
    left = [6, 6, 6, 7, 10, 13, 16, 22, 23]
    censored = [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]
    curve = kaplan_meier(*arrays([(day, True) for day in left] + [(day, False) for day in censored]))
    published = {
        6: (21, 0.857),
        7: (17, 0.807),
        10: (15, 0.753),
        13: (12, 0.690),
        16: (11, 0.627),
        22: (7, 0.538),
        23: (6, 0.448),
    }
    for week, (n_at_risk, survival) in published.items():
        assert curve.n_at_risk[week] == n_at_risk
        assert curve.survival[week] == pytest.approx(survival, abs=5e-4)
    assert curve.median_days == 23
    # by hand at week 6: v = 3 / (21 · 18) / ln(18/21)²; S^exp(±1.96 √v)
    width = 1.959964 * np.sqrt(3 / (21 * 18)) / abs(np.log(18 / 21))
    low, high = (18 / 21) ** np.exp(width), (18 / 21) ** np.exp(-width)
    assert (curve.ci_low[6], curve.ci_high[6]) == pytest.approx((low, high), abs=1e-6)


@given(PERSONS)
def test_without_censoring_survival_is_the_share_that_lived_longer(persons: list[tuple[int, bool]]) -> None:
    days, _ = arrays(persons)
    curve = kaplan_meier(days, np.ones(len(days), dtype=bool))
    assert curve.survival == pytest.approx([(days > day).mean() for day in curve.days], abs=1e-12)


@given(PERSONS)
def test_with_censoring_survival_is_the_product_of_the_days(persons: list[tuple[int, bool]]) -> None:
    curve, survival = kaplan_meier(*arrays(persons)), 1.0
    for day in curve.days:
        at_risk = sum(other >= day for other, _ in persons)
        survival *= 1 - sum(left for other, left in persons if other == day) / at_risk
        assert curve.n_at_risk[day] == at_risk
        assert curve.survival[day] == pytest.approx(survival, abs=1e-12)
    known = ~np.isnan(curve.ci_low)
    assert (curve.ci_low[known] <= curve.survival[known]).all() and (
        curve.survival[known] <= curve.ci_high[known]
    ).all()


@given(PERSONS)
def test_rows_multiply_to_the_curve_and_lose_nobody_also_by_weeks(persons: list[tuple[int, bool]]) -> None:
    frame, curve = table(counted(persons)), kaplan_meier(*arrays(persons))
    assert frame["n_events"].sum() + frame["n_censored"].sum() == len(persons) == frame["n_at_risk"].iloc[0]
    assert frame["n_days"].sum() == len(curve.days) and frame["lifetime_day"].iloc[-1] == curve.days[-1]
    hazards = frame["hazard_rate"].fillna(0.0)
    assert (1 - hazards).cumprod().to_numpy() == pytest.approx(frame["survival_rate"].to_numpy(), abs=1e-6)
    assert frame["survival_rate"].to_numpy() == pytest.approx(curve.survival[frame["lifetime_day"]], abs=1e-8)
    assert set(frame.loc[frame["lifetime_day"] <= 60, "n_days"]) == {1}
    assert frame["n_days"].max() <= 7


def test_nobody_has_left_yet() -> None:
    curve = kaplan_meier(*arrays([(3, False), (9, False)]))
    assert (curve.survival == 1).all() and curve.median_days is None
    assert np.isnan(curve.ci_low).all()  # no variance to make an interval of


def test_groups_are_independent_and_ordered_by_name() -> None:
    both = pd.concat([counted([(1, True)] * 3, "b"), counted([(5, True), (9, False)], "a")])
    frame = table(both)
    assert list(dict.fromkeys(frame["breakdown_value"])) == ["a", "b"]
    alone = table(counted([(5, True), (9, False)], "a"))
    pd.testing.assert_frame_equal(frame[frame["breakdown_value"] == "a"].reset_index(drop=True), alone)


def test_nobody_at_all_is_an_empty_table_with_all_columns() -> None:
    frame = table(counted([(1, True)]).iloc[:0])
    assert len(frame) == 0
    assert list(frame.columns) == list(table(counted([(1, True)])).columns)
