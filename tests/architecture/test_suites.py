"""Suites and dbt models agree: a suite's table is built by dbt, and its SQL names only columns of the contracts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Any

import duckdb
import pytest

from expectations import SUITES, GateParams
from expectations.checks import Check, Probe
from pipeline.orchestration.assets.dbt_layers import MANIFEST

MODELS = {
    f"{node['schema']}.{node['name']}": node for node in MANIFEST["nodes"].values() if node["resource_type"] == "model"
}
PUBLISHED = {"raw", "marts", "ml", "activation", "ops"}
TABLE = re.compile(r"\b(?:raw|staging|intermediate|marts|ml|activation|ops)\.\w+")
PARAMS = GateParams(as_of_date=date(2026, 1, 31), is_full=False, lake_new=())
PROBES = [(name, build) for name, suite in SUITES.items() for build in suite.probes]
CHECKS = [(name, check) for name, build in PROBES for check in build(PARAMS).checks]


@pytest.fixture(scope="module")
def empty() -> Iterator[duckdb.DuckDBPyConnection]:
    """The tables that dbt builds, without rows, and an empty ledger."""
    with duckdb.connect() as con:
        for schema in {name.split(".")[0] for name in MODELS}:
            con.execute(f"create schema {schema}")
        for name, node in MODELS.items():
            columns = [
                f'"{column["name"]}" {column["data_type"]}'
                for column in node["columns"].values()
                if column.get("data_type")
            ]
            if columns:
                con.execute(f"create table {name} ({', '.join(columns)})")
        yield con


def test_every_suite_is_of_a_table_that_dbt_builds() -> None:
    """Or of the lake's events, which dbt reads."""
    assert set(SUITES) - set(MODELS) == {"raw.events"}
    assert "source.growthhouse.lake.events" in MANIFEST["sources"]


@pytest.mark.parametrize(
    ("name", "check"), CHECKS, ids=[f"{name}-{c.column}-{c.severity}-{c.kind}" for name, c in CHECKS]
)
def test_every_table_named_to_a_person_exists(name: str, check: Check) -> None:
    assert set(TABLE.findall(f"{check.meaning} {check.action}")) <= set(MODELS)
    assert {table.split(".")[0] for table in TABLE.findall(check.look)} <= PUBLISHED


LOOKS = sorted({check.look for _, check in CHECKS if check.look})


@pytest.mark.parametrize("look", LOOKS)
def test_the_query_of_a_warning_runs_on_the_published_tables(look: str, empty: duckdb.DuckDBPyConnection) -> None:
    empty.execute(look)


@pytest.mark.parametrize(("name", "build"), [case for case in PROBES if not case[0].startswith("raw.")])
def test_a_query_names_only_columns_of_the_contracts(
    name: str, build: Any, empty: duckdb.DuckDBPyConnection, ledger: str
) -> None:
    probe: Probe = build(GateParams(as_of_date=date(2026, 1, 31), is_full=False, lake_new=(), ledger=ledger))
    columns = set(empty.execute(probe.sql).df().columns)
    assert {*probe.keys, *(check.column for check in probe.checks if check.column)} <= columns


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> str:
    file = tmp_path_factory.mktemp("lake") / "ledger.parquet"
    columns = "source, '' as file_id, 'loaded' as status, 0 as n_accepted, now()::timestamp as max_event_at"
    duckdb.execute(f"copy (select '' as {columns} where false) to '{file}'")
    return str(file)
