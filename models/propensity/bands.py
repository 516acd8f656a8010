"""Bands of a probability: low, medium, high.

Belongs here: their thresholds and applying them. Does not belong here: the probabilities.
"""

from dataclasses import dataclass

from models.common.frames import FloatArray

BAND_COLUMN: dict[str, str] = {"churn": "risk_band", "purchase": "propensity_band"}
HIGH_LIFT = 2.0


@dataclass(frozen=True)
class Bands:
    """The lowest probability of the bands `high` and `medium`; what is below both is `low`."""

    high: float
    medium: float

    def of(self, probability: FloatArray) -> list[str]:
        """Band of each probability.

        >>> import numpy as np
        >>> Bands(high=0.7, medium=0.4).of(np.array([0.7, 0.69, 0.1]))
        ['high', 'medium', 'low']
        """
        return ["high" if value >= self.high else "medium" if value >= self.medium else "low" for value in probability]


def bands_by_lift(base_rate: float) -> Bands:
    """medium from the base rate; high from twice the base rate, or from half the rate of the opposite if that is lower.

    The same word so means the same for an event that is rare and for one that is common: much more likely than usual.

    >>> bands_by_lift(0.05)
    Bands(high=0.1, medium=0.05)
    >>> bands_by_lift(0.6)
    Bands(high=0.8, medium=0.6)

    Where nobody did it, everybody is low: nothing is a multiple of 0.
    """
    if base_rate <= 0:
        return Bands(float("inf"), float("inf"))
    return Bands(min(HIGH_LIFT * base_rate, 1.0 - (1.0 - base_rate) / HIGH_LIFT), base_rate)
