"""Orders, refunds and brushing: hand-made logs through ingest and SQL, and random ones against a plain reading of the
definitions.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from builds import Nights
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conformance.cases import brushing
from tests.conformance.cases import orders as order_cases
from tests.conformance.cases.orders import AS_OF, CONFIG, PERSONS, buy
from tests.conformance.harness import build, compiled, line, run_compiled
from tests.conformance.reference.orders import orders

CASES = {**order_cases.CASES, **brushing.CASES}

ORDERS = "select *, session_id is not null as has_session from marts.fct_orders"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    lines = [one for lines, _ in CASES.values() for one in lines]
    folder = tmp_path_factory.mktemp("orders") / "home"
    with build(folder, lines, CONFIG, ["fct_orders", "dim_users", "retention"], as_of=date.fromisoformat(AS_OF)) as con:
        yield con


def _rows(con: duckdb.DuckDBPyConnection, query: str, key: str) -> dict[str, dict[str, Any]]:
    cursor = con.execute(query)
    names = [column[0] for column in cursor.description]
    rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    return {row[key]: {name: str(v) if isinstance(v, date) else v for name, v in row.items()} for row in rows}


@pytest.mark.parametrize("case", CASES)
def test_orders_of_a_log_worked_out_by_hand(case: str, built: duckdb.DuckDBPyConnection) -> None:
    found = _rows(built, ORDERS, "order_id")
    wanted = CASES[case][1]
    assert {order: {name: found[order][name] for name in columns} for order, columns in wanted.items()} == wanted
    assert sum(order.startswith(f"{case}/") for order in found) == len(wanted)


@pytest.mark.parametrize("person", PERSONS)
def test_a_person_is_what_the_orders_add_up_to(person: str, built: duckdb.DuckDBPyConnection) -> None:
    found = _rows(built, "from marts.dim_users", "person_id")[person]
    assert {name: found[name] for name in PERSONS[person]} == PERSONS[person]


def test_a_refund_of_no_known_order_is_its_persons(built: duckdb.DuckDBPyConnection) -> None:
    rows = built.execute(
        "select order_id, person_id, amount, amount_basis, is_counted from marts.fct_refunds where not has_order "
        "order by 3"
    ).fetchall()
    case, several = "a_refund_by_somebody_else_is_of_the_order_it_names", "one_order_id_of_two_users_is_an_order_each"
    assert rows == [
        (f"{several}/a", f"{several}/agent", 2, "told", True),
        (f"{case}/none", f"{case}/p", 9, "told", True),
    ]


# Each sum, and the orders that it cannot hold: those of no session, those that were not known by as_of.
REVENUES = {
    "dim_users.revenue": ("select sum(revenue) from marts.dim_users", "false"),
    "fct_sessions.revenue": ("select sum(revenue) from marts.fct_sessions", "session_id is null"),
    "user_features.revenue_total": (
        f"select sum(revenue_total) from marts.user_features where as_of_date = date '{AS_OF}'",
        f"known_date > date '{AS_OF}'",
    ),
}


NET_REVENUES = {
    "dim_users": "select sum(net_revenue) from marts.dim_users",
    "retention": "select sum(revenue) from marts.retention where mode = 'calendar_on' and grain = 'day'",
    "user_features": f"select sum(net_revenue_total) from marts.user_features where as_of_date = date '{AS_OF}'",
}


@pytest.mark.parametrize("where", NET_REVENUES)
def test_every_sum_of_net_revenue_is_what_orders_less_refunds_of_no_known_order_leave(
    where: str, built: duckdb.DuckDBPyConnection
) -> None:
    ((gross, net),) = built.execute(
        "select sum(revenue), sum(net_revenue) - (select sum(amount) from marts.fct_refunds where not has_order) "
        "from marts.fct_orders where not is_suspicious and known_date <= ?",
        [AS_OF],
    ).fetchall()
    assert net < gross - 11
    assert built.execute(NET_REVENUES[where]).fetchone() == (pytest.approx(net),)


@pytest.mark.parametrize("where", REVENUES)
def test_every_sum_of_revenue_is_that_of_the_orders_that_are_not_suspicious(
    where: str, built: duckdb.DuckDBPyConnection
) -> None:
    query, not_held = REVENUES[where]
    ((everything, counted),) = built.execute(
        f"select sum(revenue), sum(revenue) filter (not is_suspicious and not ({not_held})) from marts.fct_orders"
    ).fetchall()
    assert counted < everything
    assert built.execute(query).fetchone() == (pytest.approx(counted),)


LIMITS = {"max_orders_per_day": 2, "max_orders_per_item": 2, "max_accounts_per_device": 2, "brushing_window_days": 3}
# What an event lists has unit tests of its own.
NO_LISTS = {
    "marts.fct_event_items": (
        "source varchar, event_id varchar, event_name varchar, item_id varchar, category varchar, quantity double, "
        "revenue double",
        [],
    )
}
MODELS = ("int_order_lines", "int_orders", "fct_order_items", "fct_refunds", "fct_orders")
COLUMNS = """source varchar, event_id varchar, event_name varchar, event_at timestamp, event_date date, known_date date,
    person_id varchar, anonymous_id varchar, session_id varchar, order_id varchar, item_id varchar, category varchar,
    price double, quantity double,
    revenue double, currency varchar, is_server_event boolean, is_bot boolean"""
DAYS = [date(2026, 1, 1) + timedelta(days=n) for n in range(6)]
AMOUNT = st.sampled_from([None, 0.1, 0.2, 3, 10])


@st.composite
def events(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Few persons, devices, items and days, so that everything meets."""
    made = []
    for number in range(draw(st.integers(1, 14))):
        day = draw(st.sampled_from(DAYS))
        source = draw(st.sampled_from(["web", "web", "web", "erp"]))
        name = draw(st.sampled_from(["purchase", "purchase", "purchase", "refund"]))
        amount = draw(AMOUNT)
        made.append(
            {
                "name": name,
                "source": source,
                "event_id": f"e{number}",
                "date": day,
                "at": datetime(day.year, day.month, day.day, draw(st.integers(0, 2))),
                "person": draw(st.sampled_from(["u1", "u2", "u3", "anon:d1"])),
                "device": draw(st.sampled_from([None, "d1", "d2"])),
                "order_id": draw(st.sampled_from([None, "o1", "o2", "o3", "o4"])),
                "item": draw(st.sampled_from([None, "x", "y"])),
                "price": draw(st.sampled_from([None, None, 2.5])) if name == "refund" else None,
                "quantity": draw(st.sampled_from([None, 1, 2])),
                "revenue": amount,
                "is_server": source == "erp",
            }
        )
    return made


@pytest.fixture(scope="module")
def steps() -> list[tuple[str, str]]:
    return compiled(MODELS, {**LIMITS, "as_of_date": "2026-01-31"})


@settings(max_examples=120, deadline=None)
@given(log=events(), order=st.randoms(use_true_random=False))
def test_random_orders_are_those_of_a_plain_reading(log: list[dict[str, Any]], order: Any, steps: Any) -> None:
    rows = [
        (
            e["source"],
            e["event_id"],
            e["name"],
            e["at"],
            e["date"],
            e["date"],
            e["person"],
            e["device"],
            None,
            e["order_id"],
            e["item"],
            None,
            e["price"],
            e["quantity"],
            e["revenue"],
            None,
            e["is_server"],
            False,
        )
        for e in log
    ]
    order.shuffle(rows)
    with run_compiled(steps, {"intermediate.int_order_events": (COLUMNS, rows), **NO_LISTS}) as con:
        found = con.execute(
            "select order_id, person_id, source, revenue, order_number, days_since_previous_order, suspicion_reason, "
            "n_refunds, "
            "refunded_amount, net_revenue from marts.fct_orders order by 1"
        ).fetchall()
    wanted = [
        (
            key,
            o["person"],
            o["source"],
            pytest.approx(o["revenue"]),
            o["number"],
            o["days_since"],
            o["reason"],
            o["n_refunds"],
            pytest.approx(o["refunded"]),
            pytest.approx(o["revenue"] - o["refunded"]),
        )
        for key, o in orders(log, LIMITS).items()
    ]
    assert found == wanted


def test_an_order_that_turns_suspicious_in_a_later_night_is_nobodys_revenue_any_more(tmp_path: Path) -> None:
    """Others order on the same device the next day: sessions and retention of a person of whom nothing new came change
    too.
    """
    text = yaml.safe_dump(
        {**CONFIG, "sources": [{"name": "web", "format": "tracker", "path": "{home}/data/raw/web/*.jsonl"}]}
    )
    nights = Nights(tmp_path / "home", text)
    days = {
        "1": [
            buy("a", "2026-02-01T03:00", person="u1", anonymousId="d"),
            buy("b", "2026-02-02T03:00", person="u1", anonymousId="own"),
        ],
        "2": [
            buy("c", "2026-02-03T03:00", person="u2", anonymousId="d"),
            buy("d", "2026-02-03T04:00", person="u3", anonymousId="d"),
        ],
    }
    days["1"] += [line("u1", "page_view", f"2026-02-01T03:0{n}", anonymousId="d") for n in range(1, 9)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pipeline.build.plan._MAX_NEW_SHARE", 1e9)
        text = {day: "".join(f"{json.dumps(one)}\n" for one in lines) for day, lines in days.items()}
        plans = [
            nights.night({"web/1.jsonl": text["1"]}, 1),
            nights.night({"web/2.jsonl": text["2"]}, 2, models=["+fct_sessions", "+retention_persons"]),
        ]
    assert [plan.is_full for plan in plans] == [True, False]
    with duckdb.connect(str(nights.paths.build_db), read_only=True) as con:
        sessions = "select person_id, session_number, revenue from marts.fct_sessions order by 1, 2"
        assert con.execute(sessions).fetchall() == [("u1", 1, 0), ("u1", 2, 10), ("u2", 1, 0), ("u3", 1, 0)]
        assert con.execute("select distinct person_id from intermediate.int_changed order by 1").fetchall() == [
            ("u1",),
            ("u2",),
            ("u3",),
        ]
        retained = (
            "select sum(revenue) from marts.retention_persons where person_id = 'u1' and mode = 'calendar_on' "
            "and grain = 'day'"
        )
        assert con.execute(retained).fetchone() == (10,)
