"""Checks SQL conditions in the config: `where` of a funnel step, of a campaign, of a metric.

They are inserted into queries. So the inserted SQL is generated from the parse tree, never copied, and every node must
be on the allow-list: comparisons and a few functions over columns of the row. No other table, no file, no environment,
no second statement, no comment. A value of a row that cannot be cast is null.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection

from pipeline.settings.allowed_sql import (
    CONDITIONS,
    EVENT_COLUMNS,
    FUNCTIONS,
    PARTS,
    PERSON_BREAKDOWNS,
    SESSION_BREAKDOWNS,
    TEXT_COLUMNS,
)

MAX_LENGTH = 2_000


def checked_predicate(text: str, columns: Collection[str] | None = EVENT_COLUMNS) -> str:
    """The condition as SQL that is safe to insert, else ValueError. `columns=None` allows any column name."""
    from sqlglot import exp, parse
    from sqlglot.errors import SqlglotError

    if len(text) > MAX_LENGTH:
        raise ValueError(f"expected a condition of at most {MAX_LENGTH} characters")
    if "\0" in text:
        raise ValueError("expected a condition, found a NUL character")
    try:
        trees = parse(text, read="duckdb")
    except (SqlglotError, RecursionError) as error:
        raise ValueError(
            "not a valid SQL condition, expected for example \"revenue > 0 and category = 'toys'\""
        ) from error
    if len(trees) != 1 or trees[0] is None:
        raise ValueError("expected one condition, without a semicolon")
    tree = trees[0]
    for node in tree.walk():
        _check_part(node, exp)
        if isinstance(node, exp.Column):
            _check_column(node, columns)
    core = tree.unnest()
    is_flag = isinstance(core, exp.Column) and core.name.startswith(("is_", "has_"))
    if type(core).__name__ not in CONDITIONS and not is_flag:
        raise ValueError('expected a condition that is true or false, such as "revenue > 0"')
    for cast in list(tree.find_all(exp.Cast)):
        # A value of a row may be anything; a constant is tried out before a night (pipeline.ingest.config_trial).
        if type(cast) is exp.Cast and not isinstance(cast.this, exp.Literal):
            cast.replace(exp.TryCast(**cast.args))
    return str(tree.sql(dialect="duckdb", comments=False))


def are_apart(one: str | None, other: str | None) -> bool:
    """Whether it is certain that no row meets both conditions, because one column must have different values."""
    if one is None or other is None:
        return False
    values = _required_values(one)
    return any(
        values[column].isdisjoint(required) for column, required in _required_values(other).items() if column in values
    )


def _required_values(text: str) -> dict[str, set[str]]:
    """`a = 'x' and b in ('y', 'z')` -> {a: {x}, b: {y, z}}, for text columns only."""
    from sqlglot import exp, parse_one

    found: dict[str, set[str]] = {}
    tree = parse_one(text, read="duckdb").unnest()
    for part in tree.flatten() if isinstance(tree, exp.And) else (tree,):
        part = part.unnest()
        if isinstance(part, exp.EQ):
            column, values = part.this, [part.expression]
        elif isinstance(part, exp.In):
            column, values = part.this, part.expressions
        else:
            continue
        name = column.name.lower() if isinstance(column, exp.Column) else ""
        if name in TEXT_COLUMNS and values and all(isinstance(v, exp.Literal) and v.is_string for v in values):
            required = {value.name for value in values}
            found[name] = found.get(name, required) & required
    return found


def checked_column(name: str) -> str:
    """The name of a column of fct_events, else ValueError."""
    if name not in EVENT_COLUMNS:
        raise ValueError(f"'{name}' is not a column of fct_events{_nearest(name, EVENT_COLUMNS)}")
    return name


def checked_breakdown(name: str) -> str:
    """The name of a column that a funnel can be broken down by, else ValueError."""
    if breakdown_table(name) is None:
        others = (*SESSION_BREAKDOWNS, *PERSON_BREAKDOWNS)
        close = difflib.get_close_matches(name, (*EVENT_COLUMNS, *others), n=1)
        hint = f", did you mean {close[0]}?" if close else f", nor one of {', '.join(others)}"
        raise ValueError(f"'{name}' is not a column of fct_events, nor of sessions or persons{hint}")
    return name


def breakdown_table(name: str) -> str | None:
    """The mart that holds the column: of the entry's event, else of its session, else of the person."""
    if name in EVENT_COLUMNS:
        return "fct_events"
    if name in SESSION_BREAKDOWNS:
        return "fct_sessions"
    return "dim_users" if name in PERSON_BREAKDOWNS else None


def _check_part(node, exp) -> None:  # type: ignore[no-untyped-def]
    kind = type(node).__name__
    if isinstance(node, exp.Query | exp.Subquery) or kind in ("Exists", "Any", "All"):
        raise ValueError("a condition applies to one event and cannot contain a subquery")
    if kind not in PARTS:
        what = f"function {_function_name(node)}" if isinstance(node, exp.Func) else f"'{node.sql('duckdb')[:40]}'"
        raise ValueError(f"{what} is not allowed in a condition; allowed functions are {', '.join(FUNCTIONS)}")


def _function_name(node) -> str:  # type: ignore[no-untyped-def]
    name = node.name if type(node).__name__ == "Anonymous" else node.sql_name()
    return str(name).lower()


def _check_column(node, columns: Collection[str] | None) -> None:  # type: ignore[no-untyped-def]
    name = node.name
    if len(node.parts) > 1:
        raise ValueError(f"'{node.sql('duckdb')}': use the column name without its table")
    if columns is not None and name.lower() not in columns:
        raise ValueError(f"'{name}' is not a column of fct_events{_nearest(name, columns)}")


def _nearest(name: str, columns: Collection[str]) -> str:
    close = difflib.get_close_matches(name, columns, n=1)
    return f", did you mean {close[0]}?" if close else f", expected one of {', '.join(columns)}"
