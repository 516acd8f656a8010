"""Lifetimes are censored where leaving could not be seen yet; the curves of them are those of known hazards."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest

from models.survival import curves_by_group, survival_curves
from pipeline.predict.lifetimes import read_lifetimes, why_no_curve

AS_OF = date(2026, 3, 31)
LOOKBACK = 30
NOBODY_LEFT_YET = pd.DataFrame({"person_id": ["a"], "first": [14], "last": [0]})


def build(folder: Path, persons: pd.DataFrame, lookback: int = LOOKBACK) -> tuple[Path, Path]:
    """A build database of persons by first and last active day, in days before as_of; and their segments."""
    file, segments = folder / "growth.duckdb", folder / "user_segments.parquet"
    rows = persons.assign(segment=persons.get("segment"), channel=persons.get("channel"))  # noqa: F841 (SQL reads it)
    with duckdb.connect(str(file)) as con:
        con.execute("create schema marts")
        con.execute(
            'create table marts.user_features as select person_id, $as_of as as_of_date, "first" as '
            'days_since_first_seen, "last" as days_since_last_active, "last" < $lookback as is_active_lookback from '
            "rows union all select 'a', $as_of - 7, 2, 0, true",
            {"as_of": AS_OF, "lookback": lookback},
        )
        con.execute(
            "create table marts.dim_users as select person_id, channel::varchar as acquisition_channel from rows"
        )
        con.execute(
            "copy (select person_id, segment::varchar as segment, 'quiet' as cluster_name from rows where segment is "
            f"not null) to '{segments}'"
        )
    return file, segments


def lifetimes(folder: Path, persons: pd.DataFrame, lookback: int = LOOKBACK) -> pd.DataFrame:
    return read_lifetimes(*build(folder, persons, lookback), AS_OF, lookback)


def curve_of_all(folder: Path, persons: pd.DataFrame, lookback: int = LOOKBACK) -> pd.DataFrame:
    curves = survival_curves(curves_by_group(lifetimes(folder, persons, lookback)), AS_OF)
    return curves[curves["breakdown"] == "all"].set_index("lifetime_day")


def test_the_ends_of_the_lookback(tmp_path: Path) -> None:
    """By hand; as_of is day 0 here, so leaving could be seen up to day 30 before it."""
    persons = pd.DataFrame(
        [
            ("left", 45, 40, "dormant", "email"),  # 5 days, then more than 30 without an event
            ("left_at_the_last", 45, 30, None, "email"),  # 15 days: the last lifetime that could be seen to end
            ("active_since", 45, 29, "dormant", "direct"),  # 16 days so far; leaving could be seen up to day 15
            ("active_now", 31, 0, "regular", "direct"),  # first seen a day before the lookback: up to day 1
            ("too_new", 30, 0, "regular", "direct"),  # nobody first seen then could have left
            ("too_new_and_once", 12, 12, "new", "direct"),
        ],
        columns=["person_id", "first", "last", "segment", "channel"],
    )
    assert list(lifetimes(tmp_path, persons).itertuples(index=False, name=None)) == [
        ("acquisition_channel", "direct", 1, False, 1),
        ("acquisition_channel", "direct", 15, False, 1),
        ("acquisition_channel", "email", 5, True, 1),
        ("acquisition_channel", "email", 15, True, 1),
        ("all", "all", 1, False, 1),
        ("all", "all", 5, True, 1),
        ("all", "all", 15, False, 1),
        ("all", "all", 15, True, 1),
        ("cluster_name", "(none)", 15, True, 1),
        ("cluster_name", "quiet", 1, False, 1),
        ("cluster_name", "quiet", 5, True, 1),
        ("cluster_name", "quiet", 15, False, 1),
        ("segment", "(none)", 15, True, 1),
        ("segment", "dormant", 5, True, 1),
        ("segment", "dormant", 15, False, 1),
        ("segment", "regular", 1, False, 1),
    ]


def test_nobody_is_kept_at_risk_whose_leaving_could_not_be_seen(tmp_path: Path) -> None:
    """Half of a shop never returns, arrivals are even: by hand day 0 is one half, whatever share is new."""
    persons = pd.DataFrame(
        [(f"{stays}{first}", first, 0 if stays else first) for first in range(0, 60) for stays in (0, 1)],
        columns=["person_id", "first", "last"],
    )
    curve = curve_of_all(tmp_path, persons)
    assert curve["n_at_risk"].iloc[0] == 58  # two of each day from 31 to 59
    assert (curve["survival_rate"] == 0.5).all()
    assert curve.index.max() == 29  # 59 - 30


def test_a_history_of_two_weeks_has_no_curve_and_says_so(tmp_path: Path) -> None:
    found = curve_of_all(tmp_path, NOBODY_LEFT_YET)
    assert len(found) == 0
    with duckdb.connect(str(tmp_path / "growth.duckdb"), read_only=True) as con:
        assert why_no_curve(con) == (
            "too little history, as a person has left after churn.lookback_days without an event, and the first "
            "was seen only 14 days before 2026-03-31"
        )


def test_without_persons_there_is_nothing_to_say() -> None:
    with duckdb.connect() as con:
        con.execute("create schema marts")
        con.execute("create table marts.user_features (as_of_date date, days_since_first_seen bigint)")
        assert why_no_curve(con) is None


@pytest.mark.parametrize("hazard", [0.003, 0.03, 0.08])
def test_the_planted_hazard_is_inside_the_intervals(tmp_path: Path, hazard: float) -> None:
    """Visits on half of the days, leaving for good with a constant hazard: the survival of the last visit is known.

    Somebody there at the end of a day visits never again with probability q = h + (1 - h) · ½ · q, so a lifetime is
    longer than t days with probability (1 - h)^t · (1 - q).
    """
    rng, n, days = np.random.default_rng(20), 4_000, 120
    first = rng.integers(0, days, n)
    visits = rng.random((n, days)) < 0.5
    gone = first + rng.geometric(hazard, n)  # the first day on which they cannot visit
    day = np.arange(days)
    visits &= (day >= first[:, None]) & (day < gone[:, None])
    visits[np.arange(n), first] = True
    last = days - 1 - visits[:, ::-1].argmax(axis=1)
    persons = pd.DataFrame({"person_id": np.arange(n).astype(str), "first": days - 1 - first, "last": days - 1 - last})
    curve = curve_of_all(tmp_path, persons)
    q = hazard / (1 - (1 - hazard) / 2)
    truth = (1 - hazard) ** curve.index.to_numpy() * (1 - q)
    for t in (0, 1, 7, 14, 30, 60):
        assert curve.loc[t, "ci_low"] < truth[t] < curve.loc[t, "ci_high"]
    assert curve.index.max() <= days - 1 - LOOKBACK
