"""The cases of every suite, found by file: `cases/<schema>/<table>.py` beside
`expectations/suites/<schema>/<table>.py`.

GOOD: per probe, a row that it returns for healthy data. BAD: values that break a check, of every checked column that
does not count rows (those are bad at any number but 0). DAMAGE: a column that must fail, and the SQL that damages the
healthy warehouse (`healthy.sql`) so that it does. PARAMS: by column, the parameters with which it must fail. HEALTHY:
SQL that makes the table there, where healthy.sql does not.
"""

from __future__ import annotations

import runpy
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from expectations import SUITES, CheckResult, GateParams
from expectations.checks import Check, Probe, Suite
from expectations.validation import validate

PARAMS = GateParams(as_of_date=date(2026, 1, 31))
FOLDER = Path(__file__).with_name("cases")


@dataclass(frozen=True)
class Cases:
    good: Mapping[str, Mapping[str, object]]
    bad: Mapping[str, list[object]]
    damage: list[tuple[str, str]]
    params: Mapping[str, Mapping[str, Any]]
    healthy: str


def _cases(file: Path) -> Cases:
    found = runpy.run_path(str(file))
    damage, params = found.get("DAMAGE", []), found.get("PARAMS", {})
    return Cases(found["GOOD"], found.get("BAD", {}), damage, params, found.get("HEALTHY", ""))


CASES = {f"{file.parent.name}.{file.stem}": _cases(file) for file in sorted(FOLDER.glob("*/*.py"))}
PROBES = [(suite.name, build.__name__) for suite in SUITES.values() for build in suite.probes]


def probe_of(name: str, probe: str, params: GateParams = PARAMS) -> Probe:
    return next(build for build in SUITES[name].probes if build.__name__ == probe)(params)


def results(name: str, probe: str, *rows: Mapping[str, object]) -> list[CheckResult]:
    """Results of a probe that returns the good row with these changes, once for each of them."""
    good = CASES[name].good[probe]
    frame = pd.DataFrame([{**good, **changes} for changes in rows], columns=list(good))
    return validate(SUITES[name], probe_of(name, probe), frame)


def only(suite: Suite, column: str) -> Suite:
    """The suite with the checks of one column alone: the others would pass or fail for reasons of their own."""

    def narrowed(build: object) -> object:
        def probe(params: GateParams) -> Probe:
            whole: Probe = build(params)  # type: ignore[operator]
            return replace(whole, checks=[check for check in whole.checks if check.column == column])

        probe.__name__ = build.__name__  # type: ignore[attr-defined]
        return probe

    return replace(suite, probes=tuple(narrowed(build) for build in suite.probes))  # type: ignore[misc]


def checks() -> list[tuple[str, str, Check]]:
    """Every check of every suite, with its table and probe."""
    return [(name, probe, check) for name, probe in PROBES for check in probe_of(name, probe).checks]
