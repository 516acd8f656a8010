"""What a person reads of a warning: what was seen, the limit, what it means and where to look."""

from __future__ import annotations

from datetime import date

import pytest

from expectations.params import GateParams
from expectations.suites import SUITES
from expectations.warnings import MEANINGS, told


def test_every_check_that_warns_says_what_it_means_and_no_other_does() -> None:
    params = GateParams(as_of_date=date(2026, 1, 31))
    warns = {
        (suite.name, check.column)
        for suite in SUITES.values()
        for probe in suite.probes
        for check in probe.checks(params)
        if check.severity == "warn"
    }
    assert warns == set(MEANINGS)


def test_a_rate_is_told_in_percent_with_its_limit_and_a_query() -> None:
    said = told("marts.fct_orders", "suspicious_rate", "0.214821", "0 to 0.2")
    assert said.startswith("marts.fct_orders: suspicious_rate is 21.5 % (expected 0 % to 20 %): share of orders")
    assert "from marts.fct_orders where is_suspicious" in said


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
    assert told("some.table", what, observed, "at most 7") == (
        f"some.table: {what} is {wanted} (expected at most {'700 %' if what.endswith('_rate') else '7'})"
    )
