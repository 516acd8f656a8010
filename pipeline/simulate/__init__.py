"""A simulated shop with known ground truth: raw logs to run the warehouse on, and the truth to check it against.

Belongs here: everything that invents data. Not here: anything that reads it back.
"""

from pipeline.simulate.run import SimulationReport, simulate
from pipeline.simulate.writer import SimulationError

__all__ = ["SimulationError", "SimulationReport", "simulate"]
