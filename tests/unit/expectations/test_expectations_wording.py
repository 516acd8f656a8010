"""What a person reads about a check: what was observed, the limit, what it means and where to look."""

from __future__ import annotations

from datetime import date

import pytest

from expectations import SUITES, CheckResult, GateParams, describe, describe_row
from expectations.checks import Check

PARAMS = GateParams(as_of_date=date(2026, 1, 31))
CHECKS = [(name, check) for name, suite in SUITES.items() for probe in suite.probes for check in probe(PARAMS).checks]
IDS = [f"{name}-{check.column}-{check.severity}-{check.kind}" for name, check in CHECKS]


@pytest.mark.parametrize(("table", "check"), CHECKS, ids=IDS)
def test_every_check_states_what_it_means_and_a_warning_where_to_look(table: str, check: Check) -> None:
    assert len(check.meaning.split()) >= 3
    assert not check.meaning.endswith((".", ":"))
    assert bool(check.look) == (check.severity == "warn")


@pytest.mark.parametrize(("table", "check"), CHECKS, ids=IDS)
def test_a_kept_row_is_described_by_its_check(table: str, check: Check) -> None:
    what = check.column or check.expectation
    text = describe_row(table, what, check.severity, "7", check.expected)
    assert text.startswith(f"{table}: {what} is ")
    if check.severity == "warn":
        assert text.endswith(check.explanation)


def test_a_rate_is_described_in_percent_with_its_limit_and_a_query() -> None:
    text = describe_row("marts.fct_orders", "suspicious_rate", "warn", "0.214821", "0 to 0.2")
    assert text.startswith("marts.fct_orders: suspicious_rate is 21.5 % (expected 0 % to 20 %): share of orders")
    assert "from marts.fct_orders where is_suspicious" in text


def test_a_warning_and_an_error_on_one_column_have_their_own_meaning() -> None:
    behind = describe_row("marts.fct_events", "days_behind_as_of", "warn", "3", "at most 1")
    ahead = describe_row("marts.fct_events", "days_behind_as_of", "error", "-1", "at least 0")
    assert "deliveries are missing: select source" in behind
    assert "later than as_of" in ahead


def test_a_result_and_its_row_are_described_alike() -> None:
    check = SUITES["ml.user_segments"].check("segment_share", "warn")
    assert check is not None
    table, what, observed = "ml.user_segments", "segment_share", "0.99 (segment=new)"
    values = (check.expectation, what, "warn", False, observed, 1, check.expected, check.explanation)
    result = CheckResult("ml", table, *values)  # type: ignore[arg-type]
    assert describe(result) == describe_row(table, what, "warn", observed, check.expected)


@pytest.mark.parametrize(
    ("what", "observed", "wanted"),
    [
        ("duplicate_rate", "0.3 (source=shop2); 0.4 (source=0.5)", "30 % (source=shop2); 40 % (source=0.5)"),
        ("duplicate_rate", "0.3 … 0.45", "30 % … 45 %"),
        ("other_currency_rate", "0.02 (note=12 orders in CNY)", "2 % (note=12 orders in CNY)"),
        ("gap_rate", "2.5e-03", "0.2 %"),
        ("days_behind_as_of", "3", "3"),
        ("silence_over_longest_gap", "0.5", "0.5"),
    ],
)
def test_only_rates_become_percent_and_no_number_of_a_name(what: str, observed: str, wanted: str) -> None:
    """Of a table without a suite: there is nothing to explain."""
    assert describe_row("some.table", what, "warn", observed, "at most 7") == (
        f"some.table: {what} is {wanted} (expected at most {'700 %' if what.endswith('_rate') else '7'})"
    )
