"""Every expectation passes on a good frame and fails on a bad one; a broken one raises; skipped is not passed."""

import subprocess
import sys
from datetime import date, datetime

import pandas as pd
import pytest

from expectations import SUITES, CheckResult, GateBroken, GateParams
from expectations.runner import judge
from expectations.suites.base import Check, Probe, Suite, between

PARAMS = GateParams(as_of_date=date(2026, 1, 31))

# What a probe returns for healthy data: one entry per probe.
GOOD: dict[tuple[str, str], dict[str, object]] = {
    ("raw.ingested_files", "files"): {
        "source": "shop", "file": "a.jsonl", "n_unaccounted_lines": 0, "n_lake_rows_off": 0,
        "hours_event_after_ingest": -3.0, "first_event_year": 2026, "n_truncated": 0, "n_unreadable": 0,
    },
    ("raw.ingested_files", "rejects"): {
        "source": "shop", "rejected_rate": 0.01, "worst_new_batch_rejected_rate_low": 0.02,
        "rejected_lines": "1 of 100", "reasons": "bad_json 1", "most_in": "a.jsonl 1",
    },
    ("raw.ingested_files", "late"): {"source": "shop", "n_too_late": 0, "taken_in_by": None},
    ("raw.events", "total"): {"n_events_to_as_of": 10, "n_without_event_at": 0, "n_without_identity": 0},
    ("raw.events", "volume"): {
        "source": "shop", "last_week_volume_ratio": 1.0, "silence_over_longest_gap": 1.0,
    },
    ("raw.events", "newest_day"): {"share_of_usual_day": 0.9, "note": "9 events"},
    ("intermediate.int_sessionized", "events"): {
        "n_events": 10, "n_without_session": 0, "n_without_person": 0, "n_lost_or_invented": 0,
    },
    ("intermediate.int_sessionized", "sessions"): {
        "n_longer_than_max": 0, "mean_events_per_session": 4.0, "single_event_rate": 0.4,
    },
    ("intermediate.int_duplicates", "rates"): {"source": "shop", "duplicate_rate": 0.01},
    ("marts.fct_events", "profile"): {
        "n_events": 10, "days_behind_as_of": 0, "n_duration_out_of_range": 0, "bot_rate": 0.01,
        "purchase_no_revenue_rate": 0.0,
    },
    ("marts.fct_events", "reconciliation"): {"source": "shop", "n_lost_or_invented": 0},
    ("marts.fct_sessions", "profile"): {
        "n_duration_out_of_range": 0, "n_without_events": 0, "n_events_off": 0, "n_purchases_off": 0,
        "revenue_off_rate": 0.0, "conversion_rate": 0.03,
    },
    ("marts.fct_orders", "profile"): {
        "n_more_than_purchases": 0, "n_after_as_of": 0, "n_negative_revenue": 0, "n_refunded_beyond_revenue": 0,
        "n_net_revenue_off": 0, "n_suspicious_without_reason": 0, "suspicious_rate": 0.01,
    },
    ("marts.fct_orders", "currency"): {"other_currency_rate": 0.0, "note": None},
    ("marts.fct_refunds", "profile"): {"n_negative_amount": 0, "no_order_rate": 0.1, "n_refunds_off": 0},
    ("marts.fct_order_items", "profile"): {"n_worth_more_than_the_order": 0},
    ("marts.item_pairs", "rates"): {"n_not_in_order": 0, "n_more_than_the_whole": 0, "n_rate_outside": 0},
    ("activation.user_history", "intervals"): {
        "n_empty": 0, "n_after_as_of": 0, "n_overlapping": 0, "n_other_than_the_profile": 0, "gap_rate": 0.01,
    },
    ("marts.channel_attribution", "sums"): {
        "model": "linear", "period": "all", "conversions_off": 0.0, "revenue_off": 0.0, "n_negative": 0,
        "unexplained_share": 0.1,
    },
    ("marts.dim_identities_history", "intervals"): {"n_backwards": 0, "n_not_the_latest": 0},
    ("marts.dim_users", "profile"): {
        "n_persons": 5, "n_events_off": 0, "n_orders_off": 0, "n_suspicious_orders_off": 0, "revenue_off_rate": 0.0, "net_revenue_off_rate": 0.0, "n_seen_backwards": 0,
        "n_score_out_of_range": 0, "n_active_after_as_of": 0,
    },
    ("marts.funnel_conversion", "rates"): {
        "funnel_name": "purchase", "n_not_monotone": 0, "n_more_than_entered": 0, "n_first_step_off": 0, "n_overall_rate_outside": 0,
        "n_step_rate_outside": 0, "n_negative_time": 0, "n_dropped_outside": 0, "n_quantiles_crossed": 0, "excluded_rate": 0.1,
    },
    ("marts.retention", "rates"): {
        "mode": "calendar_on", "grain": "day", "n_rate_outside": 0, "n_more_than_cohort": 0,
        "n_start_not_whole": 0, "n_value_off": 0, "n_cohort_sizes_differ": 0,
    },
    ("marts.path_transitions", "ends"): {"n_entries_off": 0, "n_exits_off": 0},
    ("marts.path_sequences", "shares"): {"n_sessions_off": 0, "n_more_persons_than_sessions": 0, "n_rate_outside": 0},
    ("marts.path_drop_offs", "stakes"): {"n_lost_off": 0, "n_more_lost_than_reached": 0, "n_stakes_unknown": 0},
    ("marts.aha_moments", "grid"): {"n_groups_off": 0, "n_rate_outside": 0, "n_adjusted_below": 0, "n_ranks_twice": 0},
    ("marts.retention_persons", "cells"): {"mode": "calendar_on", "grain": "day", "n_persons_off": 0},
    ("marts.lifecycle_periods", "flow"): {"grain": "week", "n_states_off": 0, "n_flow_off": 0, "n_persons_off": 0},
    ("marts.power_user_curve", "months"): {"n_months_off": 0},
    ("activation.retention_breakdown", "sums"): {"breakdown": "segment", "n_cells_off": 0},
    ("marts.user_features", "snapshots"): {
        "as_of_date": date(2026, 1, 31), "n_persons": 5, "n_persons_invented": 0, "n_after_as_of": 0,
        "n_seeing_the_future": 0, "n_score_out_of_range": 0, "n_missing": 0, "is_current": 1,
    },
    ("ml.user_segments", "shares"): {
        "segment": "new", "n_persons": 3, "segment_share": 0.4, "n_other_date": 0, "n_unexplained": 0,
        "n_persons_off": 0, "n_rfm_off": 0, "n_rfm_outside": 0,
    },
    ("ml.segment_migrations", "flows"): {"n_persons_off": 0, "n_other_date": 0, "n_backwards": 0, "n_nobody": 0},
    ("ml.model_metrics", "metrics"): {
        "model": "churn", "split": "test", "n_without_value": 0, "n_outside_interval": 0, "n_rate_outside": 0,
        "promoted_roc_auc": 0.8,
    },
    ("ml.feature_drift", "shift"): {
        "model": "churn", "n_psi_off": 0, "n_rates_off": 0, "drifted_share": 0.1, "score_psi": 0.02,
    },
    ("activation.user_profiles", "reconciliation"): {
        "n_persons_off": 0, "n_other_date": 0, "n_segments_lost": 0, "n_churn_scores_lost": 0,
        "n_purchase_scores_lost": 0, "n_customer_values_lost": 0, "n_recommendations_lost": 0,
    },
    ("marts.order_histories", "histories"): {
        "n_persons_off": 0, "n_after_as_of": 0, "n_impossible": 0, "n_knowing_the_future": 0,
    },
    ("ml.survival_curves", "curves"): {
        "breakdown": "segment", "n_persons_off": 0, "n_ends_off": 0, "n_other_date": 0, "n_rising": 0, "n_rate_outside": 0,
        "n_outside_interval": 0,
    },
    ("ml.customer_value", "values"): {
        "n_persons_off": 0, "n_other_date": 0, "n_probability_outside": 0, "n_orders_outside": 0, "n_revenue_off": 0,
    },
    ("ml.recommendations", "lists"): {
        "n_unexplained": 0, "n_without_version": 0, "n_other_date": 0, "n_score_outside": 0, "n_lists_with_gaps": 0,
        "n_lists_too_long": 0, "n_not_for_persons": 0, "n_bought_before": 0, "n_items_unknown": 0, "without_list_rate": 0,
    },
    ("ml.similar_items", "pairs"): {
        "n_like_themselves": 0, "n_similarity_outside": 0, "n_of_no_night": 0, "n_out_of_order": 0,
    },
} | {
    (f"ml.{kind}_scores", "scores"): {
        "n_without_probability": 0, "n_outside_0_1": 0, "n_without_version": 0, "n_other_date": 0,
        "n_persons_invented": 0, "n_eligible_without_score": 0, "n_distinct_probabilities": 40, "gap_to_base_rate": 0.02,
    }
    for kind in ("churn", "purchase")
}  # fmt: skip

# A bad value for each judged column that does not count rows (those are bad at 1).
BAD_VALUES: dict[str, list[object]] = {
    "drifted_share": [0.9], "score_psi": [0.5],
    "hours_event_after_ingest": [24.5], "first_event_year": [1970], "rejected_rate": [0.051],
    "worst_new_batch_rejected_rate_low": [0.051], "n_events_to_as_of": [0], "last_week_volume_ratio": [0.29, 3.1],
    "silence_over_longest_gap": [3.5], "share_of_usual_day": [0.099],
    "n_events": [0], "mean_events_per_session": [1001.0], "single_event_rate": [0.96], "duplicate_rate": [0.21],
    "days_behind_as_of": [-1, 2], "bot_rate": [0.31], "purchase_no_revenue_rate": [0.6], "conversion_rate": [0.95],
    "suspicious_rate": [0.21], "other_currency_rate": [0.001], "n_persons": [0], "is_current": [0], "segment": [None, "vip"], "segment_share": [0.99],
    "split": ["train"], "promoted_roc_auc": [0.49, 1.0], "n_distinct_probabilities": [1],
    "gap_to_base_rate": [0.16], "conversions_off": [0.000001], "revenue_off": [0.000001], "unexplained_share": [0.51], "excluded_rate": [0.91],
    "revenue_off_rate": [0.000001], "net_revenue_off_rate": [0.000001], "no_order_rate": [0.21], "gap_rate": [0.051], "without_list_rate": [0.06],
}  # fmt: skip


def probe_of(name: str, probe_name: str) -> tuple[Suite, Probe]:
    suite = SUITES[name]
    return suite, next(probe for probe in suite.probes if probe.name == probe_name)


def run(name: str, probe_name: str, changes: dict[str, object] | None = None) -> list[CheckResult]:
    suite, probe = probe_of(name, probe_name)
    return judge(suite, probe, pd.DataFrame([GOOD[name, probe_name] | (changes or {})]), PARAMS)


def bad_cases() -> list[tuple[str, str, int, Check]]:
    return [
        (suite.name, probe.name, index, check)
        for suite in SUITES.values()
        for probe in suite.probes
        for index, check in enumerate(probe.checks(PARAMS))
    ]


def test_every_probe_has_a_good_frame() -> None:
    assert set(GOOD) == {(suite.name, probe.name) for suite in SUITES.values() for probe in suite.probes}


@pytest.mark.parametrize(("name", "probe_name"), list(GOOD), ids=lambda value: value)
def test_a_good_frame_passes_everything(name: str, probe_name: str) -> None:
    results = run(name, probe_name)
    assert [result for result in results if not result.passed] == []
    assert len(results) == len(probe_of(name, probe_name)[1].checks(PARAMS))


@pytest.mark.parametrize(
    ("name", "probe_name", "index", "check"),
    bad_cases(),
    ids=[f"{name}-{probe}-{check.column}-{check.severity}-{index}" for name, probe, index, check in bad_cases()],
)
def test_a_bad_frame_fails_its_expectation(name: str, probe_name: str, index: int, check: Check) -> None:
    if check.column is None:
        suite, probe = probe_of(name, probe_name)
        results = judge(suite, probe, pd.DataFrame([GOOD[name, probe_name]]).iloc[:0], PARAMS)
        assert any(not r.passed and r.column_name is None and r.blocks for r in results)
        return
    values = [3] if check.counts_rows else BAD_VALUES[check.column]
    failed = [
        result
        for value in values
        for result in run(name, probe_name, {check.column: value})
        if not result.passed and result.column_name == check.column
    ]
    kinds = {(result.expectation.replace("_", ""), result.severity) for result in failed}
    assert (check.kind.lower(), check.severity) in kinds
    if check.counts_rows:
        assert [result.n_unexpected for result in failed] == [3]


def test_a_failure_names_where_it_happened() -> None:
    suite, probe = probe_of("raw.ingested_files", "rejects")
    good = GOOD["raw.ingested_files", "rejects"]
    frame = pd.DataFrame([good, good | {"source": "legacy", "rejected_rate": 0.5}])
    failed = [result for result in judge(suite, probe, frame, PARAMS) if not result.passed]
    seen = "0.5 (source=legacy, rejected_lines=1 of 100, reasons=bad_json 1, most_in=a.jsonl 1)"
    assert [(result.observed_value, result.n_unexpected) for result in failed] == [(seen, 1)]


def test_the_limit_itself_is_allowed() -> None:
    assert all(result.passed for result in run("raw.ingested_files", "rejects", {"rejected_rate": 0.05}))


def test_nothing_to_check_is_skipped_neither_passed_nor_failed() -> None:
    results = {r.column_name: r for r in run("ml.churn_scores", "scores", {"gap_to_base_rate": None})}
    skipped = results["gap_to_base_rate"]
    assert (skipped.passed, skipped.failed, skipped.blocks) == (None, False, False)
    assert skipped.observed_value == "skipped: nothing to check"


def test_a_result_tells_the_limit_in_words() -> None:
    told = {r.column_name: r.expected for name, probe in GOOD for r in run(name, probe)}
    assert told["rejected_rate"] == "0 to 0.05"
    assert told["n_events"] == "at least 1"
    assert told["worst_new_batch_rejected_rate_low"] == "at most 0.05"
    assert told["n_lake_rows_off"] == "0"
    assert told["split"] == "one of validation, test"


def test_the_rejects_say_what_to_do() -> None:
    results = run("raw.ingested_files", "rejects", {"rejected_rate": 0.3})
    assert all("cleaning.max_rejected_rate" in result.hint for result in results)


def test_nothing_to_check_blocks_where_there_must_be_something() -> None:
    suite, probe = probe_of("marts.user_features", "snapshots")
    results = judge(suite, probe, pd.DataFrame([GOOD["marts.user_features", "snapshots"]]).iloc[:0], PARAMS)
    assert results and all(result.blocks for result in results)


def test_an_expectation_that_cannot_be_evaluated_raises_and_is_named() -> None:
    suite, probe = probe_of("raw.events", "volume")
    with pytest.raises(GateBroken, match=r"raw\.events: expect_column_values_to_be_between on last_week_volume_ratio"):
        judge(suite, probe, pd.DataFrame({"source": ["shop"]}), PARAMS)


def test_values_of_the_wrong_type_are_broken_not_passed() -> None:
    probe = Probe("text", lambda params: "", lambda params: [between("rate", 0, 1)])
    with pytest.raises(GateBroken):
        judge(Suite("marts.x", "marts", (probe,)), probe, pd.DataFrame({"rate": ["many"]}), PARAMS)


def test_result_rows_have_the_columns_of_quality_results() -> None:
    row = run("raw.events", "volume")[0].as_row("run-1", datetime(2026, 1, 31))
    contract = [
        "run_id", "stage", "table_name", "expectation", "column_name", "severity", "passed", "observed_value",
        "n_unexpected", "checked_at",
    ]  # fmt: skip
    assert list(row)[: len(contract)] == contract
    assert (row["run_id"], row["stage"], row["passed"]) == ("run-1", "raw", True)


def test_the_day_ends_at_midnight_of_the_site() -> None:
    assert GateParams(as_of_date=date(2026, 1, 31), timezone="Asia/Shanghai").end_at == datetime(2026, 1, 31, 16)


def test_parameters_are_picked_from_the_variables_of_the_run() -> None:
    steps = [{"event": "view_item"}, {"event": "purchase", "optional": True}]
    variables = {
        "as_of_date": "2026-01-31",
        "run_id": "r",
        "max_bot_rate": 0.5,
        "funnels": [{"name": "f", "steps": steps}],
    }
    params = GateParams.from_mapping(variables)
    assert params == GateParams(date(2026, 1, 31), max_bot_rate=0.5, funnels_with_optional_steps=("f",))


def test_importing_the_package_does_not_import_great_expectations() -> None:
    code = (
        "import sys, expectations; sys.exit(any(m in sys.modules for m in ('great_expectations', 'duckdb', 'dagster')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_judging_opens_no_network_connection() -> None:
    code = """
import socket, sys, threading
calls = []
socket.socket.connect = lambda self, address: calls.append(address)
socket.getaddrinfo = lambda *args, **kwargs: calls.append(args) or []
import pandas as pd
from datetime import date
from expectations import SUITES, GateParams
from expectations.runner import judge
suite = SUITES["raw.events"]
frame = pd.DataFrame({"source": ["shop"], "last_week_volume_ratio": [1.0], "silence_over_longest_gap": [1.0]})
judge(suite, suite.probes[1], frame, GateParams(date(2026, 1, 31)))
for thread in threading.enumerate():
    if thread is not threading.main_thread():
        thread.join(2)
sys.exit(len(calls))
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
