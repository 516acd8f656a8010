"""Data quality gates: Great Expectations suites, one per gated table, and the runner that applies them.

Belongs here: what must hold for volume, distribution, freshness, reconciliation between stages and untyped input or
model output. Does not belong here: shape (dbt contracts), keys and enums (dbt tests), logic (dbt unit tests), Dagster,
and the decision what a failed check stops. Importing this package does not import Great Expectations.
"""

from expectations.params import GateParams
from expectations.results import CheckResult, GateBroken
from expectations.runner import run_stage, run_suite
from expectations.suites import STAGES, SUITES

__all__ = ["STAGES", "SUITES", "CheckResult", "GateBroken", "GateParams", "run_stage", "run_suite"]
