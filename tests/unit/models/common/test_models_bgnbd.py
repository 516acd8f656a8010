"""BG/NBD against the paper, against numerical integration, and against simulated buyers."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import betaln
from scipy.stats import beta, gamma

from models.common.bgnbd import BgNbd, FitError, fit_bgnbd

PAPER = BgNbd(0.243, 4.414, 0.793, 2.426)  # Fader, Hardie & Lee (2005), table 2: CDNOW, weeks


def expected_by_integration(model: BgNbd, horizon: float, x: float, tx: float, age: float) -> float:
    """E[Y] = P(alive) E_p[(1 - (1 + pt/(α+T))^-(r+x)) / p] with p ~ Beta(a, b + x): no hypergeometric function."""

    def share(p: float) -> float:
        return float(-np.expm1(-(model.r + x) * np.log1p(p * horizon / (model.alpha + age))))

    scale = betaln(model.a, model.b + x)

    def low_half(u: float) -> float:  # on the scale of log p: the density may pile up at 0
        log_density = (model.a - 1) * u + (model.b + x - 1) * np.log1p(-np.exp(u)) - scale
        return float(np.exp(log_density) * share(np.exp(u)))

    def high_half(p: float) -> float:  # times (1 - p)^(b+x-1), which quad takes as a weight: it may pile up at 1
        return float(np.exp((model.a - 2) * np.log(p) - scale) * share(p))

    middle = np.log(model.a / (model.a + model.b + x))
    cuts = {
        -60.0 / max(model.a, 0.2),
        -20.0,
        -10.0,
        -5.0,
        *(middle + step for step in (-3, -1.5, -0.5, 0, 0.5, 1.5, 3)),
    }
    cuts = sorted({*(cut for cut in cuts if cut < -0.8), np.log(0.5)})
    total = sum(quad(low_half, left, right)[0] for left, right in pairwise(cuts))
    if model.b + x < 100:  # else there is nothing
        total += quad(high_half, 0.5, 1.0, weight="alg", wvar=(0.0, model.b + x - 1))[0]
    return total * float(model.probability_alive(x, tx, age))


def likelihood_by_integration(model: BgNbd, x: int, tx: float, age: float) -> float:
    """Probability of the history: λ^x e^-λT while alive throughout, or λ^x e^-λt_x and gone after the last."""
    lam, p = gamma(model.r, scale=1 / model.alpha), beta(model.a, model.b)

    def over_rate(time: float) -> float:
        cuts = [0.0, 1e-9, 1e-6, 1e-4, 1e-2, 0.1, 0.5, 2.0, 10.0]
        return sum(
            quad(lambda rate: rate**x * np.exp(-rate * time) * lam.pdf(rate), left, right, limit=300)[0]
            for left, right in pairwise(cuts)
        )

    stayed = quad(lambda share: (1 - share) ** x * p.pdf(share), 0, 1, limit=300)[0]
    left_last = quad(lambda share: share * (1 - share) ** (x - 1) * p.pdf(share), 0, 1, limit=300)[0] if x else 0.0
    return stayed * over_rate(age) + (left_last * over_rate(tx) if x else 0.0)


def simulated(model: BgNbd, ages: np.ndarray, ahead: float, seed: int) -> tuple[np.ndarray, ...]:
    """Histories up to each age, and how many transactions followed within `ahead`."""
    rng = np.random.default_rng(seed)
    x, tx, later = (np.zeros(len(ages)) for _ in range(3))
    for person, age in enumerate(ages):
        rate, leaves = rng.gamma(model.r, 1 / model.alpha), rng.beta(model.a, model.b)
        now = rng.exponential(1 / rate)
        while now <= age + ahead:
            if now <= age:
                x[person], tx[person] = x[person] + 1, now
            else:
                later[person] += 1
            if rng.random() < leaves:
                break
            now += rng.exponential(1 / rate)
    return x, tx, later


def test_the_worked_example_of_the_authors() -> None:
    # "Implementing the BG/NBD Model for Customer Base Analysis in Excel": customer 0001 in the next 39 weeks
    assert PAPER.expected_transactions(39, 2, 30.43, 38.86) == pytest.approx(1.226, abs=5e-4)


@pytest.mark.parametrize(("x", "tx", "age"), [(0, 0.0, 38.86), (1, 1.71, 38.86), (2, 30.43, 38.86), (7, 3.0, 20.0)])
def test_likelihood_is_the_integral_over_rates_and_leaving(x: int, tx: float, age: float) -> None:
    found = np.exp(float(PAPER.log_likelihood(x, tx, age)))
    assert found == pytest.approx(likelihood_by_integration(PAPER, x, tx, age), rel=1e-6)


@settings(max_examples=60)
@given(
    r=st.floats(0.05, 5),
    alpha=st.floats(0.5, 50),
    a=st.floats(0.1, 20),
    b=st.floats(0.2, 8) | st.floats(8, 1e5),
    x=st.integers(0, 300),
    share=st.floats(0.01, 1),
    age=st.floats(1, 400),
    horizon=st.floats(0.5, 400),
)
def test_expected_transactions_equal_the_integral_also_for_many_repeats(
    r: float, alpha: float, a: float, b: float, x: int, share: float, age: float, horizon: float
) -> None:
    model, tx = BgNbd(r, alpha, a, b), share * age if x else 0.0
    expected = expected_by_integration(model, horizon, x, tx, age)
    assert float(model.expected_transactions(horizon, x, tx, age)) == pytest.approx(expected, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("x", [0, 1, 2, 7, 20, 21, 98, 300])
@pytest.mark.parametrize(("r", "a"), [(0.5, 0.5), (2.0, 1.5), (0.25, 3.25)])
def test_integer_differences_of_parameters_do_not_overflow(r: float, a: float, x: int) -> None:
    """c - a - b of the hypergeometric function is x + 1 + r - a; at an integer SciPy's overflows for many repeats."""
    model = BgNbd(r, 0.5, a, 2.0)
    expected = expected_by_integration(model, 14.0, x, 1.0 if x else 0.0, 1.0)
    assert float(model.expected_transactions(14.0, x, 1.0 if x else 0.0, 1.0)) == pytest.approx(expected, rel=1e-7)


@pytest.mark.parametrize("a", [1.0, 1.0 + 1e-9, 1.0 - 1e-6, 1.00005])
def test_the_closed_form_holds_at_a_of_one(a: float) -> None:
    model = BgNbd(0.5, 5.0, a, 2.0)
    assert model.expected_transactions(39, 4, 30, 38) == pytest.approx(
        expected_by_integration(model, 39, 4, 30, 38), rel=1e-6
    )


def test_the_closed_form_holds_at_a_plus_b_of_one_without_repeats() -> None:
    model = BgNbd(0.5, 5.0, 0.4, 0.6)
    expected = expected_by_integration(model, 39, 0, 0, 38)
    assert model.expected_transactions(39, 0, 0, 38) == pytest.approx(expected, rel=1e-6)


def test_ten_thousand_repeats_stay_finite() -> None:
    x, tx, age = np.array([10_000.0, 10_000.0]), np.array([399.0, 10.0]), np.array([400.0, 400.0])
    expected = PAPER.expected_transactions(90, x, tx, age)
    assert 0 < expected[0] < 10_000 * 90 / 400 * 1.01 and expected[1] == pytest.approx(0, abs=1e-6)
    assert np.isfinite(PAPER.log_likelihood(x, tx, age)).all()


def test_buyers_who_all_leave_with_the_same_chance_are_fitted_and_expected_right() -> None:
    """a and b grow without end then: the fit stops before the closed form overflows."""
    truth = BgNbd(0.6, 5.0, 3000.0, 9000.0)
    ages = np.random.default_rng(8).integers(20, 60, size=8_000).astype(float)
    x, tx, later = simulated(truth, ages, ahead=40, seed=9)
    fitted = fit_bgnbd(x, tx, ages)
    assert fitted.a / (fitted.a + fitted.b) == pytest.approx(0.25, rel=0.06) and fitted.a > 5
    expected = fitted.expected_transactions(40, x, tx, ages)
    assert np.isfinite(expected).all()
    assert expected.mean() == pytest.approx(later.mean(), abs=4 * later.std() / np.sqrt(len(later)))


def test_a_person_without_repeats_had_no_chance_to_leave() -> None:
    assert PAPER.probability_alive([0, 0], [0, 0], [1, 1000]).tolist() == [1, 1]


def test_longer_silence_makes_leaving_likelier() -> None:
    alive = PAPER.probability_alive(5, 20, np.array([20, 30, 40, 80]))
    assert (np.diff(alive) < 0).all()


def test_simulated_buyers_give_back_their_parameters_and_their_future() -> None:
    truth = BgNbd(0.8, 6.0, 0.9, 3.0)
    ages = np.random.default_rng(5).integers(20, 60, size=20_000).astype(float)
    x, tx, later = simulated(truth, ages, ahead=26, seed=6)
    fitted = fit_bgnbd(x, tx, ages)
    assert fitted.r == pytest.approx(truth.r, rel=0.06)
    assert fitted.alpha == pytest.approx(truth.alpha, rel=0.08)
    assert fitted.a / (fitted.a + fitted.b) == pytest.approx(0.9 / 3.9, rel=0.06)
    for few, many in ((0, 0), (1, 2), (3, 5), (6, 40)):
        rows = (x >= few) & (x <= many)
        se = later[rows].std() / np.sqrt(rows.sum())
        assert truth.expected_transactions(26, x[rows], tx[rows], ages[rows]).mean() == pytest.approx(
            later[rows].mean(), abs=4 * se
        )
        any_later = (later[rows] > 0).mean()
        assert truth.probability_of_any(26, x[rows], tx[rows], ages[rows]).mean() == pytest.approx(
            any_later, abs=4 * np.sqrt(any_later * (1 - any_later) / rows.sum())
        )


def test_the_unit_of_time_changes_only_alpha_and_the_order_of_persons_nothing() -> None:
    ages = np.random.default_rng(1).integers(10, 40, size=2_000).astype(float)
    x, tx, _ = simulated(PAPER, ages, ahead=0, seed=2)
    weeks, days = fit_bgnbd(x, tx, ages), fit_bgnbd(x, tx * 7, ages * 7)
    assert (days.r, days.a, days.b) == pytest.approx((weeks.r, weeks.a, weeks.b), rel=1e-4)
    assert days.alpha == pytest.approx(7 * weeks.alpha, rel=1e-4)
    shuffled = np.random.default_rng(3).permutation(len(x))
    assert fit_bgnbd(x[shuffled], tx[shuffled], ages[shuffled]) == weeks


def test_what_cannot_be_fitted_says_why() -> None:
    with pytest.raises(FitError, match="no repeat"):
        fit_bgnbd([0, 0], [0, 0], [5, 9])
    with pytest.raises(FitError, match="recency is at most age"):
        fit_bgnbd([1], [10], [5])
    with pytest.raises(FitError, match="must be numbers"):
        fit_bgnbd([1], [np.nan], [5])
