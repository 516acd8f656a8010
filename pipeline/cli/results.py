"""Runs statements and prints their results. Not here: the formats (`formats.py`)."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain

import duckdb

from pipeline.cli.formats import WRITERS, Format, Result, Row
from pipeline.home.interrupts import is_interrupt

_TERMINAL_ROWS = 100
_BATCH = 10_000
_NESTED = {"list", "array", "struct", "map", "union"}


def print_results(con: duckdb.DuckDBPyConnection, query: str, output: Format, *, fit_terminal: bool) -> None:
    """Run the statements of `query` in order and print the result of each; between two, a blank line (none in JSON).

    Ctrl-C ends the statement and raises KeyboardInterrupt.
    """
    separator = ""
    with _interruptible(con):
        for statement in con.extract_statements(query):
            relation = con.sql(statement)  # type: ignore[arg-type]  # the stub misses statements
            if relation is None:  # nothing to print, e.g. of `begin`
                continue
            sys.stdout.write(separator)
            separator = "" if output == Format.JSON else "\n"
            is_table = output == Format.TABLE
            if is_table and statement.type == duckdb.StatementType.EXPLAIN:  # a picture of its own
                sys.stdout.writelines(plan for _, plan in relation.fetchall())
            elif is_table and fit_terminal:
                relation.show(max_rows=_TERMINAL_ROWS, max_width=shutil.get_terminal_size().columns)
            else:
                sys.stdout.writelines(f"{line}\n" for line in WRITERS[output](_fetch(relation)))
            sys.stdout.flush()


def _fetch(relation: duckdb.DuckDBPyRelation) -> Result:
    """DuckDB turns scalars into text: decimals, dates and big integers keep every digit."""
    kinds: list[str] = [kind.id for kind in relation.types]
    cells = (
        f"#{number}" if kind in _NESTED else f"cast(#{number} as varchar)" for number, kind in enumerate(kinds, start=1)
    )
    texts = relation.project(", ".join(cells))
    batches: Iterator[list[Row]] = iter(lambda: texts.fetchmany(_BATCH), [])
    types = ["enum" if kind.id == "enum" else str(kind).lower() for kind in relation.types]
    return Result(relation.columns, types, kinds, chain.from_iterable(batches))


@contextmanager
def _interruptible(con: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """On Ctrl-C, DuckDB only stops waiting for its query: unless that is ended too, the next one waits for it."""
    try:
        yield
    except BaseException as error:
        if not is_interrupt(error):
            raise
        con.interrupt()
        raise KeyboardInterrupt from None
