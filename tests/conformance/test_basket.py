"""Items together: published facts of other libraries through ingest and SQL, and random baskets against plain counting
and a matrix product.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

import duckdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conformance.harness import Line, build, compiled, line, run_compiled
from tests.conformance.reference.basket import pairs

# Baskets and rules of rasbt/mlxtend, mlxtend/frequent_patterns/tests/test_association_rules.py, test_default (rules of
# one item to one).
MLXTEND = (
    "Eggs,Kidney Beans,Milk,Nutmeg,Onion,Yogurt",
    "Dill,Eggs,Kidney Beans,Nutmeg,Onion,Yogurt",
    "Apple,Eggs,Kidney Beans,Milk",
    "Corn,Kidney Beans,Milk,Unicorn,Yogurt",
    "Corn,Eggs,Ice cream,Kidney Beans,Onion",
)
# antecedent, consequent: support of both, confidence, lift
RULES = {
    ("Onion", "Kidney Beans"): (0.6, 1.0, 1.0),
    ("Milk", "Kidney Beans"): (0.6, 1.0, 1.0),
    ("Eggs", "Kidney Beans"): (0.8, 1.0, 1.0),
    ("Kidney Beans", "Eggs"): (0.8, 0.8, 1.0),
    ("Yogurt", "Kidney Beans"): (0.6, 1.0, 1.0),
    ("Onion", "Eggs"): (0.6, 1.0, 1.25),
}
# Purchases and summary of CamDavidsonPilon/lifetimes, tests/test_utils.py,
# test_summary_date_from_transaction_with_monetary_values:
# per customer the dates and amounts, then frequency, recency, age and mean amount of the repeat dates by 2015-02-07.
LIFETIMES = {
    1: ({"2015-01-01": 1, "2015-02-06": 2}, (1, 36, 37, 2)),
    2: ({"2015-01-01": 2}, (0, 0, 37, 0)),
    3: ({"2015-01-01": 3, "2015-01-02": 1, "2015-01-05": 5}, (2, 4, 37, 3)),
    4: ({"2015-01-16": 6, "2015-02-02": 3, "2015-02-05": 3}, (2, 20, 22, 3)),
    5: ({"2015-01-16": 3, "2015-01-17": 1, "2015-01-18": 8}, (2, 2, 22, 4.5)),
    6: ({"2015-02-02": 5}, (0, 0, 5, 0)),
}
SUMMARY = """
    select
        n_order_days - 1, last_order_date - first_order_date, date '2015-02-07' - first_order_date,
        coalesce((
            select avg(revenue) from marts.fct_orders as o
            where o.person_id = u.person_id and order_number > 1), 0)
    from marts.dim_users as u where person_id = ?
"""


def _lines() -> Iterator[Line]:
    for number, basket in enumerate(MLXTEND):
        for item in basket.split(","):
            yield line(f"m{number}", "purchase", "2015-02-07T10:00:00", orderId=f"m{number}", productId=item, value=1)
    for customer, (bought, _) in LIFETIMES.items():
        for day, amount in bought.items():
            yield line(f"l{customer}", "purchase", f"{day}T12:00:00", orderId=f"{customer}-{day}", value=amount)
    # no order ids: what one visit bought is one basket; the same items by themselves, hours apart, are two
    for item in ("pen", "paper"):
        for person, at in (
            ("v1", "10:00"),
            ("v2", "10:00"),
            ("v3", "10:00"),
            ("v4", "08:00" if item == "pen" else "20:00"),
        ):
            yield line(person, "purchase", f"2015-02-06T{at}:00", productId=item, value=1)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    config = {"market_basket": {"days": 2, "min_together": 3}}
    folder = tmp_path_factory.mktemp("basket") / "home"
    with build(folder, _lines(), config, ["item_pairs", "dim_users"], as_of=date(2015, 2, 7)) as con:
        yield con


def test_rules_are_those_of_mlxtend(built: duckdb.DuckDBPyConnection) -> None:
    rows = built.execute(
        "select item_a, item_b, n_together, confidence_a_to_b, confidence_b_to_a, n_baskets_a, n_baskets_b from "
        "marts.item_pairs "
        "where basis = 'purchase' and item_a <> 'paper'"
    ).fetchall()  # support and lift depend on all baskets of the log: worked out again for mlxtend's five
    found = {
        (one, other): (n / 5, confidence, confidence / (n_other / 5))
        for a, b, n, there, back, n_a, n_b in rows
        for one, other, confidence, n_other in ((a, b, there, n_b), (b, a, back, n_a))
    }
    assert {rule: found[rule] for rule in RULES} == {rule: pytest.approx(facts) for rule, facts in RULES.items()}
    assert set(found) == set(RULES) | {(other, one) for one, other in RULES}


def test_what_one_visit_bought_without_order_ids_was_bought_together(built: duckdb.DuckDBPyConnection) -> None:
    rows = built.execute("from marts.item_pairs where item_a = 'paper'").fetchall()
    # baskets of the last two days: mlxtend's five, three visits with both, two with one each (lifetimes' orders name no
    # item)
    assert rows == [("purchase", "paper", "pen", 3, 4, 4, 10, 0.3, 0.75, 0.75, pytest.approx(3 * 10 / 16))]


@pytest.mark.parametrize("customer", LIFETIMES)
def test_frequency_recency_and_age_are_those_of_lifetimes(customer: int, built: duckdb.DuckDBPyConnection) -> None:
    assert built.execute(SUMMARY, [f"l{customer}"]).fetchone() == LIFETIMES[customer][1]


EVENTS = "event_name varchar, session_id varchar, item_id varchar, event_at timestamp, event_date date, is_bot boolean"
EMPTY = {
    "intermediate.int_orders": (
        "order_id varchar, session_id varchar, has_order_id boolean, ordered_at timestamp, is_bot boolean",
        [],
    ),
    "marts.fct_orders": ("order_id varchar, is_suspicious boolean", []),
    "marts.fct_order_items": ("order_id varchar, item_id varchar, order_date date", []),
}
NOON = datetime(2026, 1, 31, 12)
SEEN = st.lists(st.tuples(st.sampled_from("stuv"), st.integers(0, 3), st.sampled_from("abcde")), max_size=30)


@pytest.fixture(scope="module")
def steps() -> list[tuple[str, str]]:
    rules = {"days": 1, "min_together": 2, "max_items": 3}
    return compiled(["item_pairs"], {"as_of_date": "2026-01-31", "market_basket": rules})


@settings(max_examples=60, deadline=None)
@given(seen=SEEN)
def test_random_baskets_are_counted_as_by_hand(seen: list[tuple[str, int, str]], steps: Any) -> None:
    rows = [("view_item", s, item, NOON + timedelta(seconds=at), NOON.date(), False) for s, at, item in seen]
    rows += [("view_item", "bot", item, NOON, NOON.date(), True) for item in "ab" * 3]
    rows += [
        ("view_item", f"old{n}", item, NOON - timedelta(days=1), date(2026, 1, 30), False)
        for n in "123"
        for item in "ab"
    ]
    with run_compiled(steps, {**EMPTY, "marts.fct_events": (EVENTS, rows)}) as con:
        columns = "item_a, item_b, n_together, n_baskets_a, n_baskets_b, n_baskets"
        assert con.execute(f"select {columns} from marts.item_pairs order by all").fetchall() == pairs(seen, 2, 3)


@settings(max_examples=20, deadline=None)
@given(table=st.lists(st.lists(st.booleans(), min_size=3, max_size=3), min_size=1, max_size=12))
def test_together_is_the_product_of_the_basket_matrix_with_itself(table: list[list[bool]], steps: Any) -> None:
    matrix = np.array(table, dtype=int)
    rows = [("view_item", f"s{s}", "abc"[i], NOON, NOON.date(), False) for s, i in zip(*matrix.nonzero(), strict=True)]
    together, n = matrix.T @ matrix, int(matrix.any(axis=1).sum())
    wanted = [
        (
            "abc"[i],
            "abc"[j],
            pytest.approx(together[i, j] / n),
            pytest.approx(together[i, j] * n / (together[i, i] * together[j, j])),
        )
        for i in range(3)
        for j in range(i + 1, 3)
        if together[i, j] >= 2
    ]
    with run_compiled(steps, {**EMPTY, "marts.fct_events": (EVENTS, rows)}) as con:
        assert (
            con.execute("select item_a, item_b, support, lift from marts.item_pairs order by all").fetchall() == wanted
        )
