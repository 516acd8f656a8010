"""Kaplan–Meier survival and hazard of lifetimes, most of which are not over yet.

Belongs here: the estimate by group and the days that are reported. Does not belong here: what a lifetime is and who has
left (see `pipeline.predict.features.read_lifetimes`).

Source: Kaplan & Meier (1958), Nonparametric Estimation from Incomplete Observations; interval on the log-log scale
(Kalbfleisch & Prentice, 1980), which stays within 0 and 1. Estimated by `scipy.stats.ecdf`: lifelines, the other
maintained library, does not run with the pandas of this project.
"""

import warnings
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.common.frames import FloatArray, date_column, require_columns

DAILY_UNTIL = 60
_WEEK = 7
_DIGITS = 9
_COLUMNS = ["breakdown", "breakdown_value", "lifetime_days", "has_left", "n_persons"]


@dataclass(frozen=True)
class SurvivalCurve:
    """One group, by day t: survival S(t) = P(lifetime > t) with its 95 % interval (NaN where S is 1 or 0).

    `n_at_risk`: persons whose lifetime reaches the day; `n_left` and `n_censored`: those of them who left, or were last
    seen, on exactly that day.
    """

    days: NDArray[np.int64]
    survival: FloatArray
    ci_low: FloatArray
    ci_high: FloatArray
    n_at_risk: NDArray[np.int64]
    n_left: NDArray[np.int64]
    n_censored: NDArray[np.int64]

    @property
    def median_days(self) -> int | None:
        """First day that at most half outlive; None where more than half outlive every day seen."""
        reached = self.days[self.survival <= 0.5 + 1e-12]
        return int(reached[0]) if len(reached) else None


def kaplan_meier(lifetime_days: NDArray[np.int64], has_left: NDArray[np.bool_]) -> SurvivalCurve:
    """The curve of one group of persons, for every day from 0 to the longest lifetime.

    Arrays with one entry per person: whole days, at least 0, and whether the lifetime is over (else it is at least that
    long). Raises ValueError without persons.
    """
    from scipy.stats import CensoredData, ecdf

    if not len(lifetime_days):
        raise ValueError("a survival curve takes at least one person")
    days = np.arange(int(lifetime_days.max()) + 1, dtype=np.int64)
    n_left = np.bincount(lifetime_days[has_left], minlength=len(days)).astype(np.int64)
    n_censored = np.bincount(lifetime_days[~has_left], minlength=len(days)).astype(np.int64)
    n_at_risk = len(lifetime_days) - np.concatenate([[0], np.cumsum(n_left + n_censored)[:-1]])
    estimate = ecdf(CensoredData.right_censored(lifetime_days.astype(np.float64), ~has_left)).sf
    with np.errstate(divide="ignore", invalid="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # "undefined at some observations": where S is 1 or 0
        interval = estimate.confidence_interval(confidence_level=0.95, method="log-log")
    last_step = np.searchsorted(estimate.quantiles, days, side="right") - 1  # -1: before the first person is last seen

    def at_days(values: FloatArray, before: float) -> FloatArray:
        return np.where(last_step >= 0, values[np.maximum(last_step, 0)], before)

    survival = at_days(estimate.probabilities, 1.0)
    inside = (survival > 0) & (survival < 1)
    low, high = (
        np.where(inside, at_days(side.probabilities, np.nan), np.nan) for side in (interval.low, interval.high)
    )
    return SurvivalCurve(days, survival, low, high, n_at_risk, n_left, n_censored)


def survival_curves(curves: dict[tuple[str, str], SurvivalCurve], as_of: date) -> pd.DataFrame:
    """Rows of `ml.survival_curves`: each group's curve, by day up to day 60 and by week after it.

    A row covers the days after the row before it up to its own: who was at risk at their start, who left in them, the
    hazard (share of those at risk that left), and the survival at their end.
    """
    parts = [_rows(breakdown, value, curve) for (breakdown, value), curve in curves.items()]
    empty = _rows("", "", SurvivalCurve(*[np.zeros(0)] * 4, *[np.zeros(0, dtype=np.int64)] * 3))  # type: ignore[arg-type]
    frame = pd.concat(parts, ignore_index=True) if parts else empty
    frame.insert(0, "as_of_date", date_column(pd.Series([as_of] * len(frame), dtype=object)))
    return frame


def curves_by_group(lifetimes: pd.DataFrame) -> dict[tuple[str, str], SurvivalCurve]:
    """The curve of each (breakdown, breakdown_value), in the order of their names.

    `lifetimes`: persons counted by breakdown, breakdown_value, lifetime_days and has_left.
    """
    require_columns(lifetimes, _COLUMNS, "lifetimes")
    rows = lifetimes.sort_values(_COLUMNS[:4], kind="stable")
    curves = {}
    for (breakdown, value), group in rows.groupby(_COLUMNS[:2], sort=True):
        counts = group["n_persons"].to_numpy(dtype=np.int64)
        lifetime = np.repeat(group["lifetime_days"].to_numpy(dtype=np.int64), counts)
        curves[str(breakdown), str(value)] = kaplan_meier(
            lifetime, np.repeat(group["has_left"].to_numpy(dtype=np.bool_), counts)
        )
    return curves


def _rows(breakdown: str, value: str, curve: SurvivalCurve) -> pd.DataFrame:
    ends = _reported_days(len(curve.days))
    starts = np.concatenate([[0], ends[:-1] + 1]).astype(np.int64) if len(ends) else ends
    before = np.where(starts > 0, curve.survival[np.maximum(starts - 1, 0)], 1.0) if len(ends) else np.zeros(0)
    left, censored = (np.concatenate([[0], np.cumsum(counts)]) for counts in (curve.n_left, curve.n_censored))
    hazard = 1.0 - curve.survival[ends] / np.where(before > 0, before, 1.0)
    return pd.DataFrame(
        {
            "breakdown": pd.Series([breakdown] * len(ends), dtype="str"),
            "breakdown_value": pd.Series([value] * len(ends), dtype="str"),
            "lifetime_day": ends,
            "n_days": ends - starts + 1,
            "n_at_risk": curve.n_at_risk[starts],
            "n_events": left[ends + 1] - left[starts],
            "n_censored": censored[ends + 1] - censored[starts],
            "hazard_rate": np.round(np.where(before > 0, np.maximum(hazard, 0.0), np.nan), _DIGITS),
            "survival_rate": np.round(curve.survival[ends], _DIGITS),
            "ci_low": np.round(curve.ci_low[ends], _DIGITS),
            "ci_high": np.round(curve.ci_high[ends], _DIGITS),
        }
    )


def _reported_days(n_days: int) -> NDArray[np.int64]:
    """Every day up to 60, then the end of every week, and the last day there is."""
    daily = np.arange(min(n_days, DAILY_UNTIL + 1))
    weekly = np.arange(DAILY_UNTIL + _WEEK, n_days, _WEEK)
    last = [n_days - 1] if n_days > DAILY_UNTIL + 1 else []
    return np.unique(np.concatenate([daily, weekly, last])).astype(np.int64)
