"""The healthy warehouse, anew for each test, and the lake it was made of."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest
from healthy import WAREHOUSE, write_lake

from expectations import GateParams


@pytest.fixture(scope="session")
def params(tmp_path_factory: pytest.TempPathFactory) -> GateParams:
    return write_lake(tmp_path_factory.mktemp("lake"))


@pytest.fixture
def warehouse() -> Iterator[duckdb.DuckDBPyConnection]:
    con = duckdb.connect()
    con.execute(WAREHOUSE)
    yield con
    con.close()
