"""The healthy warehouse for each test, and the lake it was made from."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest
from healthy import healthy, write_lake

from expectations import GateParams


@pytest.fixture(scope="session")
def params(tmp_path_factory: pytest.TempPathFactory) -> GateParams:
    return write_lake(tmp_path_factory.mktemp("lake"))


@pytest.fixture
def warehouse() -> Iterator[duckdb.DuckDBPyConnection]:
    """Whatever a test does to it is rolled back."""
    con = healthy()
    con.begin()
    yield con
    con.rollback()
