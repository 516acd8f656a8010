"""The ga4 format: rows of the BigQuery export, with results worked out by hand."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
from ingest_home import Home, jsonl

GA4: dict[str, Any] = {"name": "web", "format": "ga4", "path": "in/*"}
TEN = 1767607200000000  # 2026-01-05 10:00 UTC in µs


def params(**values: Any) -> list[dict[str, Any]]:
    """A list of parameters as BigQuery writes it: four kinds of value, whole numbers as text."""
    kinds = {str: "string_value", int: "int_value", float: "double_value"}
    return [
        {"key": key, "value": {kinds[type(value)]: str(value) if isinstance(value, int) else value}}
        for key, value in values.items()
    ]


def event(name: str = "page_view", at: int = TEN, /, **more: Any) -> dict[str, Any]:
    """A row of a table `events_20260105` as JSON."""
    given = {
        "event_date": "20260105",
        "event_timestamp": str(at),
        "event_name": name,
        "event_params": params(ga_session_id=1767607190, page_location="https://shop.example/p/9"),
        "event_bundle_sequence_id": "77",
        "user_pseudo_id": "123.456",
        "user_properties": [],
        "device": {"category": "mobile", "language": "de-de"},
        "items": [],
        **more,
    }
    return {key: value for key, value in given.items() if value is not None}


def read(tmp_path: Path, *lines: dict[str, Any] | str, **source: Any) -> Home:
    home = Home(tmp_path, {**GA4, **source})
    home.put("events_20260105.json", jsonl(*lines))
    home.ingest()
    return home


def test_a_row_of_the_export(tmp_path: Path) -> None:
    row = event(
        event_params=[
            *params(ga_session_id=1767607190, page_location="https://shop.example/p/9?gclid=1", value=2.5, ratio=0.5),
            {"key": "percent", "value": {"string_value": None, "int_value": "90", "float_value": None}},
            {"key": "engaged", "value": {"float_value": 1.5}},
            {"key": "nothing", "value": {}},
        ],
        user_id="u1",
        user_properties=[{"key": "plan", "value": {"string_value": "pro", "set_timestamp_micros": "1"}}],
        collected_traffic_source={"manual_source": "ads", "manual_medium": "cpc", "manual_campaign_name": "may"},
        traffic_source={"source": "first", "medium": "visit"},
    )
    found = read(tmp_path, row).event()
    expected = {
        "event_name": "page_view",
        "event_at": datetime(2026, 1, 5, 10),
        "user_id": "u1",
        "anonymous_id": "123.456",
        "revenue": 2.5,
        "page_path": "/p/9",
        "utm_source": "ads",
        "utm_medium": "cpc",
        "utm_campaign": "may",
        "device_type": "mobile",
    }
    assert {column: found[column] for column in expected} == expected
    rest = json.loads(found["properties"])
    assert (rest["ga_session_id"], rest["percent"], rest["engaged"], rest["ratio"]) == (1767607190, 90, 1.5, 0.5)
    assert (rest["user"], rest["device"]) == ({"plan": "pro"}, {"language": "de-de"})
    assert rest["traffic_source"] == {"source": "first", "medium": "visit"}
    assert "nothing" not in rest


def test_an_order_and_its_items(tmp_path: Path) -> None:
    one = {"item_id": "p1", "item_name": "Ball", "item_category": "toys", "price": 10.5, "quantity": "2"}
    sale = {"transaction_id": "o7", "purchase_revenue": 21.0, "total_item_quantity": "2"}
    home = read(
        tmp_path,
        event("purchase", ecommerce=sale, items=[one], event_params=params(currency="EUR", value=24.0)),
        event("purchase", TEN + 1, ecommerce={**sale, "transaction_id": "(not set)"}, items=[one, one]),
    )
    assert home.values("order_id", "revenue", "item_id", "category", "price", "quantity") == [
        ("o7", 21.0, "p1", "toys", 10.5, 2.0),
        (None, 21.0, None, None, None, None),
    ]
    rest = json.loads(home.values("properties")[0])
    assert (rest["items"], rest["value"], rest["ecommerce"]["purchase_revenue"]) == ([one], 24.0, 21.0)


def test_a_row_is_the_same_event_in_the_table_of_the_day_so_far(tmp_path: Path) -> None:
    """The table of the whole day says more of it, such as the user and where the visit came from."""
    home = Home(tmp_path, GA4)
    batch = {"batch_page_id": "5", "batch_ordering_id": "1", "batch_event_index": "2"}
    old, new = event(), event("x", **batch)
    home.put("events_intraday_20260105.json", jsonl(old, new))
    more = {"user_id": "u1", "session_traffic_source_last_click": {"manual_campaign": {"source": "ads"}}}
    home.put("events_20260105.json", jsonl({**old, **more}, {**new, **more, "event_params": params(late="yes")}))
    home.ingest()
    first, second, third, fourth = home.values("event_id")
    assert (first, second) == (third, fourth)
    assert first != second


def test_events_of_one_moment_are_told_apart(tmp_path: Path) -> None:
    home = read(
        tmp_path,
        event(),
        event(event_params=params(page_location="https://shop.example/p/10")),
        event(items=[{"item_id": "p1"}]),
        event(event_bundle_sequence_id="78"),
        event(user_pseudo_id="9.9"),
        event(batch_event_index="1"),
        event(batch_event_index="2"),
        event("x"),
        event("page_view", TEN + 1),
    )
    assert len(set(home.values("event_id"))) == 9


def test_parquet_gives_the_same_events(tmp_path: Path) -> None:
    lines = [
        event(event_params=params(value=2.5, n=3, s="a"), user_id="u1", items=[{"item_id": "p1", "quantity": "1"}]),
        event("scroll", TEN + 1, event_params=params(n=90)),
    ]
    json_home, home = Home(tmp_path / "json", GA4), Home(tmp_path / "parquet", GA4)
    json_home.put("a.json", jsonl(*lines))
    target = home.folder / "in" / "a.parquet"
    value = "struct(string_value varchar, int_value bigint, float_value double, double_value double)"
    columns = f"""{{event_date: 'varchar', event_timestamp: 'bigint', event_name: 'varchar',
        event_params: 'struct("key" varchar, "value" {value})[]', event_bundle_sequence_id: 'bigint',
        user_id: 'varchar', user_pseudo_id: 'varchar', device: 'struct(category varchar, language varchar)',
        user_properties: 'struct("key" varchar, "value" {value})[]',
        items: 'struct(item_id varchar, quantity bigint)[]'}}"""
    source = json_home.folder / "in" / "a.json"
    duckdb.sql(f"copy (from read_json('{source}', columns = {columns})) to '{target}' (format parquet)")
    for one in (json_home, home):
        assert one.ingest().n_rejected == 0
    columns_of = ("event_name", "event_at", "user_id", "anonymous_id", "item_id", "quantity", "revenue", "device_type")
    assert home.values(*columns_of) == json_home.values(*columns_of)
    assert json.loads(home.values("properties")[0])["n"] == 3


def test_lines_that_cannot_be_read_are_rejected_as_they_came(tmp_path: Path) -> None:
    bad = event(event_params="a=1")
    home = read(
        tmp_path,
        bad,
        event(user_pseudo_id={"id": 1}),
        event("x", event_timestamp="soon"),
        event(event_name=None),
        '{"event_name":',
        event(),
    )
    assert home.reasons() == [
        (1, "type_conflict"),
        (2, "type_conflict"),
        (3, "bad_timestamp"),
        (4, "missing_event_name"),
        (5, "bad_json"),
    ]
    assert home.rejects()[0]["raw_line"] == json.dumps(bad)


def test_an_event_of_nobody_is_kept(tmp_path: Path) -> None:
    """Without consent Google sends neither of the ids."""
    home = read(tmp_path, event(user_pseudo_id=None), event())
    assert home.values("user_id", "anonymous_id") == [(None, None), (None, "123.456")]
    assert home.rejects() == []
