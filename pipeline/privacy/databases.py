"""DuckDB files: which rows of which table are about a person, and a copy of the file without them.

A new file, never a DELETE: deleted rows stay in the free blocks of a DuckDB file.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from pipeline.home.atomic import fsync
from pipeline.home.sql_text import identifier, quote
from pipeline.privacy.person import Person
from pipeline.privacy.rewrite import beside

# Keys by which rows without an identity belong to a row that has one.
_KEYS = ("session_id", "entry_id", "order_id", "response_id")
_IDENTITIES = {"person_id", "user_id", "anonymous_id"}


def tables(con: duckdb.DuckDBPyConnection, database: str) -> dict[tuple[str, str], dict[str, str]]:
    """Columns and types by schema and table of an attached database."""
    found: dict[tuple[str, str], dict[str, str]] = {}
    for schema, table, column, kind in con.execute(
        """select schema_name, table_name, column_name, data_type
        from duckdb_columns() inner join duckdb_tables() using (database_name, schema_name, table_name)
        where database_name = ? order by all""",
        [database],
    ).fetchall():
        found.setdefault((schema, table), {})[column] = kind
    return found


def _rules(con: duckdb.DuckDBPyConnection, person: Person) -> dict[tuple[str, str], str]:
    """The condition of each table; creates `gone_<key>` with the keys of the person's rows."""
    found = tables(con, "old")
    rules = {name: person.row_sql(columns) for name, columns in found.items()}
    for key in _KEYS:
        owners = [n for n, columns in found.items() if key in columns and _IDENTITIES & columns.keys() and rules[n]]
        parts = " union ".join(
            f"select {identifier(key)}::varchar as key from {_name('old', n)} where {rules[n]}" for n in owners
        )
        con.execute(f"create temp table gone_{key} as {parts or 'select null::varchar as key where false'}")
        for name, columns in found.items():
            if key in columns and not _IDENTITIES & columns.keys():
                rule = f"coalesce({identifier(key)}::varchar in (select key from gone_{key}), false)"
                rules[name] = f"{rules[name]} or {rule}" if rules[name] else rule
    return rules


def _name(database: str, table: tuple[str, str]) -> str:
    return ".".join(map(identifier, (database, *table)))


def count_rows(path: Path, person: Person) -> dict[str, int]:
    """The number of rows about the person, by table that has any."""
    with _opened(path, person) as con:
        return _counts(con, _rules(con, person))


@contextmanager
def _opened(path: Path, person: Person) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as con:
        person.words.install(con)
        con.execute(f"attach {quote(str(path))} as old (read_only)")
        yield con


def _counts(con: duckdb.DuckDBPyConnection, rules: dict[tuple[str, str], str]) -> dict[str, int]:
    counts = {
        ".".join(name): con.execute(f"select count(*) from {_name('old', name)} where {rule}").fetchall()[0][0]
        for name, rule in rules.items()
        if rule
    }
    return {name: n for name, n in counts.items() if n}


def longer_words_in(path: Path, person: Person) -> list[tuple[str, str, int]]:
    """Longer words that contain an id, in rows that are not the person's: column, word with its mark, rows."""
    found = []
    with _opened(path, person) as con:
        rules = _rules(con, person)
        for name, columns in tables(con, "old").items():
            texts = {column: f"{identifier(column)}::varchar" for column in columns}
            has_bytes = " or ".join(map(person.words.has_bytes_sql, texts.values()))
            words = " || ".join(
                f"list_transform(coalesce({person.words.longer_sql(text)}, []), lambda w: [{quote(column)}, w])"
                for column, text in texts.items()
            )
            rows = con.execute(
                f"""select entry[1], entry[2], count(*) from (
                    select unnest({words}) as entry from {_name("old", name)}
                    where ({has_bytes}) and not ({rules[name] or "false"})
                ) group by all order by all"""
            ).fetchall()
            found += [(f": {'.'.join(name)}.{column}", marked, n) for column, marked, n in rows]
    return found


def without_rows(path: Path, person: Person) -> tuple[Path, dict[str, int]]:
    """A complete copy of a database without the person's rows, with its comments; how many rows each table lost."""
    target = beside(path)
    for leftover in (target, target.with_name(target.name + ".wal")):
        leftover.unlink(missing_ok=True)
    con = duckdb.connect(str(target))
    try:
        person.words.install(con)
        con.execute("set preserve_insertion_order = true")
        con.execute(f"attach {quote(str(path))} as old (read_only)")
        rules = _rules(con, person)
        counts = _counts(con, rules)
        for schema in sorted({schema for schema, _ in rules}):
            con.execute(f"create schema if not exists {identifier(schema)}")
        for name, rule in rules.items():
            new = ".".join(map(identifier, name))
            con.execute(f"create table {new} as select * from {_name('old', name)} where not ({rule or 'false'})")
        _copy_comments(con)
        con.execute("detach old")
        con.execute("checkpoint")
    finally:
        con.close()
    fsync(target)
    return target, counts


def _copy_comments(con: duckdb.DuckDBPyConnection) -> None:
    for schema, table, comment in con.execute(
        """select schema_name, table_name, comment from duckdb_tables()
        where database_name = 'old' and comment is not null"""
    ).fetchall():
        con.execute(f"comment on table {identifier(schema)}.{identifier(table)} is {quote(comment)}")
    for schema, table, column, comment in con.execute(
        """select schema_name, table_name, column_name, duckdb_columns.comment
        from duckdb_columns() inner join duckdb_tables() using (database_name, schema_name, table_name)
        where database_name = 'old' and duckdb_columns.comment is not null"""
    ).fetchall():
        con.execute(
            f"comment on column {identifier(schema)}.{identifier(table)}.{identifier(column)} is {quote(comment)}"
        )
