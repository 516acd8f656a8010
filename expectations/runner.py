"""Runs suites: a connection computes each probe's few rows, `validation` checks them.

The connection is handed in open and left open; any whose `execute(sql).df()` gives a frame will do, as DuckDB's does.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from expectations.checks import Suite
from expectations.params import GateParams
from expectations.results import CheckResult, GateBroken
from expectations.suites import STAGES, SUITES
from expectations.validation import validate

if TYPE_CHECKING:
    import pandas as pd


class Connection(Protocol):
    """An open connection to the build database; to any database for the raw gate, which reads only Parquet."""

    def execute(self, sql: str, /) -> Any: ...


def run_stage(
    stage: str, connection: Connection, values: Mapping[str, Any] | GateParams, tables: Collection[str] | None = None
) -> list[CheckResult]:
    """Run every suite of a gate (raw, sessions, marts, ml), or those of some tables."""
    if stage not in STAGES:
        raise ValueError(f"unknown stage {stage!r}; expected one of {', '.join(STAGES)}")
    params = values if isinstance(values, GateParams) else GateParams.from_mapping(values)
    suites = [s for s in SUITES.values() if s.stage == stage and (tables is None or s.name in tables)]
    return [result for suite in suites for result in run_suite(suite, connection, params)]


def run_suite(suite: Suite, connection: Connection, params: GateParams) -> list[CheckResult]:
    """Run the suite of one table."""
    results: list[CheckResult] = []
    for build in suite.probes:
        probe = build(params)
        try:
            frame: pd.DataFrame = connection.execute(probe.sql).df()
        except Exception as error:
            raise GateBroken(f"{suite.name}: probe {build.__name__} could not be computed: {error}") from error
        results += validate(suite, probe, frame)
    return results
