"""Gamma-gamma against numerical integration and against simulated spending."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import gamma as gamma_distribution

from models.common.bgnbd import FitError
from models.value import GammaGamma, fit_gamma_gamma

NOTE = GammaGamma(6.25, 3.74, 15.44)  # Fader & Hardie (2013): repeat buyers of the CDNOW sample, dollars


def log_gamma(x: float, shape: float, rate: float) -> float:
    """Log density of a gamma distribution; SciPy's own takes most of the time of an integral."""
    return shape * math.log(rate) + (shape - 1) * math.log(x) - rate * x - math.lgamma(shape)


def test_the_density_is_that_of_scipy() -> None:
    for x, shape, rate in ((0.1, 0.8, 50.0), (3.0, 1.5, 0.5), (80.0, 480.0, 6.0)):
        assert log_gamma(x, shape, rate) == pytest.approx(gamma_distribution.logpdf(x, shape, scale=1 / rate))


def over_persons(model: GammaGamma, n: float, mean: float, value_of: object = None) -> float:
    """Density of a mean of n values, averaged over ν ~ Gamma(q, rate γ); weighted with value_of(ν) where given."""

    def integrand(nu: float) -> float:
        if not nu:
            return 0.0
        density = math.exp(log_gamma(mean, model.p * n, nu * n) + log_gamma(nu, model.q, model.gamma))
        return density * (model.p / nu if value_of else 1.0)

    middle = (model.p * n + model.q) / (model.gamma + n * mean)
    cuts = [0.0, *(middle * f for f in (0.05, 0.3, 0.7, 1.0, 1.5, 3.0, 10.0, 60.0))]
    return sum(quad(integrand, low, high, limit=200)[0] for low, high in pairwise(cuts))


@settings(max_examples=40)
@given(
    p=st.floats(0.8, 12), q=st.floats(1.5, 8), scale=st.floats(0.5, 50), n=st.integers(1, 40), mean=st.floats(0.5, 300)
)
def test_likelihood_and_expectation_are_integrals_over_persons(
    p: float, q: float, scale: float, n: int, mean: float
) -> None:
    model = GammaGamma(p, q, scale)
    density = over_persons(model, n, mean)
    assert float(np.exp(model.log_likelihood([n], [mean])[0])) == pytest.approx(density, rel=1e-5, abs=1e-300)
    expected = over_persons(model, n, mean, value_of=True) / density
    assert float(model.expected_value(n, mean)) == pytest.approx(expected, rel=1e-5)


def test_without_transactions_a_person_is_worth_the_population_mean() -> None:
    assert NOTE.population_mean == pytest.approx(35.2, abs=0.1)  # 6.25 · 15.44 / 2.74, the note's mean
    assert NOTE.expected_value([0, 0], [0.0, 999.0]).tolist() == pytest.approx([NOTE.population_mean] * 2)


def test_the_more_transactions_the_more_a_persons_own_mean_counts() -> None:
    values = NOTE.expected_value(np.array([1, 5, 50, 5000]), 100.0)
    assert (np.diff(values) > 0).all()
    assert values[-1] == pytest.approx(100.0, rel=1e-3)


def test_simulated_spending_gives_back_its_parameters() -> None:
    rng = np.random.default_rng(11)
    n = rng.integers(1, 12, size=30_000)
    nu = rng.gamma(4.0, 1 / 20.0, size=len(n))
    mean = rng.gamma(5.0 * n, 1 / nu) / n
    fitted = fit_gamma_gamma(n, mean)
    assert fitted.q == pytest.approx(4.0, rel=0.03)
    assert fitted.p * fitted.gamma == pytest.approx(5.0 * 20.0, rel=0.02)  # each alone is known less well
    truth = GammaGamma(5.0, 4.0, 20.0)
    ratio = 2 * (fitted.log_likelihood(n, mean).sum() - truth.log_likelihood(n, mean).sum())
    assert 0 <= ratio < 16.3  # likelihood ratio with 3 degrees of freedom: more than this once in a thousand samples


def test_the_unit_of_money_changes_only_gamma_and_the_order_of_persons_nothing() -> None:
    rng = np.random.default_rng(12)
    n = rng.integers(1, 12, size=2_000)
    mean = rng.gamma(5.0 * n, 1 / rng.gamma(4.0, 1 / 20.0, size=len(n))) / n
    whole, cents = fit_gamma_gamma(n, mean), fit_gamma_gamma(n, mean * 100)
    assert (cents.p, cents.q, cents.gamma) == pytest.approx((whole.p, whole.q, whole.gamma * 100), rel=1e-4)
    shuffled = rng.permutation(len(n))
    assert fit_gamma_gamma(n[shuffled], mean[shuffled]) == whole


def test_tails_too_heavy_for_a_mean_say_so() -> None:
    model = GammaGamma(2.0, 0.5, 3.0)
    assert np.isnan(model.population_mean)
    assert np.isnan(model.expected_value([0], [0.0])).all() and model.expected_value([3], [7.0])[0] > 0


@pytest.mark.parametrize("means", [[10.0, 0.0], [10.0, -2.0], [10.0, np.nan], [10.0, 10.0], []])
def test_what_cannot_be_fitted_says_why(means: list[float]) -> None:
    with pytest.raises(FitError, match="mean value"):
        fit_gamma_gamma([1] * len(means), means)
