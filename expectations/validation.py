"""Great Expectations on the few rows of a probe: which checks held, what was observed, and where it was unexpected.

Great Expectations takes seconds to import, so it is imported on first use. A check that cannot be evaluated raises
GateBroken: a crashed check is neither a pass nor a failure.
"""

from __future__ import annotations

import gc
import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

from expectations.checks import Check, Probe, Suite
from expectations.results import CheckResult, GateBroken

if TYPE_CHECKING:
    import pandas as pd

MAX_EXAMPLES = 5


def validate(suite: Suite, probe: Probe, frame: pd.DataFrame) -> list[CheckResult]:
    """Check the rows of one probe; the seam where tests hand in good and bad frames."""
    without = [check for check in probe.checks if _has_no_value(check, frame)]
    checks = [check for check in probe.checks if check not in without]
    outcomes = _evaluate(suite, checks, frame, {"result_format": "BASIC"})
    # To find where values were unexpected costs half as much again, so it is done for failures only.
    failed = [check for check, outcome in zip(checks, outcomes, strict=True) if not outcome.success]
    wanted = {"result_format": "SUMMARY", "partial_unexpected_count": MAX_EXAMPLES}
    if probe.keys:
        wanted["unexpected_index_column_names"] = list(probe.keys)
    examples = iter(_evaluate(suite, failed, frame, wanted))
    return [
        *(_empty(suite, check) for check in without),
        *(
            _result(suite, check, frame, outcome if outcome.success else next(examples))
            for check, outcome in zip(checks, outcomes, strict=True)
        ),
    ]


def _has_no_value(check: Check, frame: pd.DataFrame) -> bool:
    if check.column is None or check.kind == "ExpectColumnValuesToNotBeNull":
        return False
    if check.column not in frame.columns:
        return False  # Great Expectations reports the missing column, and that raises
    return not bool(frame[check.column].notna().any())


def _empty(suite: Suite, check: Check) -> CheckResult:
    if check.may_be_empty:
        return _row(suite, check, None, "skipped: nothing to check", None)
    return _row(suite, check, False, "nothing to check", None)


def _row(suite: Suite, check: Check, passed: bool | None, observed: str, n_unexpected: int | None) -> CheckResult:
    return CheckResult(
        stage=suite.stage,
        table_name=suite.name,
        expectation=check.expectation,
        column_name=check.column,
        severity=check.severity,
        passed=passed,
        observed_value=observed,
        n_unexpected=n_unexpected,
        expected=check.expected,
        explanation=check.explanation,
        action=check.action,
    )


@cache
def _great_expectations() -> tuple[Any, Any]:
    """The module and one batch definition that takes any frame: no project folder, no analytics, no progress bars."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    logging.getLogger("great_expectations").setLevel(logging.WARNING)  # else it may print among a night's messages
    with _garbage_collection_paused():
        import great_expectations as gx
        from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    asset = context.data_sources.add_pandas("probes").add_dataframe_asset("rows")
    return gx, asset.add_batch_definition_whole_dataframe("rows")


@contextmanager
def _garbage_collection_paused() -> Iterator[None]:
    """An import's objects stay, and collecting among them again and again is a third of its time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _evaluate(suite: Suite, checks: Sequence[Check], frame: pd.DataFrame, wanted: Mapping[str, Any]) -> list[Any]:
    """Great Expectations' result of each check, in their order."""
    if not checks:
        return []
    gx, rows = _great_expectations()
    expectations = [
        getattr(gx.expectations, check.kind)(
            **({"column": check.column} if check.column else {}), **check.kwargs, meta={"index": index}
        )
        for index, check in enumerate(checks)
    ]
    batch = rows.get_batch(batch_parameters={"dataframe": frame})
    outcome = batch.validate(gx.ExpectationSuite(name=suite.name, expectations=expectations), result_format=wanted)
    by_index = {result.expectation_config.meta["index"]: result for result in outcome.results}
    if missing := [check for index, check in enumerate(checks) if index not in by_index]:
        raise GateBroken(f"{suite.name}: {missing[0].expectation} on {missing[0].column} and others did not run")
    for index, check in enumerate(checks):
        if problem := _exception(by_index[index].exception_info):
            raise GateBroken(f"{suite.name}: {check.expectation} on {check.column or 'the table'} broke: {problem}")
    return [by_index[index] for index in range(len(checks))]


def _exception(info: Mapping[str, Any]) -> str | None:
    """The message of an exception in exception_info: either one record, or one record per metric."""
    records = [info] if "raised_exception" in info else list(info.values())
    raised = [record for record in records if record.get("raised_exception")]
    return str(raised[0].get("exception_message")) if raised else None


def _result(suite: Suite, check: Check, frame: pd.DataFrame, outcome: Any) -> CheckResult:
    n_unexpected = outcome.result.get("unexpected_count")
    if check.counts_rows and n_unexpected:
        n_unexpected = frame[check.column].abs().sum()
    observed = _observed(check, frame, outcome.result)
    return _row(suite, check, bool(outcome.success), observed, None if n_unexpected is None else int(n_unexpected))


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
    return f"{value:.6g}" if isinstance(value, float) else str(value)
