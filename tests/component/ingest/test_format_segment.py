"""The segment format: raw messages of Segment and RudderStack, with results worked out by hand."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from ingest_home import Home, jsonl

SEGMENT: dict[str, Any] = {"name": "shop", "format": "segment", "path": "in/*"}
CONTEXT = {
    "library": {"name": "analytics.js", "version": "next-1.70.0"},
    "page": {"url": "https://shop.example/p/9?utm_source=x", "path": "/p/9", "referrer": "https://search.example/"},
    "campaign": {"source": "news", "medium": "email", "name": "may", "content": "top"},
    "userAgent": "Mozilla/5.0",
    "ip": "203.0.113.77",
}


def call(kind: str = "track", **more: Any) -> dict[str, Any]:
    """A message as Segment stores it after processing: sent two seconds after it happened, clock 30 s slow."""
    return {
        "anonymousId": "a-1",
        "channel": "client",
        "context": CONTEXT,
        "messageId": f"ajs-next-{kind}",
        "originalTimestamp": "2026-01-05T09:59:30.000Z",
        "receivedAt": "2026-01-05T10:00:02.100Z",
        "sentAt": "2026-01-05T09:59:32.000Z",
        "timestamp": "2026-01-05T10:00:00.100Z",
        "type": kind,
        "userId": "u1",
        "version": 2,
        **more,
    }


def read(tmp_path: Path, *lines: dict[str, Any] | str, **source: Any) -> Home:
    home = Home(tmp_path, {**SEGMENT, **source})
    home.put("1767607200.jsonl.gz", jsonl(*lines))
    home.ingest()
    return home


def test_a_track_call(tmp_path: Path) -> None:
    properties = {
        "product_id": "p9",
        "category": "Games",
        "price": 19,
        "quantity": 2,
        "currency": "eur",
        "coupon": "MAY",
        "colour": "red",
    }
    event = read(tmp_path, call(event="Product Added", properties=properties)).event()
    expected = {
        "event_id": "ajs-next-track",
        "event_name": "add_to_cart",
        "event_at": datetime(2026, 1, 5, 10, 0, 0, 100_000),
        "client_event_at": datetime(2026, 1, 5, 9, 59, 30),
        "received_at": datetime(2026, 1, 5, 10, 0, 2, 100_000),
        "user_id": "u1",
        "anonymous_id": "a-1",
        "item_id": "p9",
        "category": "Games",
        "price": 19.0,
        "quantity": 2.0,
        "revenue": None,
        "currency": "EUR",
        "page_path": "/p/9",
        "referrer": "https://search.example/",
        "utm_source": "news",
        "utm_campaign": "may",
        "user_agent": "Mozilla/5.0",
    }
    assert {column: event[column] for column in expected} == expected
    rest = json.loads(event["properties"])
    assert (rest["coupon"], rest["colour"], rest["channel"]) == ("MAY", "red", "client")
    assert rest["context"]["campaign"] == {"content": "top"}
    assert rest["context"]["ip"] == "203.0.113.0"


def test_each_call_has_a_name(tmp_path: Path) -> None:
    home = read(
        tmp_path,
        call("page", name="Home", properties={"title": "Shop"}),
        call("screen", name="Cart", messageId="2"),
        call("identify", traits={"plan": "pro"}, messageId="3"),
        call("group", groupId="g1", traits={"name": "Acme"}, messageId="4"),
        call("alias", previousId="a-old", userId="u9", messageId="5"),
        call("track", event="Order Completed", properties={}, messageId="6"),
        call("track", event="Trial Started", messageId="7"),
    )
    assert home.values("event_name", "user_id", "anonymous_id") == [
        ("page_view", "u1", "a-1"),
        ("screen_view", "u1", "a-1"),
        ("identify", "u1", "a-1"),
        ("group", "u1", "a-1"),
        ("alias", "u9", "a-old"),
        ("purchase", "u1", "a-1"),
        ("Trial Started", "u1", "a-1"),
    ]
    rest = [json.loads(text) for text in home.values("properties")]
    assert (rest[0]["name"], rest[0]["title"]) == ("Home", "Shop")
    assert rest[2]["traits"] == {"plan": "pro"}
    assert (rest[3]["groupId"], rest[3]["traits"]) == ("g1", {"name": "Acme"})


def test_a_name_that_the_config_renames_is_not_renamed_before(tmp_path: Path) -> None:
    home = read(tmp_path, call(event="Order Completed"), event_names={"Order Completed": "order", "Gone": "x"})
    assert home.values("event_name") == ["order"]


def test_an_order_has_its_amount_and_keeps_the_others(tmp_path: Path) -> None:
    order = {"order_id": "o7", "total": 27.5, "revenue": 25, "shipping": 3, "currency": "USD"}
    products = [{"product_id": "p1", "price": 10, "quantity": 1}, {"sku": "s2", "price": 15}]
    one = {"order_id": "o8", "total": 10, "products": [{"sku": "s2", "price": 10}]}
    home = read(
        tmp_path,
        call(event="Order Completed", properties={**order, "products": products}),
        call(event="Order Completed", properties=one, messageId="2"),
    )
    assert home.values("order_id", "revenue", "item_id") == [("o7", 25.0, None), ("o8", 10.0, "s2")]
    rest = json.loads(home.values("properties")[0])
    assert (rest["total"], rest["revenue"], rest["shipping"], rest["products"]) == (27.5, 25, 3, products)


def test_a_retry_whose_sent_at_is_of_the_first_try_is_not_corrected_again(tmp_path: Path) -> None:
    """Received two hours after the first try: Segment's timestamp is what it is, and the client's time stays."""
    late = call(event="x", receivedAt="2026-01-05T12:00:02Z", timestamp="2026-01-05T12:00:00Z")
    assert read(tmp_path, late).values("event_at", "client_event_at") == [
        (datetime(2026, 1, 5, 12), datetime(2026, 1, 5, 9, 59, 30))
    ]


def test_a_message_with_the_clients_time_alone_is_corrected(tmp_path: Path) -> None:
    """The clock is two hours slow: sent at 08:00 by its own time, received at 10:00."""
    raw = call(event="x", originalTimestamp="2026-01-05T07:59:00Z", sentAt="2026-01-05T08:00:00Z")
    raw = {key: value for key, value in raw.items() if key != "timestamp"} | {"receivedAt": "2026-01-05T10:00:00Z"}
    assert read(tmp_path, raw).values("event_at", "client_event_at") == [
        (datetime(2026, 1, 5, 9, 59), datetime(2026, 1, 5, 7, 59))
    ]


def test_rudderstack_lines(tmp_path: Path) -> None:
    line = call(
        event="Product Viewed",
        properties={"product_id": 12},
        request_ip="198.51.100.23",
        rudderId="r-1",
        context={**CONTEXT, "sessionId": 1767607200, "traits": {"age": 30}, "device": {"type": "Android"}},
    )
    event = read(tmp_path, line).event()
    assert (event["event_name"], event["item_id"], event["device_type"]) == ("view_item", "12", "mobile")
    rest = json.loads(event["properties"])
    assert (rest["request_ip"], rest["rudderId"]) == ("198.51.100.0", "r-1")
    assert (rest["context"]["sessionId"], rest["context"]["traits"]) == (1767607200, {"age": 30})


def test_lines_that_cannot_be_read_are_rejected_with_a_reason(tmp_path: Path) -> None:
    home = read(
        tmp_path,
        call(event="x", userId={"id": 1}),
        call(event="x", properties="red"),
        call("track"),
        call(event="x", timestamp="soon"),
        call(event="x", userId=None, anonymousId=None),
        '{"type": "track",',
        call(event="fine"),
    )
    assert home.reasons() == [
        (1, "type_conflict"),
        (2, "type_conflict"),
        (3, "missing_event_name"),
        (4, "bad_timestamp"),
        (5, "missing_identity"),
        (6, "bad_json"),
    ]
    assert home.values("event_name") == ["fine"]
