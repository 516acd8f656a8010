"""Suites are found by file: a new file is enough."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from expectations import STAGES, SUITES, GateParams
from expectations import suites as package
from expectations.suites import find_suites

SUITE = '''
from expectations.checks import Probe, between
from expectations.params import GateParams


def scores(params: GateParams) -> Probe:
    """The promoters less the detractors."""
    return Probe(sql="select avg(nps) as nps from marts.nps", checks=[between("nps", -100, 100, "net promoter score")])


PROBES = (scores,)
'''


def test_a_file_is_a_suite_of_its_folder_s_gate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {"__init__.py": "", "marts/__init__.py": 'STAGE = "marts"', "marts/nps.py": SUITE, "marts/_shared.py": ""}
    for name, text in files.items():
        file = tmp_path / "found_suites" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    (suite,) = find_suites(importlib.import_module("found_suites")).values()
    assert (suite.name, suite.stage) == ("marts.nps", "marts")
    (check,) = suite.probes[0](GateParams.from_mapping({"as_of_date": "2026-01-31"})).checks
    assert (check.column, check.expected) == ("nps", "-100 to 100")


def test_every_file_is_found_and_every_stage_has_a_suite() -> None:
    files = [file for file in Path(package.__path__[0]).glob("*/*.py") if not file.name.startswith("_")]
    assert set(SUITES) == {f"{file.parent.name}.{file.stem}" for file in files}
    assert {suite.stage for suite in SUITES.values()} == set(STAGES)
