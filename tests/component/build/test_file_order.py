"""The order of files, which decides between copies of an event: of their content, so that a rename changes nothing."""

from __future__ import annotations

import itertools

import duckdb

from pipeline.home.paths import DBT_PROJECT


def order_of(names: tuple[str, ...]) -> list[str]:
    """Contents in file order, by the last statement of the model; two files have the same first event."""
    query = (
        (DBT_PROJECT / "models" / "staging" / "stg_files.sql").read_text(encoding="utf-8").rpartition("\nselect\n")[2]
    )
    firsts = ("2026-01-02", "2026-01-01", "2026-01-01")
    rows = ", ".join(
        f"('{content}', timestamp '{first}', 'shop', '{name}', md5('{content}{name}'))"
        for content, first, name in zip("abc", firsts, names, strict=True)
    )
    with duckdb.connect() as con:
        con.execute(f"create table ledger as from (values {rows}) as t(sha256, min_event_at, source, file, file_id)")
        return [row[0] for row in con.execute(f"select sha256 from (select {query}) order by file_number").fetchall()]


def test_a_rename_does_not_change_the_order_of_files() -> None:
    assert {tuple(order_of(names)) for names in itertools.permutations("123")} == {("b", "c", "a")}
