"""A simulated shop with known ground truth: raw logs to run the warehouse on, and the truth to check it against.

Belongs here: everything that invents data. Not here: anything that reads it back.
"""

from pipeline.simulate.run import DEFAULT_CURRENCY, SimulationReport, simulate
from pipeline.simulate.writer import SimulationError

__all__ = ["DEFAULT_CURRENCY", "SimulationError", "SimulationReport", "simulate"]
