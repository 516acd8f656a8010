"""Removing a person from one file of a home that is neither raw nor of the lake: exports, reports, logs, versions.

Not here: searching (search.py). Raw files and the lake are rewritten together by erasure.py.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from pipeline.home.versions import seal_of
from pipeline.privacy.databases import count_rows, without_rows
from pipeline.privacy.person import Person
from pipeline.privacy.replacement import Replacement, state_of
from pipeline.privacy.rewrite import with_ids_replaced, without_lines, without_parquet_rows
from pipeline.privacy.search import bytes_in, header, kind_of, may_name
from pipeline.publish.seals import seal_version


def clean(con: duckdb.DuckDBPyConnection, path: Path, person: Person, max_expansion: float) -> int:
    """Remove the person from one file, in one step; returns how many rows, lines or words were removed.

    A database that somebody else made is left for the search to report: a copy would lose its views and keys. So is a
    file that is written to meanwhile. Raises Unsearchable, ExpandsTooFar and what reading it raises.
    """
    kind = kind_of(path)
    if kind == "parquet":
        result = without_parquet_rows(con, path, person, set(), {})
    elif kind in ("lines", "text") and may_name(path, person, max_expansion):
        is_list = kind == "lines"
        result = (
            without_lines(path, person, set(), header(path), keep_places=False)
            if is_list
            else with_ids_replaced(path, person)
        )
    else:
        return 0
    if result.new and not Replacement(result.new, path, result.state).carry_out():
        return 0
    return len(result.lines)


def clean_version(path: Path, person: Person) -> int:
    """Remove the person from a published version; returns how many rows were removed."""
    if kind_of(path) != "duckdb" or not (count_rows(path, person) or bytes_in(path, person)):
        return 0
    state = state_of(path)
    new, counts = without_rows(path, person)
    if seal_of(path).exists():
        seal_version(new, path)
    return sum(counts.values()) if Replacement(new, path, state).carry_out() else 0
