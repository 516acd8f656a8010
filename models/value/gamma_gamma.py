"""How much a person spends per transaction: the gamma-gamma model.

Belongs here: its likelihood, its fit and a person's expected value. Does not belong here: how often they buy
(see `common.bgnbd`).

Source: Fader & Hardie (2013), The Gamma-Gamma Model of Monetary Value (a note), after Colombo & Jiang (1999). The
values of a person's transactions vary around that person's mean as Gamma(p, ν), and ν varies between persons as
Gamma(q, γ); how much somebody spends is assumed to be independent of how often they buy.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import digamma, gammaln
from threadpoolctl import threadpool_limits

from models.common.bgnbd import FitError
from models.common.frames import FloatArray

_STARTS = ((1.0, 2.0, 1.0), (6.0, 4.0, 3.0), (3.0, 8.0, 10.0))
_LOG_BOUND = 12.0


@dataclass(frozen=True)
class GammaGamma:
    """A fitted model; gamma is in the unit of money of the data, p and q have none."""

    p: float
    q: float
    gamma: float

    @property
    def population_mean(self) -> float:
        """Mean transaction value of all persons, p γ / (q - 1); NaN where q ≤ 1, as such tails have no mean."""
        return self.p * self.gamma / (self.q - 1.0) if self.q > 1.0 else float("nan")

    def log_likelihood(self, n_transactions: ArrayLike, mean_value: ArrayLike) -> FloatArray:
        """Log density of each person's mean value (equation 1a of the note)."""
        n, mean = _checked(n_transactions, mean_value)
        value, _ = _likelihood(np.array([self.p, self.q, self.gamma]), n, mean)
        return value

    def expected_value(self, n_transactions: ArrayLike, mean_value: ArrayLike) -> FloatArray:
        """E[value of a transaction | n observed with this mean] (equation 5 of the note).

        Between the person's mean and the population's; without transactions it is the population's. Arrays of one
        length; NaN where p n + q ≤ 1.
        """
        n, mean = np.broadcast_arrays(
            np.asarray(n_transactions, dtype=np.float64), np.asarray(mean_value, dtype=np.float64)
        )
        weight = self.p * n + self.q - 1.0
        value = self.p * (self.gamma + n * np.where(n > 0, mean, 0.0)) / np.where(weight > 0, weight, 1.0)
        return np.where(weight > 0, value, np.nan)


def fit_gamma_gamma(n_transactions: ArrayLike, mean_value: ArrayLike) -> GammaGamma:
    """The parameters of maximum likelihood; one row per person with at least one transaction, mean value above 0.

    The order of persons does not matter. Raises FitError where there is nobody, or all means are equal.
    """
    from scipy.optimize import minimize

    n, mean = _checked(n_transactions, mean_value)
    rows, counts = np.unique(np.column_stack([n, mean]), axis=0, return_counts=True)
    if len(np.unique(rows[:, 1])) < 2:
        raise FitError("fewer than two different mean values: nothing shows how persons differ")
    unit = float(np.average(rows[:, 1], weights=counts))
    n, mean, weights = rows[:, 0], rows[:, 1] / unit, counts / counts.sum()

    def objective(logs: FloatArray) -> tuple[float, FloatArray]:
        parameters = np.exp(logs)
        value, gradient = _likelihood(parameters, n, mean)
        return -float(np.sum(weights * value)), -np.sum(weights * gradient, axis=1) * parameters

    options = {"maxiter": 2_000, "ftol": 1e-15, "gtol": 1e-9}
    bounds = [(-_LOG_BOUND, _LOG_BOUND)] * 3
    with threadpool_limits(limits=1):  # three numbers: threads of the linear algebra took four times the CPU time
        tries = [
            minimize(objective, np.log(start), jac=True, method="L-BFGS-B", bounds=bounds, options=options)
            for start in _STARTS
        ]
    best = min(tries, key=lambda found: float(found.fun))
    if not np.isfinite(best.fun):
        raise FitError("the likelihood is not finite at any start")
    p, q, gamma = (float(value) for value in np.exp(best.x))
    return GammaGamma(p, q, gamma * unit)


def _checked(n_transactions: ArrayLike, mean_value: ArrayLike) -> tuple[FloatArray, FloatArray]:
    n, mean = np.broadcast_arrays(
        np.asarray(n_transactions, dtype=np.float64), np.asarray(mean_value, dtype=np.float64)
    )
    if not len(n) or not (n >= 1).all() or not (np.isfinite(mean) & (mean > 0)).all():
        raise FitError("the model takes persons with at least one transaction and a mean value above 0")
    return n, mean


def _likelihood(parameters: FloatArray, n: FloatArray, mean: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Log-likelihood of each row, and its derivatives by p, q and gamma (3 × rows)."""
    p, q, gamma = (float(value) for value in parameters)
    total = n * mean
    logs = np.log(gamma + total)
    normaliser = gammaln(p * n + q) - gammaln(p * n) - gammaln(q)
    value = normaliser + q * np.log(gamma) + (p * n - 1.0) * np.log(mean) + p * n * np.log(n) - (p * n + q) * logs
    gradient = np.stack(
        [
            n * (digamma(p * n + q) - digamma(p * n) + np.log(total) - logs),
            digamma(p * n + q) - digamma(q) + np.log(gamma) - logs,
            q / gamma - (p * n + q) / (gamma + total),
        ]
    )
    return value, gradient
