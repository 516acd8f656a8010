"""The suites' SQL on a small warehouse: healthy data pass every gate, each kind of damage fails the check meant for
it.
"""

from __future__ import annotations

from dataclasses import replace

import duckdb
import pytest
from healthy import failures, skipped
from suite_cases import CASES, checks, only

from expectations import SUITES, GateBroken, GateParams, run_stage, run_suite

DAMAGE = [(table, *case) for table, cases in CASES.items() for case in cases.damage]


def test_every_check_after_the_raw_gate_has_damage_that_it_finds() -> None:
    """Damage of the raw gate is done to the lake: test_raw_suites.py."""
    checked = {(table, check.column) for table, _, check in checks() if SUITES[table].stage != "raw"}
    assert checked == {(table, column) for table, column, _ in DAMAGE}


@pytest.mark.parametrize("stage", ["sessions", "marts", "ml"])
def test_healthy_data_pass(stage: str, warehouse: duckdb.DuckDBPyConnection, params: GateParams) -> None:
    results = run_stage(stage, warehouse, params)
    assert failures(results) == set()
    under_20_persons = {(f"ml.{kind}_scores", "n_distinct_probabilities") for kind in ("churn", "purchase")}
    under_20_persons |= {("ml.user_segments", "segment_share")}
    assert skipped(results) == (under_20_persons if stage == "ml" else set())


@pytest.mark.parametrize(
    ("table", "column", "damage"), DAMAGE, ids=[f"{table}-{column}" for table, column, _ in DAMAGE]
)
def test_damage_is_found(
    table: str, column: str, damage: str, warehouse: duckdb.DuckDBPyConnection, params: GateParams
) -> None:
    warehouse.execute(damage)
    given = replace(params, **CASES[table].params.get(column, {}))
    assert (table, column) in failures(run_suite(only(SUITES[table], column), warehouse, given))


@pytest.mark.parametrize(
    "change",
    [
        "delete from ml.purchase_scores; update marts.user_features set n_orders_total = 0",  # nobody has bought
        "update ml.churn_scores set probability = null, model_version = 'recency-rule-unlabelled'",  # only ranks
        "delete from ml.survival_curves; update marts.user_features set days_since_first_seen = 13",  # two weeks
    ],
)
def test_a_site_without_orders_labels_or_history_is_healthy(
    change: str, warehouse: duckdb.DuckDBPyConnection, params: GateParams
) -> None:
    warehouse.execute(change)
    tables = ("ml.purchase_scores", "ml.churn_scores", "ml.survival_curves")
    assert failures([one for table in tables for one in run_suite(SUITES[table], warehouse, params)]) == set()


def test_everybody_is_new_in_the_first_week(warehouse: duckdb.DuckDBPyConnection, params: GateParams) -> None:
    more = "select * replace ('more ' || person_id as person_id) from"
    for table in ("marts.user_features", "ml.user_segments"):
        warehouse.execute(f"insert into {table} {more} {table}")
    warehouse.execute("update ml.user_segments set segment = 'new'")
    shares = only(SUITES["ml.user_segments"], "segment_share")
    for days, off in ((6, set()), (7, {("ml.user_segments", "segment_share")})):
        warehouse.execute(f"update marts.user_features set days_since_first_seen = {days}")
        assert failures(run_suite(shares, warehouse, params)) == off


def test_what_a_default_funnel_lacks_is_one_row_per_funnel(
    warehouse: duckdb.DuckDBPyConnection, params: GateParams
) -> None:
    lacks = {"purchase": ["sign_up", "view_item", "it's"], "checkout": ["begin_checkout"]}
    rows = tuple({"funnel_name": name, "left_out": part} for name, parts in lacks.items() for part in parts)
    suite = only(SUITES["marts.funnel_conversion"], "n_left_out")
    (found,) = run_suite(suite, warehouse, replace(params, left_out_of_funnels=rows))
    assert found.observed_value == (
        "3 (funnel_name=purchase, left_out=sign_up, view_item, it's); 1 (funnel_name=checkout, left_out=begin_checkout)"
    )


def test_orders_in_other_currencies_are_described_with_number_and_currency(
    warehouse: duckdb.DuckDBPyConnection, params: GateParams
) -> None:
    """Of 40 orders e40 is suspicious, so 39 are counted; one without a currency is in the site's."""
    warehouse.execute("update marts.fct_orders set currency = 'CNY' where order_id in ('e20', 'e30', 'e40')")
    warehouse.execute("update marts.fct_orders set currency = 'EUR' where order_id = 'e50'")
    (found,) = [r for r in run_suite(SUITES["marts.fct_orders"], warehouse, params) if r.failed]
    assert (found.column_name, found.severity) == ("other_currency_rate", "warn")
    assert found.observed_value == (  # 3 / 39
        "0.0769231 (note=2 orders in CNY, 1 orders in EUR, site.currency is USD: "
        "sums of revenue add amounts of different currencies as they are)"
    )


def test_orders_all_in_the_currency_of_the_site_are_not_reported(
    warehouse: duckdb.DuckDBPyConnection, params: GateParams
) -> None:
    warehouse.execute("update marts.fct_orders set currency = 'CNY'")
    assert failures(run_suite(SUITES["marts.fct_orders"], warehouse, replace(params, currency="CNY"))) == set()


def test_a_query_that_fails_breaks_the_gate_and_names_the_probe(
    warehouse: duckdb.DuckDBPyConnection, params: GateParams
) -> None:
    warehouse.execute("drop table marts.fct_events")
    with pytest.raises(GateBroken, match=r"marts\.\w+: probe \w+ could not be computed: .*fct_events"):
        run_stage("marts", warehouse, params)
