"""Conditions that a person writes into the config as SQL: `where` of a funnel step, of a campaign, of a metric.

They are pasted into queries, so what is pasted is not the text but what a parser understood of it, and only where each part
of that is on the list below: comparisons and a few functions over columns of the row. No other table, no file, no environment,
no second statement, no comment.
"""

from __future__ import annotations

import difflib

# Every column of marts.fct_events; a test holds it against the dbt project.
EVENT_COLUMNS = (
    "event_id", "source", "event_name", "event_at", "event_date", "received_at", "known_date", "person_id", "user_id",
    "anonymous_id", "session_id", "event_number", "is_session_start", "is_session_end", "next_event_name",
    "next_gap_s", "item_id", "category", "price", "quantity", "revenue", "currency", "order_id", "search_term", "page_url",
    "page_path", "referrer", "utm_source", "utm_medium", "utm_campaign", "device_type", "user_agent", "duration_s",
    "is_server_event", "is_bot", "properties", "file_id", "line_number", "content_hash",
)  # fmt: skip
_TEXT_COLUMNS = {
    "item_id", "category", "currency", "order_id", "search_term", "page_url", "page_path", "referrer", "utm_source", "utm_medium",
    "utm_campaign", "device_type", "user_agent", "source",
}  # fmt: skip
FUNCTIONS = (
    "abs", "ceil", "coalesce", "contains", "date_trunc", "ends_with", "extract", "floor", "greatest", "json_extract_string",
    "least", "length", "lower", "nullif", "regexp_matches", "round", "starts_with", "substring", "trim", "upper",
)  # fmt: skip
MAX_LENGTH = 2_000

# Names of the parser's node classes: what answers yes or no, and what may stand inside of it.
_CONDITIONS = {
    "And", "Or", "Not", "EQ", "NEQ", "GT", "GTE", "LT", "LTE", "NullSafeEQ", "NullSafeNEQ", "Is", "In", "Between", "Like",
    "ILike", "Escape", "RegexpLike", "StartsWith", "EndsWith", "Contains", "Boolean",
}  # fmt: skip
_PARTS = _CONDITIONS | {
    "Paren", "Column", "Identifier", "Literal", "Null", "Neg", "Add", "Sub", "Mul", "Div", "IntDiv", "Mod", "DPipe", "Escape",
    "Case", "If", "Cast", "TryCast", "DataType", "Var", "JSONExtractScalar", "JSONPath", "JSONPathRoot", "JSONPathKey",
    "JSONPathSubscript", "Abs", "Ceil", "Coalesce", "TimestampTrunc", "DateTrunc", "Extract", "Floor", "Greatest", "Least",
    "Length", "Lower", "Nullif", "Round", "Substring", "Trim", "Upper",
}  # fmt: skip


def checked_predicate(text: str, columns: tuple[str, ...] | None = EVENT_COLUMNS) -> str:
    """The condition as SQL that is safe to paste; raises ValueError with what is wrong. columns None: any name."""
    from sqlglot import exp, parse
    from sqlglot.errors import SqlglotError

    if len(text) > MAX_LENGTH:
        raise ValueError(f"expected a condition of at most {MAX_LENGTH} characters")
    if "\0" in text:
        raise ValueError("expected a condition, found a NUL character")
    try:
        trees = parse(text, read="duckdb")
    except (SqlglotError, RecursionError) as error:
        raise ValueError("is no SQL condition such as \"revenue > 0 and category = 'toys'\"") from error
    if len(trees) != 1 or trees[0] is None:
        raise ValueError("expected one condition, without a semicolon")
    tree = trees[0]
    for node in tree.walk():
        _check_part(node, exp)
        if isinstance(node, exp.Column):
            _check_column(node, columns)
    core = tree.unnest()
    is_flag = isinstance(core, exp.Column) and core.name.startswith(("is_", "has_"))
    if type(core).__name__ not in _CONDITIONS and not is_flag:
        raise ValueError('expected a condition that is true or false, such as "revenue > 0"')
    return str(tree.sql(dialect="duckdb", comments=False))


def are_apart(one: str | None, other: str | None) -> bool:
    """Whether no row can meet both conditions, as far as that shows: they ask one column for different values."""
    if one is None or other is None:
        return False
    values = _values_asked_for(one)
    return any(
        values[column].isdisjoint(asked) for column, asked in _values_asked_for(other).items() if column in values
    )


def _values_asked_for(text: str) -> dict[str, set[str]]:
    """`a = 'x' and b in ('y', 'z')` -> {a: {x}, b: {y, z}}: only columns of text, where equal means the same letters."""
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
        if name in _TEXT_COLUMNS and values and all(isinstance(v, exp.Literal) and v.is_string for v in values):
            asked = {value.name for value in values}
            found[name] = found.get(name, asked) & asked
    return found


def checked_column(name: str) -> str:
    """A column of fct_events by its name; raises ValueError."""
    if name not in EVENT_COLUMNS:
        raise ValueError(f"'{name}' is no column of fct_events{_nearest(name, EVENT_COLUMNS)}")
    return name


def _check_part(node, exp) -> None:  # type: ignore[no-untyped-def]
    kind = type(node).__name__
    if isinstance(node, exp.Query | exp.Subquery) or kind in ("Exists", "Any", "All"):
        raise ValueError("a condition looks at one event: no subquery")
    if kind not in _PARTS:
        what = f"function {_function_name(node)}" if isinstance(node, exp.Func) else f"'{node.sql('duckdb')[:40]}'"
        raise ValueError(f"{what} is not allowed in a condition; functions are {', '.join(FUNCTIONS)}")


def _function_name(node) -> str:  # type: ignore[no-untyped-def]
    name = node.name if type(node).__name__ == "Anonymous" else node.sql_name()
    return str(name).lower()


def _check_column(node, columns: tuple[str, ...] | None) -> None:  # type: ignore[no-untyped-def]
    name = node.name
    if len(node.parts) > 1:
        raise ValueError(f"'{node.sql('duckdb')}': name the column alone, without its table")
    if columns is not None and name.lower() not in columns:
        raise ValueError(f"'{name}' is no column of fct_events{_nearest(name, columns)}")


def _nearest(name: str, columns: tuple[str, ...]) -> str:
    close = difflib.get_close_matches(name, columns, n=1)
    return f", did you mean {close[0]}?" if close else f", expected one of {', '.join(columns)}"
