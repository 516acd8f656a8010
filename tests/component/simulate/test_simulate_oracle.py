"""The bounds of a churn model, checked by hand and with persons drawn by the simulator's rules."""

from __future__ import annotations

import math
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from pipeline.simulate import simulate
from pipeline.simulate.oracle import History, Truth, inactivity_from_history, read_truth
from pipeline.simulate.world import RATE_LIMITS, RATE_LOG_MEAN, RATE_LOG_SD, TYPES, WEEKDAY_FACTOR

SUNDAY = date(2026, 2, 1)


def person(hazard: float, sessions_per_day: float, gone_on: date | None = None) -> Truth:
    return Truth(hazard, 1.0, sessions_per_day, gone_on, is_human=True)


def test_somebody_who_never_leaves_is_inactive_only_by_chance() -> None:
    assert sum(WEEKDAY_FACTOR) == pytest.approx(7.25)
    assert person(0.0, 0.4).inactivity_probability(SUNDAY, 7) == pytest.approx(math.exp(-0.4 * 7.25))
    assert person(0.0, 0.4).leaving_probability(SUNDAY, 7) == 0.0


def test_who_leaves_tomorrow_night_can_still_come_tomorrow() -> None:
    monday = WEEKDAY_FACTOR[0]
    assert person(1.0, 0.4).inactivity_probability(SUNDAY, 7) == pytest.approx(math.exp(-0.4 * monday))


def test_two_days_by_hand() -> None:
    inactive_monday, inactive_tuesday = math.exp(-0.4 * WEEKDAY_FACTOR[0]), math.exp(-0.4 * WEEKDAY_FACTOR[1])
    expected = inactive_monday * (0.1 + 0.9 * inactive_tuesday)
    assert person(0.1, 0.4).inactivity_probability(SUNDAY, 2) == pytest.approx(expected)
    assert person(0.1, 0.4).leaving_probability(SUNDAY, 2) == pytest.approx(0.19)


@pytest.mark.parametrize(("days_after", "is_gone"), [(0, True), (1, True), (2, False)])
def test_gone_from_the_morning_after_the_draw(days_after: int, is_gone: bool) -> None:
    somebody = person(0.1, 0.4, SUNDAY + timedelta(days=days_after))
    assert somebody.is_gone(SUNDAY) is is_gone
    assert (somebody.inactivity_probability(SUNDAY, 7) == 1.0) is is_gone


def test_history_tells_what_drawn_persons_with_that_history_did() -> None:
    rng = np.random.default_rng(4)
    n, n_days, horizon = 400_000, 10, 5
    kind = rng.choice(len(TYPES), n, p=[t.share for t in TYPES])
    rate = np.array([t.sessions_per_day for t in TYPES])[kind] * rng.lognormal(RATE_LOG_MEAN, RATE_LOG_SD, n)
    hazard = np.array([t.daily_hazard for t in TYPES])[kind] * 0.6
    alive, visits = np.ones(n, dtype=bool), np.zeros((n, n_days + horizon), dtype=int)
    for day in range(n_days + horizon):
        factor = WEEKDAY_FACTOR[(SUNDAY + timedelta(days=day)).weekday()]
        visits[:, day] = rng.poisson(rate.clip(*RATE_LIMITS) * factor) * alive if day else 1
        alive &= rng.random(n) >= hazard
    past, is_inactive = visits[:, :n_days], visits[:, n_days:].sum(axis=1) == 0
    last = n_days - 1 - (past[:, ::-1] > 0).argmax(axis=1)
    for n_sessions, last_day in ((1, 0), (2, 3), (4, 4), (4, 9), (7, 9)):
        same = (past.sum(axis=1) == n_sessions) & (last == last_day)
        seen = History(SUNDAY, SUNDAY + timedelta(days=last_day), n_sessions)
        predicted = inactivity_from_history(seen, 0.6, SUNDAY + timedelta(days=n_days - 1), horizon)
        deviation = math.sqrt(predicted * (1 - predicted) / same.sum())
        assert abs(is_inactive[same].mean() - predicted) < 4 * deviation + 0.005, (n_sessions, last_day)


def test_truth_is_found_by_every_id_but_shared_ones(tmp_path: Path) -> None:
    simulate(tmp_path, users=600, days=8, seed=5)
    rows = read_truth(tmp_path / "data" / "simulated_truth.json")
    text = (tmp_path / "data" / "simulated_truth.json").read_text(encoding="utf-8")
    assert sum(not truth.is_human for truth in rows.values()) >= 2  # a bot and a brushing account
    assert all(name.startswith(("anon:a", "u")) for name in rows)
    for name in list(rows)[:50]:
        assert text.count(f'"{name.removeprefix("anon:")}"') == 1
    assert rows[next(iter(rows))].hazard > 0
