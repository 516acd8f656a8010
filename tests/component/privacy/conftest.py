"""The home of two persons: built once, copied for each test."""

from __future__ import annotations

from pathlib import Path

import pytest
from erase_home import make_home
from ingest_home import Home


@pytest.fixture(scope="session")
def _two_persons(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return make_home(tmp_path_factory.mktemp("two_persons"))


@pytest.fixture
def home(_two_persons: Home, tmp_path: Path) -> Home:
    return _two_persons.copy(tmp_path)
