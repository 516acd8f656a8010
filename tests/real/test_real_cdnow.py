"""CDNOW against the published figures; skipped where the data set is not at hand.

Sources: Fader, Hardie & Lee (2005) for BG/NBD; Fader & Hardie (2013), The Gamma-Gamma Model of Monetary Value, which is
fitted to the mean *repeat* transaction of the sample's 946 repeat buyers.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from shared_data import shared_path

from models.common.bgnbd import BgNbd, fit_bgnbd
from models.value import fit_gamma_gamma

CALIBRATION_END, HOLDOUT_END = pd.Timestamp("1997-09-30"), pd.Timestamp("1998-06-30")


def _file(name: str) -> Path:
    return shared_path("data", "cdnow", name)


@pytest.fixture(scope="module")
def summary() -> pd.DataFrame:
    """x, t_x, T in weeks of the 2,357 customers of the 1/10 sample."""
    return pd.read_csv(_file("cdnow_customers_summary.csv"))


@pytest.fixture(scope="module")
def customers() -> pd.DataFrame:
    """All 23,570 in the sample's order: history in days to 30 September 1997, repeat spend, and the 39 weeks after."""
    lines = pd.read_csv(_file("CDNOW_master.txt.gz"), sep=r"\s+", dtype={0: str, 1: str})
    lines["date"] = pd.to_datetime(lines["date"], format="%Y%m%d")
    days = lines.groupby(["customer_id", "date"])["dollar_value"].sum().reset_index()
    known = days[days["date"] <= CALIBRATION_END].copy()
    known["is_repeat"] = known.groupby("customer_id").cumcount() > 0
    known["repeat_value"] = known["dollar_value"].where(known["is_repeat"], 0.0)
    rows = known.groupby("customer_id").agg(
        first=("date", "min"), last=("date", "max"), x=("is_repeat", "sum"), spent=("repeat_value", "sum")
    )
    later = days[(days["date"] > CALIBRATION_END) & (days["date"] <= HOLDOUT_END)]
    rows["x_after"] = later.groupby("customer_id").size().reindex(rows.index).fillna(0)
    rows["recency"], rows["age"] = (rows["last"] - rows["first"]).dt.days, (CALIBRATION_END - rows["first"]).dt.days
    return rows.sort_values("first", kind="stable").reset_index()


def _in_order(wanted: list[tuple[int, ...]], there: list[tuple[int, ...]]) -> list[int]:
    """Positions of the wanted histories among those there, in the same order, each as early as possible."""
    positions, place = [], 0
    for history in wanted:
        place = there.index(history, place)
        positions.append(place)
        place += 1
    return positions


def test_bgnbd_gives_the_published_parameters_and_likelihood(summary: pd.DataFrame) -> None:
    x, tx, age = summary["frequency"], summary["recency"], summary["T"]
    model = fit_bgnbd(x, tx, age)
    assert (round(model.r, 3), round(model.alpha, 3)) == (0.243, 4.414)
    assert (round(model.a, 3), round(model.b, 3)) == (0.793, 2.426)
    assert model.log_likelihood(x, tx, age).sum() == pytest.approx(-9582.4, abs=0.05)


def test_gamma_gamma_gives_the_published_parameters(summary: pd.DataFrame, customers: pd.DataFrame) -> None:
    """The sample's spend is looked up by equal histories: two ways to do so (from the front, from the back) agree on
    916 of the 946, and their fits lie on both sides of the published one.
    """
    wanted = [(int(x), round(tx * 7), round(age * 7)) for x, tx, age in summary.iloc[:, 1:].itertuples(index=False)]
    there = list(customers[["x", "recency", "age"]].itertuples(index=False, name=None))
    last = len(there) - 1
    ways = _in_order(wanted, there), [last - place for place in _in_order(wanted[::-1], there[::-1])][::-1]
    fits = []
    for way in ways:
        sample = customers.iloc[way]
        sample = sample[sample["x"] > 0]
        assert len(sample) == 946
        fits.append(fit_gamma_gamma(sample["x"], sample["spent"] / sample["x"]))
    for fitted in fits:
        assert fitted.p == pytest.approx(6.25, rel=0.02)
        assert fitted.q == pytest.approx(3.74, rel=0.02)
        assert fitted.gamma == pytest.approx(15.44, rel=0.03)
        assert fitted.population_mean == pytest.approx(35.2, rel=0.01)


def test_the_39_weeks_after_the_fit_are_as_expected(summary: pd.DataFrame, customers: pd.DataFrame) -> None:
    """All customers, parameters of the sample: the total of weeks 40–78 within a sixth, and closer person by person
    than the rate of the past goes on.
    """
    published = BgNbd(0.243, 4.414 * 7, 0.793, 2.426)  # in days
    horizon = (HOLDOUT_END - CALIBRATION_END).days
    expected = published.expected_transactions(horizon, customers["x"], customers["recency"], customers["age"])
    same_rate = customers["x"] / customers["age"] * horizon
    observed = customers["x_after"]
    assert expected.sum() == pytest.approx(observed.sum(), rel=1 / 6)
    assert np.mean((expected - observed) ** 2) < 0.7 * np.mean((same_rate - observed) ** 2)
    by_repeats = pd.DataFrame({"x": customers["x"].clip(upper=7), "expected": expected, "observed": observed})
    means = by_repeats.groupby("x").mean()
    assert np.corrcoef(means["expected"], means["observed"])[0, 1] > 0.99
