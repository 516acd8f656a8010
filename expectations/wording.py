"""A check's result in a sentence: what was observed, the limit, what it means and where to look."""

from __future__ import annotations

import re

from expectations.results import CheckResult, Severity
from expectations.suites import SUITES

_RATES = ("_rate", "_share")
_LIMIT = re.compile(r"\d+(?:\.\d+)?(?:e-\d+)?")
# What was observed may name places, whose numbers are not rates: `0.3 (source=shop2); 0.4 (source=b)`.
_OBSERVED = re.compile(rf"(?:(?<=^)|(?<=; )|(?<=… )){_LIMIT.pattern}(?=$| \(| …)")


def describe(result: CheckResult) -> str:
    """A result in words: `marts.fct_orders: suspicious_rate is 21.5 % (expected 0 % to 20 %): share of …`."""
    return _sentence(result.table_name, result.what, result.observed_value, result.expected, result.explanation)


def describe_row(table: str, what: str, severity: Severity, observed: str, expected: str) -> str:
    """The same of a row of ops.quality_results; a check that no longer exists has no explanation."""
    check = SUITES[table].check(what, severity) if table in SUITES else None
    return _sentence(table, what, observed, expected, check.explanation if check else "")


def _sentence(table: str, what: str, observed: str, expected: str, explanation: str) -> str:
    if what.endswith(_RATES):
        observed, expected = _OBSERVED.sub(_percent, observed), _LIMIT.sub(_percent, expected)
    return f"{table}: {what} is {observed} (expected {expected})" + (f": {explanation}" if explanation else "")


def _percent(number: re.Match[str]) -> str:
    return f"{round(float(number[0]) * 100, 1):g} %"
