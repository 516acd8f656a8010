"""Data quality gates: what must hold of each checked table, and the runner that checks it with Great Expectations.

Belongs here: what must hold for volume, distribution, freshness, reconciliation between stages and untyped input or
model output. Does not belong here: shape (dbt contracts), keys and enums (dbt tests), logic (dbt unit tests), Dagster,
opening a database, what a failed check stops. Importing this package does not import Great Expectations.
"""

from expectations.params import GateParams
from expectations.results import RESULT_COLUMNS, CheckResult, GateBroken
from expectations.runner import run_stage, run_suite
from expectations.suites import STAGES, SUITES
from expectations.wording import describe, describe_row

__all__ = [
    "RESULT_COLUMNS",
    "STAGES",
    "SUITES",
    "CheckResult",
    "GateBroken",
    "GateParams",
    "describe",
    "describe_row",
    "run_stage",
    "run_suite",
]
