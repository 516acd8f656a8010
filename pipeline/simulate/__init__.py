"""A simulated shop: raw logs to run the warehouse on, and the ground truth to check it against.

Belongs here: everything that generates data. Not here: anything that ingests it.
"""

from pipeline.simulate.live import Sender, Shop, send_live
from pipeline.simulate.run import DEFAULT_CURRENCY, SimulationReport, simulate
from pipeline.simulate.writer import SimulationError

__all__ = ["DEFAULT_CURRENCY", "Sender", "Shop", "SimulationError", "SimulationReport", "send_live", "simulate"]
