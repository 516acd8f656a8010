"""The suites' SQL on a small warehouse: healthy data pass every gate, each kind of damage fails the check meant for it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
from healthy import WAREHOUSE, failures, skipped

from expectations import GateBroken, GateParams, run_stage, run_suite

# Per table: the column that must fail, and what is done to the healthy warehouse.
DAMAGE: dict[str, list[tuple[str, str]]] = {
    # sessions.py
    "intermediate.int_sessionized": [
        ("n_events", "delete from intermediate.int_sessionized"),
        ("n_without_session", "update intermediate.int_sessionized set session_id = null where i = 3"),
        ("n_without_person", "update intermediate.int_sessionized set person_id = null where i = 3"),
        ("n_longer_than_max", "update intermediate.int_sessionized set session_id = 's' where i in (3, 300)"),
        ("single_event_rate", "update intermediate.int_sessionized set session_id = event_id"),
        ("n_lost_or_invented", "delete from intermediate.int_duplicates"),
        ("n_lost_or_invented", "delete from intermediate.int_sessionized where i = 3"),
    ],
    "intermediate.int_duplicates": [
        ("duplicate_rate", "insert into intermediate.int_duplicates select 'shop', 'e2' from range(200)"),
    ],
    # marts.py
    "marts.fct_events": [
        ("n_events", "delete from marts.fct_events"),
        ("n_lost_or_invented", "delete from marts.fct_events where i = 7"),
        ("n_lost_or_invented", "insert into marts.fct_events from marts.fct_events limit 1"),
        ("days_behind_as_of", "update marts.fct_events set event_date = '2026-02-01' where i = 7"),
        ("n_duration_out_of_range", "update marts.fct_events set duration_s = 86401 where i = 7"),
        ("bot_rate", "update marts.fct_events set is_bot = true"),
        ("purchase_no_revenue_rate", "update marts.fct_events set revenue = null"),
    ],
    "marts.fct_sessions": [
        ("n_duration_out_of_range", "update marts.fct_sessions set duration_s = -1"),
        ("n_without_events", "update marts.fct_sessions set n_events = 0"),
        ("n_events_off", "update marts.fct_sessions set n_events = n_events + 1"),
        ("n_purchases_off", "update marts.fct_sessions set n_purchases = 0"),
        ("conversion_rate", "update marts.fct_sessions set is_converted = true"),
        ("revenue_off_rate", "update marts.fct_sessions set revenue = revenue + 1"),
    ],
    "marts.dim_users": [
        ("n_suspicious_orders_off", "update marts.dim_users set n_suspicious_orders = 0"),
        ("revenue_off_rate", "update marts.dim_users set revenue = revenue + 1"),
        ("net_revenue_off_rate", "update marts.dim_users set net_revenue = revenue"),
        ("n_persons", "delete from marts.dim_users"),
        ("n_events_off", "update marts.dim_users set n_events = n_events + 1"),
        ("n_events_off", "delete from marts.dim_users where person_id = 'p3'"),
        ("n_orders_off", "update marts.dim_users set n_orders = n_orders + 9"),
        ("n_seen_backwards", "update marts.dim_users set last_seen_at = '2020-01-01'"),
        ("n_score_out_of_range", "update marts.dim_users set activity_score = 101"),
        ("n_active_after_as_of", "update marts.dim_users set days_since_last_active = -1"),
    ],
    "marts.user_features": [
        ("n_persons_invented", "insert into marts.user_features from marts.user_features"),
        ("n_after_as_of", "update marts.user_features set as_of_date = '2026-02-01'"),
        ("n_seeing_the_future", "update marts.user_features set days_since_last_active = -1"),
        ("n_score_out_of_range", "update marts.user_features set activity_score = 'nan'"),
        ("n_missing", "update marts.user_features set purchase_frequency = null"),
        ("is_current", "delete from marts.user_features where as_of_date = '2026-01-31'"),
    ],
    # orders.py
    "marts.fct_orders": [
        ("n_more_than_purchases", "insert into marts.fct_orders from marts.fct_orders"),
        ("n_after_as_of", "update marts.fct_orders set order_date = '2026-02-01'"),
        ("n_negative_revenue", "update marts.fct_orders set revenue = -1"),
        ("n_refunded_beyond_revenue", "update marts.fct_orders set refunded_amount = 10, net_revenue = -0.5"),
        ("n_net_revenue_off", "update marts.fct_orders set net_revenue = revenue"),
        ("n_suspicious_without_reason", "update marts.fct_orders set suspicion_reason = null"),
        ("suspicious_rate", "update marts.fct_orders set is_suspicious = true"),
        ("other_currency_rate", "update marts.fct_orders set currency = 'CNY' where order_id = 'e20'"),
    ],
    "marts.fct_refunds": [
        ("n_negative_amount", "update marts.fct_refunds set amount = -1"),
        ("no_order_rate", "update marts.fct_refunds set has_order = false"),
        ("n_refunds_off", "update marts.fct_refunds set is_counted = false"),
    ],
    "marts.fct_order_items": [
        ("n_worth_more_than_the_order", "update marts.fct_order_items set revenue = 9.9"),
    ],
    "marts.item_pairs": [
        ("n_not_in_order", "update marts.item_pairs set item_a = 'b'"),
        ("n_more_than_the_whole", "update marts.item_pairs set n_together = 6"),
        ("n_more_than_the_whole", "update marts.item_pairs set n_baskets = 7"),
        ("n_rate_outside", "update marts.item_pairs set confidence_a_to_b = 1.2"),
    ],
    # funnels.py
    "marts.funnel_conversion": [
        ("n_not_monotone", "update marts.funnel_conversion set n_reached = 41 where step_number = 3"),
        ("n_more_than_entered", "update marts.funnel_conversion set n_reached = 101"),
        ("n_first_step_off", "update marts.funnel_conversion set n_reached = 99"),
        ("n_overall_rate_outside", "update marts.funnel_conversion set overall_conversion_rate = 1.01"),
        ("n_step_rate_outside", "update marts.funnel_conversion set step_conversion_rate = -0.1"),
        ("n_negative_time", "update marts.funnel_conversion set median_time_from_previous_s = -1"),
        ("n_dropped_outside", "update marts.funnel_conversion set n_dropped = -1"),
        ("n_quantiles_crossed", "update marts.funnel_conversion set p75_time_from_entry_s = 41"),
        ("excluded_rate", "update marts.funnel_conversion set n_excluded = 1000"),
    ],
    # retention.py
    "marts.retention": [
        ("n_rate_outside", "update marts.retention set retention_rate = 1.1"),
        ("n_more_than_cohort", "update marts.retention set n_retained = 11"),
        ("n_start_not_whole", "update marts.retention set n_retained = 9"),
        ("n_cohort_sizes_differ", "update marts.retention set n_cohort = n_cohort + period_number"),
        ("n_value_off", "update marts.retention set cumulative_revenue_per_person = 0.6"),
    ],
    "marts.retention_persons": [
        ("n_persons_off", "delete from marts.retention_persons where person_id = 'p1'"),
        ("n_persons_off", "delete from marts.retention where period_number = 0"),
    ],
    "marts.lifecycle_periods": [
        ("n_states_off", "update marts.lifecycle_periods set n_new = n_new + 1"),
        ("n_flow_off", "update marts.lifecycle_periods set n_dormant = 3"),
        ("n_persons_off", "delete from marts.lifecycle_periods where n_new = 2"),
    ],
    "marts.power_user_curve": [
        ("n_months_off", "delete from marts.power_user_curve where n_active_days = 2"),
        ("n_months_off", "delete from marts.power_user_curve where month_start = '2026-01-01'"),
    ],
    # acquisition.py
    "marts.channel_attribution": [
        ("conversions_off", "delete from marts.channel_attribution where channel = 'email'"),
        ("conversions_off", "update marts.fct_orders set is_suspicious = true where order_id = 'e10'"),
        ("revenue_off", "update marts.channel_attribution set revenue = revenue + 0.000001"),
        ("n_negative", "update marts.channel_attribution set n_conversions = -1 where channel = 'email'"),
        ("unexplained_share", "update marts.channel_attribution set channel = 'no_touch'"),
    ],
    "marts.dim_identities_history": [
        ("n_backwards",
         "update marts.dim_identities_history set known_until = known_from where known_until is not null"),
        ("n_not_the_latest", "update marts.dim_identities set person_id = 'p2'"),
        ("n_not_the_latest", "delete from marts.dim_identities_history where known_until is null"),
    ],
    # behaviour.py
    "marts.path_transitions": [
        ("n_entries_off", "delete from marts.path_transitions where from_event = '(entry)'"),
        ("n_exits_off", "delete from marts.path_transitions"),
    ],
    "marts.path_sequences": [
        ("n_sessions_off", "delete from marts.path_sequences"),
        ("n_more_persons_than_sessions", "update marts.path_sequences set n_persons = 10000"),
        ("n_rate_outside", "update marts.path_sequences set conversion_rate = 1.1"),
    ],
    "marts.path_drop_offs": [
        ("n_lost_off", "update marts.path_drop_offs set n_sessions_lost = 0"),
        ("n_more_lost_than_reached", "update marts.path_drop_offs set n_sessions_reached = 0"),
        ("n_stakes_unknown", "update marts.path_drop_offs set revenue_at_stake = 'nan'"),
    ],
    "marts.aha_moments": [
        ("n_groups_off", "update marts.aha_moments set n_did = 5"),
        ("n_rate_outside", "update marts.aha_moments set retention_rate_did = 1.1"),
        ("n_adjusted_below", "update marts.aha_moments set p_value_adjusted = 0.001"),
        ("n_ranks_twice", "insert into marts.aha_moments from marts.aha_moments"),
    ],
    # ml.py
    "ml.user_segments": [
        ("segment", "update ml.user_segments set segment = 'vip' where person_id = 'p1'"),
        ("segment", "update ml.user_segments set segment = null where person_id = 'p1'"),
        ("segment_share", "update ml.user_segments set segment = 'new'"),
        ("n_other_date", "update ml.user_segments set as_of_date = '2026-01-30'"),
        ("n_unexplained", "update ml.user_segments set segment_reason = null"),
        ("n_persons_off", "insert into ml.user_segments from ml.user_segments"),
        ("n_persons_off", "delete from ml.user_segments where person_id = 'p3'"),
        ("n_rfm_off", "update ml.user_segments set rfm_score = '554' where person_id = 'p0'"),
        ("n_rfm_off", "update ml.user_segments set rfm_score = null"),
        ("n_rfm_outside", "update ml.user_segments set rfm_monetary = 6 where person_id = 'p0'"),
    ],
    "ml.segment_migrations": [
        ("n_persons_off", "delete from ml.segment_migrations where from_segment = '(new)'"),
        ("n_other_date", "update ml.segment_migrations set as_of_date = '2026-01-30'"),
        ("n_backwards", "update ml.segment_migrations set previous_as_of_date = '2026-01-31'"),
        ("n_nobody", "update ml.segment_migrations set n_persons = 0 where to_segment = '(gone)'"),
    ],
    "ml.churn_scores": [
        ("n_eligible_without_score", "delete from ml.churn_scores"),
        ("n_without_probability", "update ml.churn_scores set probability = null"),
        ("n_outside_0_1", "update ml.churn_scores set probability = 1.01"),
        ("n_without_version", "update ml.churn_scores set model_version = null"),
        ("n_other_date", "update ml.churn_scores set as_of_date = '2026-01-30'"),
        ("n_eligible_without_score", "delete from ml.churn_scores where person_id = 'p3'"),
    ],
    "ml.purchase_scores": [
        ("n_persons_invented", "insert into ml.purchase_scores from ml.purchase_scores"),
        ("n_distinct_probabilities",
         "insert into ml.purchase_scores from ml.purchase_scores; update ml.purchase_scores set probability = 0.4"),
        ("gap_to_base_rate", "update ml.purchase_scores set probability = 0.9"),
    ],
    "ml.feature_drift": [
        ("n_psi_off", "update ml.feature_drift set psi = null"),
        ("n_psi_off", "update ml.feature_drift set psi = -0.1 where feature = '(score)'"),
        ("n_rates_off", "update ml.feature_drift set missing_rate = 1.2"),
        ("drifted_share", "update ml.feature_drift set is_drifted = true"),
        ("score_psi", "update ml.feature_drift set psi = 0.4, is_drifted = true where feature = '(score)'"),
    ],
    "ml.model_metrics": [
        ("split", "update ml.model_metrics set split = 'train'"),
        ("n_without_value", "update ml.model_metrics set value = null"),
        ("n_outside_interval", "update ml.model_metrics set ci_low = 0.85"),
        ("n_rate_outside", "update ml.model_metrics set value = 1.5"),
        ("promoted_roc_auc", "update ml.model_metrics set value = 0.45"),
    ],
    # recommendations.py
    "ml.recommendations": [
        ("n_unexplained", "update ml.recommendations set reason = '' where person_id = 'p3'"),
        ("n_without_version", "update ml.recommendations set model_version = null"),
        ("n_other_date", "update ml.recommendations set as_of_date = '2026-01-30'"),
        ("n_score_outside", "update ml.recommendations set score = 'nan'"),
        ("n_lists_with_gaps", "delete from ml.recommendations where person_id = 'p3' and rank = 1"),
        ("n_lists_too_long",
         "insert into ml.recommendations select person_id, as_of_date, i, item_id, score, strategy, reason, model_version "
         "from ml.recommendations, range(3, 12) as r(i) where rank = 1"),
        ("n_not_for_persons", "update marts.dim_users set is_bot = true where person_id = 'p3'"),
        ("n_bought_before", "update ml.recommendations set item_id = 'i' where person_id = 'p0' and rank = 2"),
        ("n_items_unknown", "update ml.recommendations set item_id = 'x' where person_id = 'p3' and rank = 2"),
        ("without_list_rate", "delete from ml.recommendations where person_id = 'p3'"),
        ("without_list_rate", "delete from ml.recommendations"),
    ],
    "ml.similar_items": [
        ("n_like_themselves", "update ml.similar_items set similar_item_id = 'i' where rank = 1"),
        ("n_similarity_outside", "update ml.similar_items set similarity = 0"),
        ("n_of_no_night", "update ml.similar_items set as_of_date = '2026-01-30'"),
        ("n_out_of_order", "update ml.similar_items set similarity = 0.9 where rank = 2"),
    ],
    "activation.user_history": [
        ("n_empty", "update activation.user_history set valid_to = valid_from where person_id = 'p1'"),
        ("n_after_as_of", "update activation.user_history set valid_to = '2026-02-01' where person_id = 'p1'"),
        ("n_overlapping", "update activation.user_history set valid_to = '2026-01-31' where valid_to is not null"),
        ("n_overlapping", "insert into activation.user_history from activation.user_history where person_id = 'p2'"),
        ("gap_rate", "update activation.user_history set valid_to = '2026-01-20' where valid_to is not null"),
        ("n_other_than_the_profile", "update activation.user_history set value = 'new' where person_id = 'p7'"),
        ("n_other_than_the_profile", "delete from activation.user_history where person_id = 'p7'"),
    ],
    "activation.user_profiles": [
        ("n_persons_off", "delete from activation.user_profiles where person_id = 'p3'"),
        ("n_other_date", "update activation.user_profiles set as_of_date = '2026-01-30'"),
        ("n_segments_lost", "update activation.user_profiles set segment = null"),
        ("n_churn_scores_lost", "update activation.user_profiles set churn_probability = null where person_id = 'p3'"),
        ("n_purchase_scores_lost", "delete from ml.purchase_scores where person_id = 'p3'"),
        ("n_recommendations_lost", "update activation.user_profiles set top_recommendation = null where person_id = 'p3'"),
        ("n_customer_values_lost", "update activation.user_profiles set expected_orders = null"),
    ],
    # value.py
    "marts.order_histories": [
        ("n_persons_off", "delete from marts.order_histories"),
        ("n_persons_off", "update marts.order_histories set n_order_days = n_order_days - 1"),
        ("n_after_as_of", "update marts.order_histories set as_of_date = '2026-02-01'"),
        ("n_impossible", "update marts.order_histories set recency_days = age_days + 1"),
        ("n_impossible", "update marts.order_histories set n_order_days = recency_days + 2"),
        ("n_knowing_the_future", "update marts.order_histories set n_days_after = 7"),
    ],
    "ml.survival_curves": [
        ("n_persons_off", "delete from ml.survival_curves where breakdown_value = 'regular'"),
        ("n_ends_off", "delete from ml.survival_curves where lifetime_day = 1"),
        ("n_other_date", "update ml.survival_curves set as_of_date = '2026-01-30'"),
        ("n_rising", "update ml.survival_curves set survival_rate = 0.8 where lifetime_day = 1"),
        ("n_rate_outside", "update ml.survival_curves set hazard_rate = -0.1 where lifetime_day = 1"),
        ("n_rate_outside", "update ml.survival_curves set n_events = 9 where lifetime_day = 1"),
        ("n_outside_interval", "update ml.survival_curves set ci_low = 0.76"),
    ],
    "ml.customer_value": [
        ("n_persons_off", "delete from ml.customer_value"),
        ("n_other_date", "update ml.customer_value set as_of_date = '2026-01-30'"),
        ("n_probability_outside", "update ml.customer_value set probability_alive = 1.01"),
        ("n_probability_outside", "update ml.customer_value set probability_of_order = 0.9"),
        ("n_orders_outside", "update ml.customer_value set expected_orders = 91"),
        ("n_orders_outside", "update ml.customer_value set expected_orders = 'nan'::double"),
        ("n_orders_outside", "update ml.customer_value set expected_orders = 0.5"),
        ("n_revenue_off", "update ml.customer_value set expected_revenue = 31"),
    ],
    "activation.retention_breakdown": [
        ("n_cells_off", "update activation.retention_breakdown set n_retained = n_retained + 1"),
        ("n_cells_off", "delete from activation.retention_breakdown where breakdown_value = 'new'"),
    ],
}  # fmt: skip
CASES = [(table, *case) for table, cases in DAMAGE.items() for case in cases]


@pytest.mark.parametrize("stage", ["sessions", "marts", "ml"])
def test_healthy_data_pass(stage: str, warehouse: duckdb.DuckDBPyConnection, params: GateParams) -> None:
    results = run_stage(stage, warehouse, params)
    assert failures(results) == set()
    under_20_persons = {(f"ml.{kind}_scores", "n_distinct_probabilities") for kind in ("churn", "purchase")}
    assert skipped(results) == (under_20_persons if stage == "ml" else set())


@pytest.mark.parametrize(("table", "column", "damage"), CASES, ids=[f"{table}-{column}" for table, column, _ in CASES])
def test_damage_is_found(
    table: str, column: str, damage: str, warehouse: duckdb.DuckDBPyConnection, params: GateParams
) -> None:
    warehouse.execute(damage)
    assert (table, column) in failures(run_suite(table, warehouse, params))


def test_orders_in_other_currencies_are_told_with_number_and_currency(
    warehouse: duckdb.DuckDBPyConnection, params: GateParams
) -> None:
    """Of 40 orders e40 is suspicious, so 39 are counted; one without a currency is in the site's."""
    warehouse.execute("update marts.fct_orders set currency = 'CNY' where order_id in ('e20', 'e30', 'e40')")
    warehouse.execute("update marts.fct_orders set currency = 'EUR' where order_id = 'e50'")
    (found,) = [r for r in run_suite("marts.fct_orders", warehouse, params) if r.failed]
    assert (found.column_name, found.severity) == ("other_currency_rate", "warn")
    assert found.observed_value == (  # 3 / 39
        "0.0769231 (note=2 orders in CNY, 1 orders in EUR, site.currency is USD: "
        "sums of revenue add amounts of different currencies as they are)"
    )


def test_orders_all_in_the_currency_of_the_site_are_no_news(
    warehouse: duckdb.DuckDBPyConnection, params: GateParams
) -> None:
    warehouse.execute("update marts.fct_orders set currency = 'CNY'")
    assert failures(run_suite("marts.fct_orders", warehouse, replace(params, currency="CNY"))) == set()


def test_a_file_is_opened_read_only_and_released(tmp_path: Path, params: GateParams) -> None:
    path = tmp_path / "growth.duckdb"
    with duckdb.connect(str(path)) as con:
        con.execute(WAREHOUSE)
    assert failures(run_stage("sessions", path, params)) == set()
    with duckdb.connect(str(path)) as con:  # fails while a reader of another configuration is open
        con.execute("drop table marts.fct_events")
    with pytest.raises(GateBroken, match=r"marts\.fct_events: probe profile could not be computed"):
        run_stage("marts", path, params)
