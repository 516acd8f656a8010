"""Honest amounts of currencies without a small unit pass the gates: a double has fifteen digits, whatever they mean."""

from __future__ import annotations

from datetime import date

import duckdb
import pandas as pd
import pytest
from healthy import failures
from suite_cases import only

from expectations import SUITES, GateParams, run_suite
from models.value import value_customers

AS_OF = date(2026, 1, 31)
SUITE = only(SUITES["ml.customer_value"], "n_revenue_off")
VND = 95_000_000.0


def histories(mean: float, n_orders: int = 6, age_days: int = 13) -> pd.DataFrame:
    """One person, whose first order is too young for a holdout."""
    row = {
        "person_id": "u1",
        "as_of_date": AS_OF,
        "n_order_days": n_orders,
        "recency_days": age_days - 1,
        "age_days": age_days,
        "mean_order_value": mean,
        "n_days_after": None,
        "n_order_days_after": None,
        "revenue_after": None,
    }
    return pd.DataFrame([row])


def score(con: duckdb.DuckDBPyConnection, mean: float) -> tuple[float, float, float]:
    """Score the person into ml.customer_value."""
    frame = value_customers(histories(mean), AS_OF, 90, seed=7).frame
    con.execute("delete from ml.customer_value")
    con.register("scored", frame[[name for (name, *_) in con.execute("describe ml.customer_value").fetchall()]])
    con.execute("insert into ml.customer_value by name select * from scored")
    con.unregister("scored")
    columns = "expected_orders, expected_order_value, expected_revenue"
    return con.execute(f"select {columns} from ml.customer_value").fetchall()[0]


@pytest.mark.parametrize("mean", [0.01, 95.0, VND, 1e9, 1e15])
def test_expected_revenue_of_any_amount_passes(
    warehouse: duckdb.DuckDBPyConnection, params: GateParams, mean: float
) -> None:
    score(warehouse, mean)
    assert failures(run_suite(SUITE, warehouse, params)) == set()


def test_six_orders_of_95_000_000(warehouse: duckdb.DuckDBPyConnection, params: GateParams) -> None:
    """Five orders after the first in 13 days: 5 / 13 · 90 in 90 days. Rounded, the factors give 0.02 VND less."""
    orders, value, revenue = score(warehouse, VND)
    assert orders == pytest.approx(450 / 13, abs=1e-8) and value == VND
    assert revenue == pytest.approx(450 * VND / 13, abs=1e-3)  # 3,288,461,538.46
    assert abs(orders * value - revenue) > 0.01  # what a tolerance for small amounts would call damage
    assert failures(run_suite(SUITE, warehouse, params)) == set()


@pytest.mark.parametrize("off", [5.0, -5.0, 1000.0])
def test_five_dong_of_three_thousand_million_are_found(
    warehouse: duckdb.DuckDBPyConnection, params: GateParams, off: float
) -> None:
    score(warehouse, VND)
    warehouse.execute("update ml.customer_value set expected_revenue = expected_revenue + ?", [off])
    assert failures(run_suite(SUITE, warehouse, params)) == {("ml.customer_value", "n_revenue_off")}
