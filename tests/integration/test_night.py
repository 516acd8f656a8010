"""Questions to the published warehouse of the small shop; answers from the simulator's truth or from the contract."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import duckdb
import pytest
from shared_homes import keep_events_in_memory

from pipeline.cli.night import run_night
from pipeline.home.paths import HomePaths
from pipeline.publish.analyst import connect
from pipeline.settings import load_settings


def one(con: duckdb.DuckDBPyConnection, query: str) -> Any:
    row = con.execute(query).fetchone()
    assert row is not None
    return row[0]


def test_no_line_is_lost_or_counted_twice(warehouse: duckdb.DuckDBPyConnection, shop: HomePaths) -> None:
    truth = json.loads((shop.data / "simulated_truth.json").read_text(encoding="utf-8"))
    lines, loaded, duplicates, rejected = warehouse.execute(
        "select sum(n_lines), sum(n_loaded), sum(n_duplicates), sum(n_rejected) from raw.ingested_files "
        "where source = 'shop'"
    ).fetchone()  # type: ignore[misc]
    assert lines == loaded + duplicates + rejected
    totals = truth["totals"]
    assert lines == totals["n_lines"]
    assert rejected == totals["n_malformed"]
    assert duplicates == totals["n_duplicates"]
    assert one(warehouse, "select count(*) from marts.fct_events where source = 'shop'") == loaded


def test_what_was_given_back_of_each_order_is_what_really_was(
    warehouse: duckdb.DuckDBPyConnection, shop: HomePaths
) -> None:
    truth = json.loads((shop.data / "simulated_truth.json").read_text(encoding="utf-8"))
    refunds = warehouse.execute("select order_id, refunded_amount from marts.fct_orders where n_refunds > 0").fetchall()
    assert len(refunds) > 10
    assert dict(refunds) == pytest.approx(truth["refunds"])
    bases = warehouse.execute("select distinct amount_basis from marts.fct_refunds").fetchall()
    assert {basis for (basis,) in bases} == {"told", "item", "whole_order"}


def test_reconciliation_balances(warehouse: duckdb.DuckDBPyConnection) -> None:
    assert one(warehouse, "select count(*) from ops.reconciliation") > 0
    assert one(warehouse, "select bool_and(is_balanced) from ops.reconciliation")


def test_every_gate_was_asked_and_held(warehouse: duckdb.DuckDBPyConnection) -> None:
    stages = {s for (s,) in warehouse.execute("select distinct stage from ops.quality_results").fetchall()}
    assert stages == {"raw", "sessions", "marts", "ml"}
    assert one(warehouse, "select count(*) from ops.quality_results where not passed and severity = 'error'") == 0


def test_every_session_belongs_to_one_person_and_counts_its_events(warehouse: duckdb.DuckDBPyConnection) -> None:
    off = one(
        warehouse,
        "select count(*) from marts.fct_sessions s join (select session_id, count(*) n, count(distinct person_id) p "
        "from marts.fct_events group by 1) e using (session_id) where e.n <> s.n_events or e.p <> 1",
    )
    assert off == 0


def test_analysts_cannot_leave_the_file(shop: HomePaths) -> None:
    with connect(shop) as con:
        for query in (
            "create table x (i int)",
            "select * from read_csv('/etc/passwd')",
            "attach ':memory:' as m",
            "set enable_external_access = true",
            "copy (select 1) to '/tmp/growthhouse-leak.csv'",
        ):
            with pytest.raises(duckdb.Error):
                con.execute(query)


def test_contract_columns_are_described(warehouse: duckdb.DuckDBPyConnection) -> None:
    undescribed = warehouse.execute(
        "select schema_name, table_name, column_name from duckdb_columns() where not internal and comment is null "
        "and schema_name in ('marts', 'ml', 'activation')"
    ).fetchall()
    assert undescribed == []


@pytest.fixture(scope="module")
def second_night(
    shop: HomePaths, own_shop: HomePaths, warehouse: duckdb.DuckDBPyConnection
) -> Iterator[duckdb.DuckDBPyConnection]:
    """The first night's copy beside the version that a second night on the same files published."""
    keep_events_in_memory(own_shop)
    run_night(own_shop.home / "growth.yaml", load_settings(own_shop.home / "growth.yaml"), say=lambda text: None)
    second = own_shop.warehouse.resolve()
    assert second.name != shop.warehouse.resolve().name
    warehouse.execute(f"attach '{second}' as second_night (read_only)")
    yield warehouse
    warehouse.execute("detach second_night")


def test_a_second_night_on_the_same_data_changes_nothing(second_night: duckdb.DuckDBPyConnection) -> None:
    tables = second_night.execute(
        "select schema_name, table_name from duckdb_tables() where database_name = 'second_night' "
        "and schema_name in ('marts', 'ml', 'activation', 'raw')"
    ).fetchall()
    assert len(tables) > 15
    for schema, table in tables:
        first, second = f"{schema}.{table}", f"second_night.{schema}.{table}"
        for one_way in (f"from {first} except all from {second}", f"from {second} except all from {first}"):
            assert one(second_night, f"select count(*) from ({one_way})") == 0, first
