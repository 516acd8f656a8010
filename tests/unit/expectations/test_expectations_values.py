"""Parameters, limits in words, result rows: what needs neither Great Expectations nor a database."""

from __future__ import annotations

from datetime import date, datetime

from expectations import RESULT_COLUMNS, SUITES, CheckResult, GateParams

PARAMS = GateParams(as_of_date=date(2026, 1, 31))


def test_a_check_states_its_limit_in_words() -> None:
    limits = {c.column: c.expected for suite in SUITES.values() for probe in suite.probes for c in probe(PARAMS).checks}
    assert limits["rejected_rate"] == "0 to 0.05"
    assert limits["n_events"] == "at least 1"
    assert limits["worst_new_batch_rejected_rate"] == "at most 0.05"
    assert limits["n_lake_rows_off"] == "0"
    assert limits["split"] == "one of validation, test"


def test_result_rows_have_the_columns_of_quality_results() -> None:
    result = CheckResult(
        "raw", "raw.events", "expect_column_values_to_be_between", "n", "warn", True, "1", 0, "0 to 2", "about n", "act"
    )
    row = result.as_row("run-1", datetime(2026, 1, 31))
    contract = "run_id stage table_name expectation column_name severity passed observed_value n_unexpected checked_at"
    assert list(row) == [*contract.split(), "expected"] == list(RESULT_COLUMNS)
    assert (row["run_id"], row["stage"], row["passed"]) == ("run-1", "raw", True)


def test_the_day_ends_at_midnight_of_the_site() -> None:
    assert GateParams(as_of_date=date(2026, 1, 31)).end_at == datetime(2026, 2, 1)
    in_shanghai = datetime(2026, 1, 31, 16)
    assert GateParams(as_of_date=date(2026, 1, 31), as_of_end_at=in_shanghai).end_at == in_shanghai


def test_parameters_are_picked_from_the_variables_of_the_run() -> None:
    left_out = [{"funnel_name": "purchase", "left_out": "sign_up"}]
    variables = {
        "as_of_date": "2026-01-31",
        "run_id": "r",
        "max_bot_rate": 0.5,
        "churn": {"horizon_days": 7, "lookback_days": 14},
        "left_out_of_funnels": left_out,
    }
    params = GateParams.from_mapping(variables)
    assert params == GateParams(
        date(2026, 1, 31), max_bot_rate=0.5, lookback_days=14, left_out_of_funnels=tuple(left_out)
    )
