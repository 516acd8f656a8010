"""Runs suites: DuckDB computes each probe's few rows, Great Expectations judges them.

Great Expectations takes seconds to import, so it is imported on first use. A probe or an expectation that cannot be
evaluated raises GateBroken: a crashed check is neither a pass nor a failure.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from expectations.params import GateParams
from expectations.results import CheckResult, GateBroken
from expectations.suites import STAGES, SUITES
from expectations.suites.base import Check, Probe, Suite

if TYPE_CHECKING:
    import pandas as pd

Params = GateParams | Mapping[str, Any]
MAX_EXAMPLES = 5


def run_stage(stage: str, target: object, params: Params, tables: Collection[str] | None = None) -> list[CheckResult]:
    """Run every suite of a gate (raw, sessions, marts, ml), or those of some tables, on a DuckDB file or connection.

    The raw gate reads only Parquet, so its target may be a file that does not exist yet.
    """
    if stage not in STAGES:
        raise ValueError(f"unknown stage {stage!r}; expected one of {', '.join(STAGES)}")
    suites = [s for s in SUITES.values() if s.stage == stage and (tables is None or s.name in tables)]
    with _connection(target) as connection:
        return [result for suite in suites for result in run_suite(suite.name, connection, params)]


def run_suite(name: str, target: object, params: Params) -> list[CheckResult]:
    """Run the suite of one table, given as schema.table."""
    suite, limits = SUITES[name], _limits(params)
    with _connection(target) as connection:
        return [
            result
            for probe in suite.probes
            for result in judge(suite, probe, _rows(suite, probe, connection, limits), limits)
        ]


def judge(suite: Suite, probe: Probe, frame: pd.DataFrame, params: GateParams) -> list[CheckResult]:
    """Judge the rows of one probe; the seam where tests hand in good and bad frames."""
    checks = list(probe.checks(params))
    nothing = [check for check in checks if _has_nothing_to_judge(check, frame)]
    judged = [check for check in checks if check not in nothing]
    return [*(_empty(suite, check) for check in nothing), *_validate(suite, probe, frame, judged)]


def _limits(params: Params) -> GateParams:
    return params if isinstance(params, GateParams) else GateParams.from_mapping(params)


@contextmanager
def _connection(target: object) -> Iterator[Any]:
    """Yield something with DuckDB's `.execute(sql).df()`; a connection that was handed in stays open."""
    if not isinstance(target, str | Path):
        yield target
        return
    import sqlalchemy as sa

    exists = Path(target).exists()
    # The driver's own cursor is used below: SQLAlchemy 2.1 loses DuckDB's rows when it closes the connection first.
    engine = sa.create_engine(
        f"duckdb:///{target if exists else ':memory:'}", connect_args={"read_only": exists}, poolclass=sa.NullPool
    )
    pooled = engine.raw_connection()
    try:
        yield pooled.driver_connection
    finally:
        pooled.close()
        engine.dispose()


def _rows(suite: Suite, probe: Probe, connection: Any, params: GateParams) -> pd.DataFrame:
    try:
        frame: pd.DataFrame = connection.execute(probe.sql(params)).df()
    except Exception as error:
        raise GateBroken(f"{suite.name}: probe {probe.name} could not be computed: {error}") from error
    return frame


def _has_nothing_to_judge(check: Check, frame: pd.DataFrame) -> bool:
    if check.column is None or check.kind == "ExpectColumnValuesToNotBeNull":
        return False
    if check.column not in frame.columns:
        return False  # Great Expectations reports the missing column, and that raises
    return not bool(frame[check.column].notna().any())


def _empty(suite: Suite, check: Check) -> CheckResult:
    passed, observed = (None, "skipped: nothing to check") if check.may_be_empty else (False, "nothing to check")
    return CheckResult(
        suite.stage, suite.name, _snake(check.kind), check.column, check.severity, passed, observed, None,
        check.expected, check.hint,
    )  # fmt: skip


@cache
def _great_expectations() -> tuple[Any, Any]:
    """The module and one batch definition that takes any frame: no project folder, no analytics, no progress bars."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    with _no_collection():
        import great_expectations as gx
        from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    asset = context.data_sources.add_pandas("probes").add_dataframe_asset("rows")
    return gx, asset.add_batch_definition_whole_dataframe("rows")


@contextmanager
def _no_collection() -> Iterator[None]:
    """What an import makes stays, and looking through it for garbage again and again is a third of its time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _validate(suite: Suite, probe: Probe, frame: pd.DataFrame, checks: Sequence[Check]) -> list[CheckResult]:
    if not checks:
        return []
    gx, rows = _great_expectations()
    expectations = [
        getattr(gx.expectations, check.kind)(**({"column": check.column} if check.column else {}), **check.kwargs,
                                             meta={"index": index})
        for index, check in enumerate(checks)
    ]  # fmt: skip
    batch = rows.get_batch(batch_parameters={"dataframe": frame})
    wanted = {"result_format": "SUMMARY", "partial_unexpected_count": MAX_EXAMPLES}
    if probe.keys:
        wanted["unexpected_index_column_names"] = list(probe.keys)
    outcome = batch.validate(gx.ExpectationSuite(name=suite.name, expectations=expectations), result_format=wanted)
    by_index = {result.expectation_config.meta["index"]: result for result in outcome.results}
    if len(by_index) != len(checks):
        raise GateBroken(f"{suite.name}: {len(checks) - len(by_index)} expectations of probe {probe.name} did not run")
    return [_result(suite, check, frame, by_index[index]) for index, check in enumerate(checks)]


def _result(suite: Suite, check: Check, frame: pd.DataFrame, verdict: Any) -> CheckResult:
    if problem := _exception(verdict.exception_info):
        raise GateBroken(f"{suite.name}: {_snake(check.kind)} on {check.column or 'the table'} broke: {problem}")
    details = verdict.result
    n_unexpected = details.get("unexpected_count")
    if check.counts_rows and n_unexpected:
        n_unexpected = frame[check.column].abs().sum()
    return CheckResult(
        stage=suite.stage,
        table_name=suite.name,
        expectation=_snake(check.kind),
        column_name=check.column,
        severity=check.severity,
        passed=bool(verdict.success),
        observed_value=_observed(check, frame, details),
        n_unexpected=None if n_unexpected is None else int(n_unexpected),
        expected=check.expected,
        hint=check.hint,
    )


def _exception(info: Mapping[str, Any]) -> str | None:
    """The message of an exception in exception_info: either one record, or one record per metric."""
    records = [info] if "raised_exception" in info else list(info.values())
    raised = [record for record in records if record.get("raised_exception")]
    return str(raised[0].get("exception_message")) if raised else None


def _observed(check: Check, frame: pd.DataFrame, details: Mapping[str, Any]) -> str:
    """What was seen, and where it was unexpected: `0.12 (source=shop)`; else the value or the range of values."""
    if "observed_value" in details:
        return _text(details["observed_value"])
    examples = details.get("partial_unexpected_index_list") or []
    if examples and isinstance(examples[0], Mapping):  # bare row numbers where the probe has no keys
        return "; ".join(_example(check, example) for example in examples[:MAX_EXAMPLES])
    values = sorted(set(frame[check.column].dropna())) if check.column else []
    if not values:
        return "only nulls"
    return _text(values[0]) if len(values) == 1 else f"{_text(values[0])} … {_text(values[-1])}"


def _example(check: Check, example: Mapping[str, Any]) -> str:
    where = ", ".join(f"{key}={_text(value)}" for key, value in example.items() if key != check.column)
    value = _text(example.get(str(check.column), ""))
    return f"{value} ({where})" if where else value


def _text(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    return str(value)


def _snake(kind: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in kind).lstrip("_")
