"""Filling a new version: from nothing, or from the version before with only what the night changed.

The large tables are of events; a delta night changes few of their rows, and copying a file is ten times quicker than
writing its rows anew. Belongs here: the rows. Not here: verifying, switching, pruning (`pipeline.publish.version`).
"""

from __future__ import annotations

import duckdb

# Large tables that a delta night changes for the persons of int_changed only, with the condition of their rows.
_KEPT = {
    ("marts", "fct_events"): "t.event_at >= changed.changed_from_at",
    ("marts", "fct_sessions"): "t.started_at >= changed.changed_from_at",
    ("marts", "fct_session_paths"): "t.started_at >= changed.changed_from_at",
    ("marts", "fct_attribution_touches"): "t.ordered_at >= changed.changed_from_at",
    ("marts", "fct_funnel_steps"): "true",
    ("marts", "retention_persons"): "true",
    ("marts", "lifecycle_persons"): "true",
}
# What has to agree between the build and a table that was not copied whole.
_SUMS = {
    ("marts", "fct_events"): "sum(event_number), sum(cast(content_hash as hugeint)), sum(cast(is_bot as integer)), "
    "sum(hash(person_id, session_id)::hugeint)",
    ("marts", "fct_sessions"): "sum(session_number), sum(n_events), sum(hash(session_id, channel)::hugeint)",
    ("marts", "fct_session_paths"): "sum(n_steps), sum(hash(session_id, anchor, path)::hugeint)",
    ("marts", "fct_attribution_touches"): "sum(touch_number), sum(linear_revenue), sum(position_based_revenue), "
    "sum(time_decay_share), sum(time_decay_revenue), sum(hash(order_id)::hugeint), sum(hash(session_id)::hugeint), "
    "sum(hash(channel)::hugeint)",
    ("marts", "fct_funnel_steps"): "sum(step_number), sum(hash(entry_id, reached_at, is_excluded)::hugeint)",
    ("marts", "retention_persons"): "sum(period_number), sum(hash(person_id, mode, grain, revenue)::hugeint)",
    ("marts", "lifecycle_persons"): "sum(n_active_days), sum(hash(person_id, period_start, state)::hugeint)",
}
Table = tuple[str, str]


def fill(con: duckdb.DuckDBPyConnection, tables: list[Table], *, is_clone: bool) -> dict[str, int]:
    """Make the tables of `con` (the new version) those of the attached database `build`; rows by table."""
    for schema in sorted({schema for schema, _ in tables}):
        con.execute(f'create schema if not exists "{schema}"')
    for table in tables:
        if is_clone and table in _KEPT:
            _replace_changed(con, table)
        else:
            name = _quoted(table)
            con.execute(f"create or replace table {name} as select * from build.{name}")
    return {f"{schema}.{name}": _count(con, (schema, name)) for schema, name in tables}


def disagreements(con: duckdb.DuckDBPyConnection, tables: list[Table]) -> list[str]:
    """Tables changed in place whose rows are not those of the build."""
    found = []
    for table in tables:
        if table in _SUMS:
            query = f"select count(*), {_SUMS[table]} from {{}}{_quoted(table)}"
            if con.execute(query.format("")).fetchone() != con.execute(query.format("build.")).fetchone():
                found.append(".".join(table))
    return found


def _replace_changed(con: duckdb.DuckDBPyConnection, table: Table) -> None:
    name, condition = _quoted(table), _KEPT[table]
    con.execute(
        f"delete from {name} as t using build.intermediate.int_changed as changed "
        f"where t.person_id = changed.person_id and {condition}"
    )
    # Their places first: then all columns are read of those rows only, a tenth of the time of one join.
    con.execute(
        f"create or replace temp table changed_places as select t.rowid as place from build.{name} as t "
        f"inner join build.intermediate.int_changed as changed on t.person_id = changed.person_id and {condition}"
    )
    con.execute(
        f"insert into {name} by name select * from build.{name} where rowid in (select place from changed_places)"
    )


def _count(con: duckdb.DuckDBPyConnection, table: Table) -> int:
    row = con.execute(f"select count(*) from build.{_quoted(table)}").fetchone()
    return int(row[0]) if row else 0


def _quoted(table: Table) -> str:
    return f'"{table[0]}"."{table[1]}"'
