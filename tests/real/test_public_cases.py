"""Small inputs from public bug reports of other tools, one night each, checked by `cases.py` against what is right."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from shared_data import SHARED, run_tool, shared_path

COMMAND = Path(sys.executable).with_name("growthhouse")
CASES = sorted(path.name for path in (SHARED / "cases").glob("*/")) or ["absent"]
# Orders that several pages or persons report, refunds and bots: known to be off.
KNOWN_OFF = {"c03_order_reload", "c04_order_id_two_users", "t01_small_shop"}


@pytest.mark.parametrize("name", CASES)
def test_public_case_is_right(name: str, request: pytest.FixtureRequest) -> None:
    shared_path("cases", name)
    if name in KNOWN_OFF:
        request.node.add_marker(pytest.mark.xfail(strict=True, reason="orders and refunds across events"))
    code, report = run_tool("cases.py", str(COMMAND), name)
    assert code == 0, report
