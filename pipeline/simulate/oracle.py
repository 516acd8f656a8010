"""The best possible predictions: probabilities of inactivity derived from the simulator's own rules.

Belongs here: the bounds that a churn model is compared with. Not here: any model, any table of the warehouse. Visits
follow a Poisson process scaled by weekday, and each night a person leaves for good with their daily hazard; everything
below follows from these two rules.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from statistics import NormalDist
from typing import Any

import numpy as np

from pipeline.simulate.world import RATE_LIMITS, RATE_LOG_MEAN, RATE_LOG_SD, TYPES, WEEKDAY_FACTOR, FloatArray

_RATES_PER_TYPE = 25


@dataclass(frozen=True)
class Truth:
    """The hidden state of one simulated visitor; `gone_on` is the first day on which they can no longer visit."""

    hazard: float
    hazard_multiplier: float  # from events of the first week, so it can be derived from the log
    sessions_per_day: float
    gone_on: date | None
    is_human: bool

    def is_gone(self, as_of: date) -> bool:
        """Whether they left for good by the end of `as_of`, including the draw of that night."""
        return self.gone_on is not None and self.gone_on <= as_of + timedelta(days=1)

    def leaving_probability(self, as_of: date, horizon_days: int) -> float:
        """1 if they have left, else the chance to leave within the horizon: the true hazard, without the visit rate."""
        return 1.0 if self.is_gone(as_of) else 1.0 - (1.0 - self.hazard) ** horizon_days

    def inactivity_probability(self, as_of: date, horizon_days: int) -> float:
        """The chance of no visit within the horizon, with full information, including who has left."""
        if self.is_gone(as_of):
            return 1.0
        return float(_inactive(np.array([self.hazard]), np.array([self.sessions_per_day]), as_of, horizon_days)[0])


@dataclass(frozen=True)
class History:
    """What a log shows about a person: first and last active day, and the number of visits."""

    first: date
    last: date
    n_sessions: int


def inactivity_from_history(seen: History, multiplier: float, as_of: date, horizon_days: int) -> float:
    """The chance of no visit, given the simulator's rules and the log: the ceiling for any model.

    Bayes over the latent types and rates: how well each explains the visits so far and the inactivity since.
    """
    hazard, rate, likely = _traits(multiplier)
    n_days = (seen.last - seen.first).days
    exposure = sum(_factor(seen.first + timedelta(days=day)) for day in range(1, n_days + 1))  # the first day is given
    log_likely = np.log(likely) + (seen.n_sessions - 1) * np.log(rate) - rate * exposure + n_days * np.log1p(-hazard)
    alive, gone = 1.0 - hazard, hazard
    for away in range(1, (as_of - seen.last).days + 1):
        still = alive * np.exp(-rate * _factor(seen.last + timedelta(days=away)))
        alive, gone = still * (1.0 - hazard), gone + still * hazard
    weight = np.exp(log_likely - log_likely.max())
    inactive = gone + alive * _inactive(hazard, rate, as_of, horizon_days)
    return float((weight * inactive).sum() / (weight * (gone + alive)).sum())


def read_truth(path: Path) -> dict[str, Truth]:
    """Every visitor by each person_id that the warehouse may use: user_id, `anon:` + anonymous_id.

    An id that two visitors share (one device of a household) is left out.
    """
    found: dict[str, Truth] = {}
    shared: set[str] = set()
    for row in json.loads(path.read_text(encoding="utf-8"))["users"]:
        truth = _truth(row)
        for name in [row["user_id"], *(f"anon:{device}" for device in row["anonymous_ids"])]:
            if name in found:
                shared.add(name)
            elif name is not None:
                found[name] = truth
    return {name: truth for name, truth in found.items() if name not in shared}


def _truth(row: dict[str, Any]) -> Truth:
    return Truth(
        hazard=float(row["daily_hazard"]),
        hazard_multiplier=float(row["hazard_multiplier"]),
        sessions_per_day=float(row["sessions_per_day"] or 0.0),
        gone_on=date.fromisoformat(row["churned_on"]) if row["churned_on"] else None,
        is_human=not (row["is_bot"] or row["is_brushing"]),
    )


def _factor(day: date) -> float:
    return WEEKDAY_FACTOR[day.weekday()]


def _traits(multiplier: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Hazard, visits per day and share of each kind of person."""
    quantiles = [NormalDist().inv_cdf((i + 0.5) / _RATES_PER_TYPE) for i in range(_RATES_PER_TYPE)]
    factors = np.exp(RATE_LOG_MEAN + RATE_LOG_SD * np.array(quantiles))
    rate = np.concatenate([kind.sessions_per_day * factors for kind in TYPES]).clip(*RATE_LIMITS)
    hazard = np.repeat([kind.daily_hazard * multiplier for kind in TYPES], _RATES_PER_TYPE)
    return hazard, rate, np.repeat([kind.share / _RATES_PER_TYPE for kind in TYPES], _RATES_PER_TYPE)


def _inactive(hazard: FloatArray, rate: FloatArray, as_of: date, horizon_days: int) -> FloatArray:
    """Inactive on the first day, then gone that night or inactive on the remaining days; computed backwards."""
    rest = np.ones_like(hazard)
    for ahead in range(horizon_days, 0, -1):
        rest = np.exp(-rate * _factor(as_of + timedelta(days=ahead))) * (hazard + (1.0 - hazard) * rest)
    return rest
