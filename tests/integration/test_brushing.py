"""The simulated shop knows who brushes orders: how well the flag finds them, and that what it finds is nobody's
revenue and still there.
"""

from __future__ import annotations

import json

import duckdb
import pytest

from pipeline.home.paths import HomePaths


@pytest.fixture(scope="module")
def brushers(shop: HomePaths) -> list[str]:
    truth = json.loads((shop.data / "simulated_truth.json").read_text(encoding="utf-8"))
    found = [row["user_id"] for row in truth["users"] if row["is_brushing"] and row["user_id"]]
    assert found, "a shop without brushing accounts shows nothing"
    return found


def test_the_flag_finds_the_brushed_orders_and_no_others(
    brushers: list[str], warehouse: duckdb.DuckDBPyConnection
) -> None:
    ((n_right, n_flagged, n_brushed),) = warehouse.execute(
        "select count(*) filter (is_suspicious and is_brushed), count(*) filter (is_suspicious), count(*) filter "
        "(is_brushed) "
        "from (select *, list_contains(?, person_id) as is_brushed from marts.fct_orders)",
        [brushers],
    ).fetchall()
    assert n_right / n_flagged >= 0.99, "precision"
    assert n_right / n_brushed >= 0.99, "recall"


def test_the_same_item_again_would_find_them_alone(brushers: list[str], warehouse: duckdb.DuckDBPyConnection) -> None:
    """By plain counting: the busiest item of each person on any date, at the limit of ten orders."""
    persons = warehouse.execute(
        "select distinct person_id from (select person_id, item_id, order_date from marts.fct_order_items "
        "group by all having count(*) > 10)"
    ).fetchall()
    assert {person for (person,) in persons} == set(brushers)


def test_what_they_bought_is_no_revenue_and_still_there(
    brushers: list[str], warehouse: duckdb.DuckDBPyConnection
) -> None:
    ((revenue, n_orders, value),) = warehouse.execute(
        (
            "select sum(revenue), sum(n_orders), max(avg_order_value) from marts.dim_users where list_contains(?, "
            "person_id)"
        ),
        [brushers],
    ).fetchall()
    ((in_orders,),) = warehouse.execute(
        "select sum(revenue) from marts.fct_orders where list_contains(?, person_id)", [brushers]
    ).fetchall()
    assert (revenue, value) == (0, None)
    assert n_orders > 50 and in_orders > 0


@pytest.mark.parametrize(
    "query",
    [
        "select sum(revenue) from marts.dim_users where not is_bot",
        "select sum(revenue) + coalesce((select sum(revenue) from marts.fct_orders where session_id is null and not "
        "is_suspicious "
        "and not is_bot), 0) from marts.fct_sessions where not is_bot",
        "select sum(revenue) from activation.user_profiles where not is_bot",
    ],
)
def test_all_sums_of_revenue_agree(query: str, warehouse: duckdb.DuckDBPyConnection) -> None:
    ((wanted,),) = warehouse.execute(
        "select sum(revenue) from marts.fct_orders where not is_suspicious and not is_bot"
    ).fetchall()
    assert warehouse.execute(query).fetchone() == (pytest.approx(wanted),)


def test_a_profile_is_everything_of_dim_users(warehouse: duckdb.DuckDBPyConnection) -> None:
    columns = [name for name, *_ in warehouse.execute("describe marts.dim_users").fetchall()]
    listed = ", ".join(columns)
    query = "select count(*) from (select {0} from {1} except all select {0} from {2})"
    for one, other in (
        ("marts.dim_users", "activation.user_profiles"),
        ("activation.user_profiles", "marts.dim_users"),
    ):
        assert warehouse.execute(query.format(listed, one, other)).fetchone() == (0,)


def test_the_history_begins_with_the_first_night_and_says_what_the_profiles_say(
    warehouse: duckdb.DuckDBPyConnection,
) -> None:
    rows = warehouse.execute(
        "select count(*), count(distinct valid_from), count(valid_to), count(changed_after_date) from "
        "activation.user_history"
    ).fetchone()
    persons = warehouse.execute("select count(*) + count(segment) from activation.user_profiles").fetchone()
    assert persons is not None
    assert rows == (persons[0], 1, 0, 0)
    off = (
        "segment_since is distinct from case when segment is not null then as_of_date end or lifecycle_stage_since "
        "<> as_of_date"
    )
    assert warehouse.execute(f"select count(*) from activation.user_profiles where {off}").fetchone() == (0,)
