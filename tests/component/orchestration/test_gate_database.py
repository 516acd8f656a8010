"""The database that a gate reads: opened read-only and released; not created before the first night has built one."""

from pathlib import Path

import duckdb
import pytest

from pipeline.orchestration.gates import _connection


def test_a_build_database_is_opened_read_only_and_released(tmp_path: Path) -> None:
    path = tmp_path / "growth.duckdb"
    with duckdb.connect(str(path)) as con:
        con.execute("create table t as select 1 as n")
    with _connection(path) as con, pytest.raises(duckdb.InvalidInputException, match="read-only"):
        con.execute("drop table t")
    with duckdb.connect(str(path)) as con:  # fails while a reader of another configuration is open
        con.execute("drop table t")


def test_a_gate_before_the_first_night_creates_no_build_database(tmp_path: Path) -> None:
    with _connection(tmp_path / "growth.duckdb") as con:
        assert con.execute("select 1").fetchone() == (1,)
    assert list(tmp_path.iterdir()) == []
