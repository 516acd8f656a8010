"""Calibration: turning a model's score into a probability that means what it says.

Belongs here: fitting a calibration on validation rows and applying it; it is stored as plain numbers in the card.
Does not belong here: the models themselves and their evaluation.
"""

from models.calibrate.calibration import Calibration, fit_calibration

__all__ = ["Calibration", "fit_calibration"]
