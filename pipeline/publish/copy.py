"""Filling a new version: from nothing, or from the version before with only what the night changed.

The large tables are of events; a delta night changes few of their rows, and copying a file is ten times quicker than
writing its rows again. Belongs here: the rows. Not here: verifying, switching, pruning (`pipeline.publish.version`).
"""

from __future__ import annotations

import duckdb

from pipeline.build.tables import TableFacts, table_facts

Table = tuple[str, str]


def fill(con: duckdb.DuckDBPyConnection, tables: list[Table], *, is_clone: bool) -> dict[str, int]:
    """Make the tables of `con` (the new version) those of the attached database `build`; rows by table."""
    for schema in sorted({schema for schema, _ in tables}):
        con.execute(f'create schema if not exists "{schema}"')
    for table in tables:
        facts = table_facts().get(".".join(table))
        if is_clone and facts and facts.is_changed_by_person:
            _replace_changed(con, table, facts)
        else:
            name = _quoted(table)
            con.execute(f"create or replace table {name} as select * from build.{name}")
    return {f"{schema}.{name}": _count(con, (schema, name)) for schema, name in tables}


def disagreements(con: duckdb.DuckDBPyConnection, tables: list[Table]) -> list[str]:
    """Tables changed in place whose rows are not those of the build."""
    found = []
    for table in tables:
        facts = table_facts().get(".".join(table))
        if facts and facts.is_changed_by_person:
            verified = ", ".join(facts.meta.verified_columns or facts.columns)
            query = f"select count(*), sum(hash({verified})::hugeint) from {{}}{_quoted(table)}"
            if con.execute(query.format("")).fetchone() != con.execute(query.format("build.")).fetchone():
                found.append(".".join(table))
    return found


def _replace_changed(con: duckdb.DuckDBPyConnection, table: Table, facts: TableFacts) -> None:
    name, is_changed = _quoted(table), facts.is_changed_sql("t", "changed")
    con.execute(f"delete from {name} as t using build.intermediate.int_changed as changed where {is_changed}")
    # Their places first: then all columns are read of those rows only, a tenth of the time of one join.
    con.execute(
        f"create or replace temp table changed_places as select t.rowid as place from build.{name} as t "
        f"inner join build.intermediate.int_changed as changed on {is_changed}"
    )
    con.execute(
        f"insert into {name} by name select * from build.{name} where rowid in (select place from changed_places)"
    )
    if facts.meta.may_lack_person:
        _replace_unidentified(con, name)


def _replace_unidentified(con: duckdb.DuckDBPyConnection, name: str) -> None:
    """Rows without a person never change: they come and go, as their lines do."""
    line = "(file_id, line_number)"
    con.execute(
        f"delete from {name} where person_id is null "
        f"and {line} not in (select {line} from build.{name} where person_id is null)"
    )
    con.execute(
        f"insert into {name} by name select * from build.{name} where person_id is null "
        f"and {line} not in (select {line} from {name} where person_id is null)"
    )


def _count(con: duckdb.DuckDBPyConnection, table: Table) -> int:
    row = con.execute(f"select count(*) from build.{_quoted(table)}").fetchone()
    return int(row[0]) if row else 0


def _quoted(table: Table) -> str:
    return f'"{table[0]}"."{table[1]}"'
