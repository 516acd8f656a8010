"""What a suite is made of: Suite → Probe (one query) → Check (one expectation on its result, and what it means).

A probe lets DuckDB reduce a table of any size to a few rows; Great Expectations checks those rows. So no gate pulls a
large table into memory. Nothing here imports Great Expectations or runs SQL.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, TypedDict, Unpack

from expectations.params import GateParams
from expectations.results import Severity

ROUNDING = 1e-9  # of sums of doubles that are added in another order
_DEFAULTS = GateParams(as_of_date=date(1970, 1, 1))


@dataclass(frozen=True)
class Check:
    """One expectation: a Great Expectations class name, its column and arguments, and what a person reads about it."""

    kind: str
    column: str | None
    meaning: str
    """What the number is, and what it points to when it is off."""
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    severity: Severity = "error"
    look: str = ""
    """A query on the published warehouse that shows what is behind a warning, as for `growthhouse sql`."""
    action: str = ""
    """What a person does about a failure, where it is not what one does about any failure of the stage."""
    counts_rows: bool = False
    """The column itself counts offending rows of the table, so n_unexpected is its sum, not the probe's row count."""
    may_be_empty: bool = False
    """No value is normal here (no purchases, no history): reported as skipped, neither passed nor failed."""

    @property
    def expectation(self) -> str:
        """The name in ops.quality_results: `expect_column_values_to_be_between`."""
        return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in self.kind).lstrip("_")

    @property
    def expected(self) -> str:
        """The limit in words: `0`, `at least 1`, `0 to 0.05`, `one of new, at_risk`."""
        if "value_set" in self.kwargs:
            return "one of " + ", ".join(self.kwargs["value_set"])
        low, high = self.kwargs.get("min_value"), self.kwargs.get("max_value")
        if low is None and high is None:
            return "not null"
        if low is None or high is None:
            return f"at most {high:g}" if low is None else f"at least {low:g}"
        return f"{low:g}" if low == high else f"{low:g} to {high:g}"

    @property
    def explanation(self) -> str:
        """The meaning, and the query that shows what is behind it."""
        return f"{self.meaning}: {self.look}" if self.look else self.meaning


@dataclass(frozen=True)
class Probe:
    """One query, the checks on its result, and the columns that name the result's rows."""

    sql: str
    checks: Sequence[Check]
    keys: tuple[str, ...] = ()


@dataclass(frozen=True)
class Suite:
    """Everything expected of one table; `name` is schema.table."""

    name: str
    stage: str
    probes: tuple[Callable[[GateParams], Probe], ...]

    def check(self, what: str, severity: Severity) -> Check | None:
        """The check of this column, or of the whole table; its limits are the default ones."""
        checks = (check for probe in self.probes for check in probe(_DEFAULTS).checks)
        return next((c for c in checks if what in (c.column, c.expectation) and c.severity == severity), None)


class Options(TypedDict, total=False):
    """Optional arguments of the checks below."""

    severity: Severity
    look: str
    action: str
    may_be_empty: bool


def between(column: str, low: float, high: float, meaning: str, **options: Unpack[Options]) -> Check:
    """Every value of the column lies in [low, high]; nulls are not checked."""
    return _in_range(column, low, high, meaning, **options)


def at_least(column: str, low: float, meaning: str, **options: Unpack[Options]) -> Check:
    """No value of the column is below `low`."""
    return _in_range(column, low, None, meaning, **options)


def at_most(column: str, high: float, meaning: str, **options: Unpack[Options]) -> Check:
    """No value of the column is above `high`."""
    return _in_range(column, None, high, meaning, **options)


def zero(column: str, meaning: str, **options: Unpack[Options]) -> Check:
    """The column counts rows that break a rule; it must be 0 everywhere."""
    limits = {"min_value": 0, "max_value": 0}
    return Check("ExpectColumnValuesToBeBetween", column, meaning, limits, counts_rows=True, **options)


def one_of(column: str, values: Sequence[str], meaning: str, **options: Unpack[Options]) -> Check:
    """Every value of the column is one of these."""
    return Check("ExpectColumnValuesToBeInSet", column, meaning, {"value_set": list(values)}, **options)


def not_null(column: str, meaning: str) -> Check:
    """Every row has a value."""
    return Check("ExpectColumnValuesToNotBeNull", column, meaning)


def max_at_least(column: str, low: float, meaning: str) -> Check:
    """The largest value of the column is not below `low`."""
    return Check("ExpectColumnMaxToBeBetween", column, meaning, {"min_value": low})


def at_least_one_row(meaning: str) -> Check:
    """The probe returned something."""
    return Check("ExpectTableRowCountToBeBetween", None, meaning, {"min_value": 1})


def _in_range(column: str, low: float | None, high: float | None, meaning: str, **options: Unpack[Options]) -> Check:
    limits = {"min_value": low, "max_value": high}
    return Check("ExpectColumnValuesToBeBetween", column, meaning, limits, **options)
