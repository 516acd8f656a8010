"""How often a person buys and whether they still do: the BG/NBD model of purchase counts.

Belongs here: its likelihood, its fit and its predictions. Does not belong here: money (see `value.gamma_gamma`), which
persons are scored (see `value.customer_value`), the classifier made of it (see `propensity.algorithms.bg_nbd`).

Source: Fader, Hardie & Lee (2005), "Counting Your Customers" the Easy Way: An Alternative to the Pareto/NBD Model,
Marketing Science 24(2), 275–284. While alive a person buys at Poisson rate λ ~ Gamma(r, α), and after each purchase
leaves for good with probability p ~ Beta(a, b).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import digamma, gammaln, hyp2f1
from threadpoolctl import threadpool_limits

from models.common.frames import FloatArray

_STARTS = ((1.0, 1.0, 1.0, 1.0), (0.3, 0.5, 0.8, 2.5), (2.0, 3.0, 0.5, 5.0))
_LOG_BOUND = 12.0  # e^±12: beyond it the likelihood is flat, the parameter means "no such variation"
_LOG_MAX_A = (
    3.0  # a of 20: chances to leave differ by a fifth; beyond it the closed form overflows, the data hardly differ
)
_MANY_REPEATS, _LARGE_B = 20, 50.0
_MAX_TERMS = 20_000
_SINGULAR = 1e-4  # the closed form is 0/0 at a = 1 and a + b + x = 1; this near it is taken from both sides


class FitError(ValueError):
    """There is too little data for a fit; the message says what is missing."""


@dataclass(frozen=True)
class BgNbd:
    """A fitted model, a at most about 20; alpha is in the unit of time of the data, the rest has none.

    In all methods frequency is the number of repeat transactions (x), recency the time of the last transaction since
    the first (0 without repeats), age the time since the first (T); arrays of one length, or single numbers.
    """

    r: float
    alpha: float
    a: float
    b: float

    def log_likelihood(self, frequency: ArrayLike, recency: ArrayLike, age: ArrayLike) -> FloatArray:
        """Log-likelihood of each person (equation 6 of the paper)."""
        x, tx, end = _checked(frequency, recency, age)
        value, _ = _likelihood(np.array([self.r, self.alpha, self.a, self.b]), x, tx, end)
        return value

    def probability_alive(self, frequency: ArrayLike, recency: ArrayLike, age: ArrayLike) -> FloatArray:
        """P(still a buyer at age | history); 1 for a person without repeats, who had no chance to leave."""
        x, tx, end = _checked(frequency, recency, age)
        log_odds_gone = _log_gone(self.r, self.alpha, self.a, self.b, x, tx, end)
        return 1.0 / (1.0 + np.exp(np.minimum(log_odds_gone, 700.0)))

    def expected_transactions(
        self, horizon: ArrayLike, frequency: ArrayLike, recency: ArrayLike, age: ArrayLike
    ) -> FloatArray:
        """E[transactions in (age, age + horizon] | history] (equation 10 of the paper)."""
        x, tx, end = _checked(frequency, recency, age)
        ahead = np.maximum(np.asarray(horizon, dtype=np.float64), 0.0)
        return self.probability_alive(x, tx, end) * self._expected_if_alive(ahead / (self.alpha + end), x)

    def probability_of_any(
        self, horizon: ArrayLike, frequency: ArrayLike, recency: ArrayLike, age: ArrayLike
    ) -> FloatArray:
        """P(at least one transaction in (age, age + horizon] | history).

        Exact: whoever is alive has λ ~ Gamma(r + x, α + T), and cannot leave before the next transaction.
        """
        x, tx, end = _checked(frequency, recency, age)
        ahead = np.maximum(np.asarray(horizon, dtype=np.float64), 0.0)
        buys_if_alive = -np.expm1(-(self.r + x) * np.log1p(ahead / (self.alpha + end)))
        return self.probability_alive(x, tx, end) * buys_if_alive

    def _expected_if_alive(self, ahead: FloatArray, x: FloatArray) -> FloatArray:
        """Expected transactions of a person who is alive; `ahead` is horizon / (alpha + age).

        The paper's (1 - z)^(r+x) 2F1(r+x, b+x; c; z) equals (1 - z)^(a-1) 2F1(a-1, c-r-x; c; z) by Euler's
        transformation: its first parameters do not grow with x, so it neither overflows nor loses digits.
        """
        if abs(self.a - 1.0) < _SINGULAR:
            below, above = (_expected(1.0 + side, self.b, self.r, ahead, x) for side in (-_SINGULAR, _SINGULAR))
            share = (self.a - 1.0 + _SINGULAR) / (2.0 * _SINGULAR)
            return (1.0 - share) * below + share * above
        return _expected(self.a, self.b, self.r, ahead, x)


def fit_bgnbd(frequency: ArrayLike, recency: ArrayLike, age: ArrayLike) -> BgNbd:
    """The BG/NBD parameters of maximum likelihood.

    frequency, recency, age: one number per person, as in `BgNbd`. Persons with equal histories are grouped and counted,
    so that a million persons in whole days fit in seconds; the order of persons does not matter.
    Raises FitError without any repeat transaction, or with impossible times.
    """
    from scipy.optimize import minimize

    x, tx, end = _checked(frequency, recency, age)
    if not x.any():
        raise FitError("no repeat transaction: nothing shows how often persons come back")
    groups, counts = np.unique(np.column_stack([x, tx, end]), axis=0, return_counts=True)
    unit = float(np.average(groups[:, 2], weights=counts))  # times of about 1 keep the four parameters on one scale
    x, tx, end = groups[:, 0], groups[:, 1] / unit, groups[:, 2] / unit
    weights = counts / counts.sum()

    def objective(logs: FloatArray) -> tuple[float, FloatArray]:
        parameters = np.exp(logs)
        value, gradient = _likelihood(parameters, x, tx, end)
        return -float(np.sum(weights * value)), -np.sum(weights * gradient, axis=1) * parameters

    bounds = [(-_LOG_BOUND, _LOG_MAX_A if name == "a" else _LOG_BOUND) for name in ("r", "alpha", "a", "b")]
    options = {"maxiter": 2_000, "ftol": 1e-15, "gtol": 1e-9}
    with threadpool_limits(limits=1):  # four numbers: threads of the linear algebra took four times the CPU time
        tries = [
            minimize(objective, np.log(start), jac=True, method="L-BFGS-B", bounds=bounds, options=options)
            for start in _STARTS
        ]
    best = min(tries, key=lambda found: float(found.fun))
    if not np.isfinite(best.fun):
        raise FitError("the likelihood is not finite at any start")
    r, alpha, a, b = (float(value) for value in np.exp(best.x))
    return BgNbd(r, alpha * unit, a, b)


def _checked(*columns: ArrayLike) -> tuple[FloatArray, FloatArray, FloatArray]:
    x, tx, end = np.broadcast_arrays(*(np.asarray(column, dtype=np.float64) for column in columns))
    if not (np.isfinite(x).all() and np.isfinite(tx).all() and np.isfinite(end).all()):
        raise FitError("frequency, recency and age must be numbers")
    if (x < 0).any() or (tx < 0).any() or (tx > end).any():
        raise FitError("frequency and recency are at least 0, and recency is at most age")
    return x, tx, end


def _log_gone(r: float, alpha: float, a: float, b: float, x: FloatArray, tx: FloatArray, end: FloatArray) -> FloatArray:
    """Log odds of having left after the last transaction; minus infinity without repeats."""
    repeats = np.maximum(x, 1.0)
    log_odds = np.log(a) - np.log(b + repeats - 1.0) + (r + x) * (np.log(alpha + end) - np.log(alpha + tx))
    return np.where(x > 0, log_odds, -np.inf)


def _likelihood(
    parameters: FloatArray, x: FloatArray, tx: FloatArray, end: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Log-likelihood of each row, and its derivatives by r, alpha, a and b (4 × rows)."""
    r, alpha, a, b = (float(value) for value in parameters)
    log_gone = _log_gone(r, alpha, a, b, x, tx, end)
    log_sum = np.logaddexp(0.0, log_gone)  # of the two explanations of the history: still alive, or gone
    gone = np.exp(log_gone - log_sum)
    rates = gammaln(r + x) - gammaln(r) + r * np.log(alpha) - (r + x) * np.log(alpha + end)
    stays = gammaln(a + b) + gammaln(b + x) - gammaln(b) - gammaln(a + b + x)
    to_end, to_last = np.log(alpha + end), np.log(alpha + tx)
    gradient = np.stack(
        [
            digamma(r + x) - digamma(r) + np.log(alpha) - (1.0 - gone) * to_end - gone * to_last,
            r / alpha - (r + x) * ((1.0 - gone) / (alpha + end) + gone / (alpha + tx)),
            digamma(a + b) - digamma(a + b + x) + gone / a,
            digamma(a + b) + digamma(b + x) - digamma(b) - digamma(a + b + x) - gone / (b + np.maximum(x, 1.0) - 1.0),
        ]
    )
    return rates + stays + log_sum, gradient


def _expected(a: float, b: float, r: float, ahead: FloatArray, x: FloatArray) -> FloatArray:
    c = a + b + x - 1.0
    c = np.where(np.abs(c) < _SINGULAR**2, _SINGULAR**2, c)  # x = 0 and a + b = 1: the pole cancels with the factor c
    c, z = np.broadcast_arrays(c, ahead / (1.0 + ahead))
    gauss = np.empty(z.shape)
    many = np.broadcast_to((x > _MANY_REPEATS) | (b > _LARGE_B), z.shape)
    gauss[~many] = hyp2f1(a - 1.0, a + b - 1.0 - r, c[~many], z[~many])
    gauss[many] = _series(a - 1.0, a + b - 1.0 - r, c[many], z[many])
    return c / (a - 1.0) * (1.0 - (1.0 + ahead) ** (1.0 - a) * gauss)


def _series(first: float, second: float, c: FloatArray, z: FloatArray) -> FloatArray:
    """2F1 by its power series, for large c, where SciPy's overflows; c is above the second."""
    term, total = np.ones(len(z)), np.ones(len(z))
    for k in range(_MAX_TERMS):
        term = term * ((first + k) * (second + k) / ((c + k) * (k + 1.0))) * z
        total = total + term
        if (np.abs(term) <= 1e-16 * np.abs(total)).all():
            break
    return total
