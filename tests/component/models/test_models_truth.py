"""One simulated shop that goes on after as_of: survival, churn scores and value against what its people then did.

Twenty shops: `python -m bench.truth` (docs/benchmarks.md).
"""

from __future__ import annotations

import numpy as np
import pytest

from bench.truth import Shop, measure_churn, measure_survival, measure_value, simulate_shop


@pytest.fixture(scope="module")
def shop() -> Shop:
    return simulate_shop(users=800, days=75, days_after=60, seed=3)


def test_intervals_of_survival_hold_the_true_share_of_longer_lifetimes(shop: Shop) -> None:
    found = measure_survival(shop)
    known = found[found["ci_low"].notna()]
    assert len(known) >= 18
    assert (known["n_longer"] / known["n"]).between(known["ci_low"], known["ci_high"]).mean() >= 0.9
    assert (found["survival"] - found["n_longer"] / found["n"]).abs().max() < 0.06
    at_30 = found[found["day"] == 30].sort_values("hazard")
    assert at_30["survival"].is_monotonic_decreasing and at_30["survival"].iloc[-1] < 0.2  # planted: 0.08 a day


def test_churn_probabilities_add_up_to_those_who_stayed_away(shop: Shop) -> None:
    found = measure_churn(shop)
    p, inactive = found["probability"].to_numpy(), found["is_inactive"].to_numpy()
    assert len(found) > 300
    # who scores has learned from few, too: twice the deviation of the sum alone, and three of those
    assert abs(p.sum() - inactive.sum()) < 6 * np.sqrt((p * (1 - p)).sum())
    high = found["risk_band"] == "high"
    assert inactive[high].mean() > 0.6 > inactive[~high].mean()


def test_value_is_near_what_the_buyers_then_bought(shop: Shop) -> None:
    found = measure_value(shop)
    assert found["is_promoted"]
    assert found["expected_orders"] / found["orders"] == pytest.approx(1, abs=0.35)
