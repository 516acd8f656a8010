"""The profile of random persons, through ingest and SQL, against a plain reading of its definitions."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pytest

from tests.conformance.harness import Line, build, line
from tests.conformance.reference.orders import orders
from tests.conformance.reference.users import users

ZONE = ZoneInfo("Asia/Shanghai")
AS_OF = date(2026, 2, 20)
LIMITS = {"max_orders_per_day": 2, "max_orders_per_item": 2, "max_accounts_per_device": 5, "brushing_window_days": 3}
CONFIG = {"site": {"timezone": "Asia/Shanghai", "currency": "CNY"}, "cleaning": LIMITS}
NAMES = ("view_item", "view_item", "add_to_cart", "purchase", "share", "add_to_wishlist")


def _events() -> list[dict[str, Any]]:
    """Persons of every stage: silent for 0 to 40 days, the limits of 7 and 30 among them, and around midnight of the
    site.
    """
    rng = random.Random(5)
    made = []
    for number, silent in enumerate((0, 5, 6, 7, 8, 28, 29, 30, 31, 40) * 3):
        last = datetime(2026, 2, 20, tzinfo=ZONE) - timedelta(days=silent)
        for _ in range(rng.randrange(1, 9)):
            at = (
                last
                - timedelta(days=rng.choice((0, 0, 1, 6, 7, 30)))
                + timedelta(hours=rng.choice((0, 9, 9, 23)), minutes=rng.randrange(60))
            )
            name = rng.choice(NAMES)
            made.append(
                {
                    "name": name,
                    "source": "web",
                    "event_id": f"e{len(made)}",
                    "at": at.replace(tzinfo=None),
                    "date": at.date(),
                    "utc": at.astimezone(UTC),
                    "person": f"u{number}",
                    "device": None,
                    "is_server": False,
                    "quantity": None,
                    "price": None,
                    "order_id": f"o{len(made)}" if name == "purchase" else None,
                    "item": rng.choice("xy"),
                    "category": rng.choice((None, "books", "toys")),
                    "revenue": float(rng.randrange(1, 90)) if name == "purchase" else None,
                }
            )
    return made


def _line(event: dict[str, Any]) -> Line:
    given = {
        "productId": event["item"],
        "category": event["category"],
        "orderId": event["order_id"],
        "value": event["revenue"],
    }
    known = {key: value for key, value in given.items() if value is not None}
    return line(event["person"], event["name"], event["utc"].isoformat(), eventId=event["event_id"], **known)


EVENTS = _events()
WANTED = users(EVENTS, orders(EVENTS, LIMITS), AS_OF)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    folder = tmp_path_factory.mktemp("users") / "home"
    with build(folder, map(_line, EVENTS), CONFIG, ["dim_users"], as_of=AS_OF) as con:
        yield con


@pytest.mark.parametrize("column", next(iter(WANTED.values())))
def test_a_profile_is_that_of_a_plain_reading(column: str, built: duckdb.DuckDBPyConnection) -> None:
    found = dict(built.execute(f"select person_id, {column} from marts.dim_users").fetchall())
    assert found == {
        person: pytest.approx(user[column]) if isinstance(user[column], float) else user[column]
        for person, user in WANTED.items()
    }


def test_every_stage_and_a_brusher_are_among_them() -> None:
    assert {user["lifecycle_stage"] for user in WANTED.values()} == {"new", "active", "lapsing", "dormant"}
    assert any(order["reason"] for order in orders(EVENTS, LIMITS).values())
