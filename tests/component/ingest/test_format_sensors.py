"""The sensors format (神策): lines of its data format and rows of its events table, with results worked out by hand."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from ingest_home import Home, jsonl

SENSORS: dict[str, Any] = {"name": "app", "format": "sensors", "path": "in/*"}
TEN = 1767607200000  # 2026-01-05 10:00 UTC in ms


def line(event: str | None = "ViewProduct", /, kind: str = "track", **more: Any) -> dict[str, Any]:
    """A line as an SDK sends it before a log-in."""
    given = {
        "distinct_id": "d1",
        "time": TEN,
        "type": kind,
        "event": event,
        "project": "shop",
        "lib": {"$lib": "js", "$lib_version": "1.26"},
        "properties": {},
        "_track_id": 123456,
        **more,
    }
    return {key: value for key, value in given.items() if value is not None}


def read(tmp_path: Path, *lines: dict[str, Any] | str, **source: Any) -> Home:
    home = Home(tmp_path, {**SENSORS, **source})
    home.put("events.log.gz", jsonl(*lines))
    home.ingest()
    return home


def test_an_event(tmp_path: Path) -> None:
    properties = {
        "$url": "https://shop.example/p/9?utm_source=ads",
        "$referrer": "https://search.example/",
        "$user_agent": "Mozilla/5.0",
        "$os": "Android",
        "$ip": "203.0.113.77",
        "$timezone_offset": -480,
        "product_id": 9,
        "price": 14.0,
        "颜色": "红",
    }
    given = line("ViewProduct", properties=properties, recv_time=TEN + 900, _flush_time=TEN + 500)
    found = read(tmp_path, given, event_names={"ViewProduct": "view_item"}).event()
    expected = {
        "event_name": "view_item",
        "event_at": datetime(2026, 1, 5, 10),  # an epoch is of no zone: the offset of the device changes nothing
        "sent_at": datetime(2026, 1, 5, 10, 0, 0, 500_000),
        "received_at": datetime(2026, 1, 5, 10, 0, 0, 900_000),
        "user_id": None,
        "anonymous_id": "d1",
        "item_id": "9",
        "price": 14.0,
        "page_path": "/p/9",
        "utm_source": "ads",
        "user_agent": "Mozilla/5.0",
        "device_type": "mobile",
        "has_event_id": True,
    }
    assert {column: found[column] for column in expected} == expected
    rest = json.loads(found["properties"])
    assert (rest["颜色"], rest["$ip"], rest["$timezone_offset"]) == ("红", "203.0.113.0", -480)
    assert rest["lib"] == {"$lib": "js", "$lib_version": "1.26"}


def test_seconds_and_milliseconds(tmp_path: Path) -> None:
    home = read(tmp_path, line(time=TEN // 1000), line(time=TEN + 5), line(time=str(TEN)))
    ten = datetime(2026, 1, 5, 10)
    assert home.values("event_at") == [ten, ten.replace(microsecond=5000), ten]


LOGGED_IN: dict[str, Any] = {"distinct_id": "u1", "properties": {"$is_login_id": True}}
IDS: dict[str, tuple[dict[str, Any], tuple[str | None, str | None]]] = {
    "IDM 1, a device": ({}, (None, "d1")),
    "IDM 1, a user": (LOGGED_IN, ("u1", None)),
    "IDM 1, not a user": ({"properties": {"$is_login_id": False}}, (None, "d1")),
    "IDM 2, before": ({"anonymous_id": "d1"}, (None, "d1")),
    "IDM 2, after": ({"distinct_id": "u1", "login_id": "u1", "anonymous_id": "d1"}, ("u1", "d1")),
    "IDM 3, a cookie": ({"identities": {"$identity_cookie_id": "c1"}}, (None, "c1")),
    "IDM 3, known": (
        {"distinct_id": "u1", "identities": {"$identity_login_id": "u1", "$identity_android_id": "a1"}},
        ("u1", "a1"),
    ),
}


@pytest.mark.parametrize("kind", IDS)
def test_ids_of_users_and_devices(tmp_path: Path, kind: str) -> None:
    given, expected = IDS[kind]
    assert read(tmp_path, line(**given)).values("user_id", "anonymous_id") == [expected]


def test_lines_that_link_ids(tmp_path: Path) -> None:
    both = {"$identity_login_id": "u1", "$identity_android_id": "a1"}
    home = read(
        tmp_path,
        line("$SignUp", "track_signup", distinct_id="u1", original_id="d1"),
        line("$BindID", "track_id_bind", identities=both),
        line("$UnbindID", "track_id_unbind", identities=both),
        line("$UnbindID", "track_id_unbind", identities={"$identity_android_id": "a1"}),
    )
    assert home.values("event_name", "user_id", "anonymous_id") == [
        ("identify", "u1", "d1"),
        ("bind", "u1", "a1"),
        ("unbind", "u1", None),
        ("unbind", None, "a1"),
    ]


def test_profiles_are_events_of_their_type(tmp_path: Path) -> None:
    kinds = [
        "profile_set",
        "profile_set_once",
        "profile_increment",
        "profile_append",
        "profile_unset",
        "profile_delete",
    ]
    given = {"distinct_id": "u1", "properties": {"$is_login_id": True, "level": 3}}
    home = read(tmp_path, *(line(None, kind, **given) for kind in kinds))
    assert home.values("event_name", "user_id") == [(kind, "u1") for kind in kinds]
    assert json.loads(home.values("properties")[0])["level"] == 3


def test_lines_about_an_item_are_of_nobody(tmp_path: Path) -> None:
    item = {"item_type": "book", "item_id": "0321", "properties": {"price": 9}, "distinct_id": None}
    home = read(tmp_path, line(None, "item_set", **item), line(None, "item_delete", **item))
    assert home.values("event_name", "user_id", "anonymous_id", "item_id") == [
        ("item_set", None, None, "0321"),
        ("item_delete", None, None, "0321"),
    ]
    assert json.loads(home.values("properties")[0])["item_type"] == "book"


def test_a_row_of_the_events_table(tmp_path: Path) -> None:
    """`time` is of the project's zone, and `user_id` is a number of the tool's own."""
    row = {
        "event": "$pageview",
        "user_id": -7208912946796615309,
        "distinct_id": "u1",
        "date": "2026-01-05",
        "time": "2026-01-05 18:00:00.250",
        "$receive_time": TEN + 900,
        "$is_login_id": 1,
        "$identity_cookie_id": "c1",
        "$url": "https://shop.example/p/9",
        "$os": "Windows",
        "order_id": "o1",
    }
    found = read(tmp_path, row, timezone="Asia/Shanghai").event()
    expected = {
        "event_name": "page_view",
        "event_at": datetime(2026, 1, 5, 10, 0, 0, 250_000),
        "received_at": datetime(2026, 1, 5, 10, 0, 0, 900_000),
        "user_id": "u1",
        "anonymous_id": "c1",
        "page_path": "/p/9",
        "device_type": "desktop",
        "order_id": "o1",
        "has_event_id": False,
    }
    assert {column: found[column] for column in expected} == expected
    assert json.loads(found["properties"])["user_id"] == -7208912946796615309


def test_a_line_sent_again_is_the_same_event(tmp_path: Path) -> None:
    home = read(tmp_path, line(_flush_time=TEN), line(_flush_time=TEN + 9), line(_track_id=7), line(distinct_id="d2"))
    ids = home.values("event_id")
    assert ids[0] == ids[1]
    assert len(set(ids)) == 3


def test_lines_that_cannot_be_read_are_rejected_with_a_reason(tmp_path: Path) -> None:
    home = read(
        tmp_path,
        line(properties="red"),
        line(distinct_id={"id": 1}),
        line(time="soon"),
        line(None),
        line(distinct_id=None),
        '{"type":',
        line(),
    )
    assert home.reasons() == [
        (1, "type_conflict"),
        (2, "type_conflict"),
        (3, "bad_timestamp"),
        (4, "missing_event_name"),
        (5, "missing_identity"),
        (6, "bad_json"),
    ]
