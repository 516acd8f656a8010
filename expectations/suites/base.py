"""The vocabulary of suites: Suite → Probe (one query) → Check (one expectation on its result).

A probe lets DuckDB reduce a table of any size to a few rows; Great Expectations judges those rows. So no gate pulls a
large table into memory. Nothing here imports Great Expectations or runs SQL.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from expectations.params import GateParams
from expectations.results import Severity


@dataclass(frozen=True)
class Check:
    """One expectation: a Great Expectations class name, its column and arguments, and how much a failure weighs."""

    kind: str
    column: str | None = None
    kwargs: dict[str, Any] = field(default_factory=dict)
    severity: Severity = "error"
    counts_rows: bool = False
    """The column itself counts offending rows of the table, so n_unexpected is its sum, not the probe's row count."""
    may_be_empty: bool = False
    """Nothing to judge is normal here (no purchases, no history): reported as skipped, neither passed nor failed."""
    hint: str = ""
    """What a person does about a failure, where it is not what one does about any failure of the stage."""

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


@dataclass(frozen=True)
class Probe:
    """One query, the columns that name its rows, and the checks on its result."""

    name: str
    sql: Callable[[GateParams], str]
    checks: Callable[[GateParams], Sequence[Check]]
    keys: tuple[str, ...] = ()


@dataclass(frozen=True)
class Suite:
    """Everything expected of one table; `name` is schema.table."""

    name: str
    stage: str
    probes: tuple[Probe, ...]


def between(
    column: str,
    low: float | None = None,
    high: float | None = None,
    *,
    severity: Severity = "error",
    may_be_empty: bool = False,
    hint: str = "",
) -> Check:
    """Every value of the column lies in [low, high]; nulls are not judged."""
    return Check("ExpectColumnValuesToBeBetween", column, {"min_value": low, "max_value": high}, severity,
                 may_be_empty=may_be_empty, hint=hint)  # fmt: skip


def none_of(column: str, *, severity: Severity = "error", may_be_empty: bool = False, hint: str = "") -> Check:
    """The column counts rows that break a rule; it must be 0 everywhere."""
    return Check("ExpectColumnValuesToBeBetween", column, {"min_value": 0, "max_value": 0}, severity,
                 counts_rows=True, may_be_empty=may_be_empty, hint=hint)  # fmt: skip


def none_of_each(*columns: str, may_be_empty: bool = False) -> Callable[[GateParams], list[Check]]:
    """The checks of a probe all of whose columns count rows that break a rule."""
    return lambda params: [none_of(column, may_be_empty=may_be_empty) for column in columns]


def at_least_one_row() -> Check:
    """The probe returned something."""
    return Check("ExpectTableRowCountToBeBetween", None, {"min_value": 1})


def in_set(column: str, values: Sequence[str], *, severity: Severity = "error", may_be_empty: bool = False) -> Check:
    """Every value of the column is one of these."""
    return Check("ExpectColumnValuesToBeInSet", column, {"value_set": list(values)}, severity,
                 may_be_empty=may_be_empty)  # fmt: skip


def quoted(text: str) -> str:
    """A SQL string literal."""
    return "'" + text.replace("'", "''") + "'"


def quoted_list(values: Sequence[str]) -> str:
    """A parenthesised list for IN; with no values a list that matches nothing."""
    return "(" + (", ".join(quoted(value) for value in values) or "null") + ")"


def accepted_by_source(params: GateParams) -> str:
    """A query: events of loaded files up to as_of, counted by source.

    Files that end by as_of are counted by the ledger (the raw gate held it against the lake when they came); those that
    reach beyond it are read.
    """
    loaded = f"(select * from read_parquet({quoted(params.ledger)}) where status = 'loaded')"
    end = until(params)
    return f"""
        select source, cast(sum(n) as bigint) as n
        from (
            select source, n_accepted as n from {loaded} where max_event_at < {end}
            union all
            select source, 1 as n
            from {new_in_lake(params)}
            where event_at < {end} and file_id in (select file_id from {loaded} where max_event_at >= {end})
        )
        group by source
        having sum(n) > 0
    """


def until(params: GateParams) -> str:
    """The first instant after as_of, as a SQL literal."""
    return f"timestamp '{params.end_at:%Y-%m-%d %H:%M:%S}'"


def lake(params: GateParams) -> str:
    """The lake's events as a table expression, with the columns the gates read."""
    return _NO_EVENTS if params.lake_is_empty else _events(quoted(params.lake_events))


def new_in_lake(params: GateParams) -> str:
    """The same of the files not judged before, and of those that reach beyond as_of."""
    if params.new_is_empty:
        return _NO_EVENTS
    files = params.lake_new
    return lake(params) if files is None else _events("[" + ", ".join(map(quoted, files)) + "]")


_NO_EVENTS = """(
    select
        '' as source, '' as file_id, '' as event_month, '' as user_id, '' as anonymous_id,
        cast(null as timestamp) as event_at
    where false
)"""


def _events(files: str) -> str:
    return f"read_parquet({files}, hive_partitioning = true, hive_types = {{event_month: varchar}})"


def rejected(params: GateParams) -> str:
    """The lake's rejected lines as a table expression, with the columns the gates read."""
    if not params.lake_has_rejects:
        return "(select '' as source, '' as file_id, '' as reason where false)"
    return f"(select source, file_id, reason from read_parquet({quoted(params.lake_rejected)}))"
