"""Homes that several tests start from: built once, copied for each test."""

from __future__ import annotations

from pathlib import Path

import pytest
from ingest_home import Home
from late_home import first_night, second_night


@pytest.fixture(scope="session")
def _first_night(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return first_night(tmp_path_factory.mktemp("first"))


@pytest.fixture(scope="session")
def _second_night(_first_night: Home, tmp_path_factory: pytest.TempPathFactory) -> Home:
    return second_night(_first_night.copy(tmp_path_factory.mktemp("second")))


@pytest.fixture
def one_night(_first_night: Home, tmp_path: Path) -> Home:
    return _first_night.copy(tmp_path)


@pytest.fixture
def late(_second_night: Home, tmp_path: Path) -> Home:
    """Two nights, the second with events that come too late."""
    return _second_night.copy(tmp_path)
