"""Query results as dictionaries, and sums that do not depend on the order of rows. Not here: any query."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import duckdb

Row = dict[str, Any]


def rows(con: duckdb.DuckDBPyConnection, query: str, parameters: Sequence[Any] = ()) -> list[Row]:
    """Every row by column name."""
    cursor = con.execute(query, list(parameters))
    names = [column[0] for column in cursor.description or ()]
    return [dict(zip(names, values, strict=True)) for values in cursor.fetchall()]


def first(con: duckdb.DuckDBPyConnection, query: str, parameters: Sequence[Any] = ()) -> Row:
    """The row of a query that returns exactly one."""
    return rows(con, query, parameters)[0]


def exact_sum(value: str) -> str:
    """SQL: the sum of an SQL value to six digits, the same for any number of threads."""
    return f"cast(sum(cast({value} as decimal(38, 6))) as double)"
