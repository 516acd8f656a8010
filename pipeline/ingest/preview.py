"""What a sample of a source gave: its first events, who and what is in them, and the first rejected lines.

Not here: reading the sample (sample.py), and printing it (`pipeline.cli.sources`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import duckdb

from pipeline.home.sql_text import file_list
from pipeline.settings import CANONICAL_COLUMNS

_EVENTS, _REJECTS, _LINE_CHARS = 3, 2, 500
_COLUMNS = (
    *("event_at", "event_name"),
    *(name for name in CANONICAL_COLUMNS if name not in ("event_at", "event_name", "original_at")),
    "properties",
)
# Every event has these, given or not.
_NOT_GIVEN = {"event_id": "case when has_event_id then 1 end", "duration_s": "nullif(duration_s, 0)"}


@dataclass(frozen=True)
class Preview:
    """The accepted events of a sample."""

    first_at: datetime
    last_at: datetime
    n_users: int  # different user_ids
    n_anonymous: int  # different anonymous_ids
    event_names: dict[str, int]  # the most frequent first
    columns: tuple[str, ...]  # those with a value in some event
    rows: tuple[tuple[str | None, ...], ...]  # the first events: values of these columns


class RejectedLine(NamedTuple):
    """A line that a night would reject."""

    reason: str
    file: str
    line_number: int
    raw_line: str  # its beginning


def preview_events(con: duckdb.DuckDBPyConnection, staged: Path) -> Preview | None:
    """The events below a staging folder; None if there are none."""
    files = list(staged.glob("*/part=*/event_month=*/*.parquet"))
    if not files:
        return None
    events = f"read_parquet({file_list(files)}, hive_partitioning = false)"
    names = con.execute(
        f"select event_name, count(*) as n from {events} group by all order by n desc, event_name"
    ).fetchall()
    given = (_NOT_GIVEN.get(column, f"nullif({column}::varchar, '{{}}')") for column in _COLUMNS)
    first, last, n_users, n_anonymous, *filled = con.execute(
        f"""select min(event_at), max(event_at), count(distinct user_id), count(distinct anonymous_id),
            {", ".join(f"count({value})" for value in given)}
        from {events}"""
    ).fetchall()[0]
    columns = tuple(column for column, n in zip(_COLUMNS, filled, strict=True) if n)
    shown = ", ".join(f"{column}::varchar" for column in columns)
    rows = con.execute(f"select {shown} from {events} order by line_number limit {_EVENTS}").fetchall()
    return Preview(first, last, n_users, n_anonymous, dict(names), columns, tuple(rows))


def first_rejected(con: duckdb.DuckDBPyConnection, staged: Path) -> list[RejectedLine]:
    """The first rejected lines of each reason below a staging folder."""
    return list(_rejected(con, list(staged.glob("*/part=*/*.parquet"))))


def _rejected(con: duckdb.DuckDBPyConnection, files: list[Path]) -> Iterator[RejectedLine]:
    if files:
        rows = con.execute(
            f"""select reason, file, line_number, left(raw_line, {_LINE_CHARS})
            from read_parquet({file_list(files)}, hive_partitioning = false)
            qualify row_number() over (partition by reason order by file, line_number) <= {_REJECTS}
            order by reason, file, line_number"""
        ).fetchall()
        yield from (RejectedLine(*row) for row in rows)
