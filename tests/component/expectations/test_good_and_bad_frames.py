"""Every expectation passes on a good frame and fails on a bad one; a broken one raises; skipped is not passed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from functools import cache

import pandas as pd
import pytest
from suite_cases import CASES, PROBES, checks, probe_of, results

from expectations import SUITES, CheckResult, GateBroken
from expectations.checks import Check, Probe, Suite, between
from expectations.validation import validate

COUNT = 3  # a bad value of every column that counts rows


def test_every_probe_has_a_good_frame_and_every_column_a_bad_value() -> None:
    assert {(name, probe) for name, cases in CASES.items() for probe in cases.good} == set(PROBES)
    limited = {(name, check.column) for name, _, check in checks() if check.column and not check.counts_rows}
    assert {(name, column) for name, cases in CASES.items() for column in cases.bad} == limited


@pytest.mark.parametrize(("name", "probe"), PROBES)
def test_a_good_frame_passes_everything(name: str, probe: str) -> None:
    found = results(name, probe, {})
    assert [result for result in found if not result.passed] == []
    assert len(found) == len(probe_of(name, probe).checks)


def bad_values(name: str, check: Check) -> Sequence[object]:
    return [COUNT] if check.counts_rows else CASES[name].bad[str(check.column)]


@cache
def bad_results(name: str, probe: str) -> list[CheckResult]:
    """Results of a frame that has, beside a good row, one for each bad value of each column, all else good."""
    bad = {
        (check.column, value): {check.column: value}
        for check in probe_of(name, probe).checks
        if check.column and check.kind != "ExpectColumnMaxToBeBetween"
        for value in bad_values(name, check)
    }
    return results(name, probe, {}, *bad.values())


@pytest.mark.parametrize(
    ("name", "probe", "check"), checks(), ids=[f"{n}-{p}-{c.column}-{c.severity}-{c.kind}" for n, p, c in checks()]
)
def test_a_bad_frame_fails_its_expectation(name: str, probe: str, check: Check) -> None:
    if check.column is None:
        found = results(name, probe)
    elif check.kind == "ExpectColumnMaxToBeBetween":  # one good row is enough to hold
        found = [one for value in bad_values(name, check) for one in results(name, probe, {check.column: value})]
    else:
        found = bad_results(name, probe)
    mine = [one for one in found if one.column_name == check.column]
    assert all(one.failed for one in mine)
    assert (check.expectation, check.severity) in {(one.expectation, one.severity) for one in mine}
    if check.counts_rows:
        assert [one.n_unexpected for one in mine] == [COUNT]
    elif check.column in CASES[name].bad and check.kind != "ExpectColumnMaxToBeBetween":
        assert sum(one.n_unexpected or 0 for one in mine) == len(bad_values(name, check))


def test_a_failure_names_where_it_happened() -> None:
    found = results("raw.ingested_files", "rejects", {}, {"source": "legacy", "rejected_rate": 0.5})
    failed = [result for result in found if not result.passed]
    seen = "0.5 (source=legacy, rejected_lines=1 of 100, reasons=bad_json 1, most_in=a.jsonl 1)"
    assert [(result.observed_value, result.n_unexpected) for result in failed] == [(seen, 1)]


def test_the_limit_itself_is_allowed() -> None:
    assert {result.passed for result in results("raw.ingested_files", "rejects", {"rejected_rate": 0.05})} == {True}


def test_nothing_to_check_is_skipped_neither_passed_nor_failed() -> None:
    found = {r.column_name: r for r in results("ml.churn_scores", "scores", {"gap_to_base_rate": None})}
    skipped = found["gap_to_base_rate"]
    assert (skipped.passed, skipped.failed, skipped.blocks) == (None, False, False)
    assert skipped.observed_value == "skipped: nothing to check"


def test_a_result_carries_what_its_check_means_and_what_to_do() -> None:
    found = results("raw.ingested_files", "rejects", {"rejected_rate": 0.3})
    assert {"cleaning.max_rejected_rate" in result.action for result in found} == {True}
    assert [result.explanation for result in found] == [
        check.explanation for check in probe_of("raw.ingested_files", "rejects").checks
    ]


def test_nothing_to_check_blocks_where_there_must_be_something() -> None:
    found = results("marts.user_features", "snapshots")
    assert found and all(result.blocks for result in found)


def test_an_expectation_that_cannot_be_evaluated_raises_and_is_named() -> None:
    probe = probe_of("raw.events", "volume")
    with pytest.raises(GateBroken, match=r"raw\.events: expect_column_values_to_be_between on last_week_volume_ratio"):
        validate(SUITES["raw.events"], probe, pd.DataFrame({"source": ["shop"]}))


def test_values_of_the_wrong_type_are_broken_not_passed() -> None:
    probe = Probe("", [between("rate", 0, 1, "a rate")])
    with pytest.raises(GateBroken):
        validate(Suite("marts.x", "marts", ()), probe, pd.DataFrame({"rate": ["many"]}))


def test_checking_opens_no_network_connection() -> None:
    code = """
import socket, sys, threading
calls = []
socket.socket.connect = lambda self, address: calls.append(address)
socket.getaddrinfo = lambda *args, **kwargs: calls.append(args) or []
import pandas as pd
from datetime import date
from expectations import SUITES, GateParams
from expectations.validation import validate
suite = SUITES["raw.events"]
frame = pd.DataFrame({"source": ["shop"], "last_week_volume_ratio": [1.0], "silence_over_longest_gap": [1.0]})
assert all(result.passed for result in validate(suite, suite.probes[1](GateParams(date(2026, 1, 31))), frame))
for thread in threading.enumerate():
    if thread is not threading.main_thread():
        thread.join(2)
sys.exit(len(calls))
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
