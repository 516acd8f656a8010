"""The posthog format: files of batch exports, with results worked out by hand."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from ingest_home import Home, jsonl

POSTHOG: dict[str, Any] = {"name": "web", "format": "posthog", "path": "in/**/*"}


def event(kind: str = "View", /, **more: Any) -> dict[str, Any]:
    """A line of an export as JSON; keys that begin with `$` or are no column are properties."""
    columns = {
        "uuid",
        "distinct_id",
        "timestamp",
        "person_id",
        "created_at",
        "person_properties",
        "properties",
        "event",
    }
    properties = {key: value for key, value in more.items() if key not in columns}
    given = {
        "uuid": "0194-a",
        "event": kind,
        "distinct_id": "u1",
        "timestamp": "2026-01-05 10:00:00.250000+00:00",
        "created_at": "2026-01-05 10:00:01.000000+00:00",
        "person_id": "0193-p",
        "properties": {"$device_id": "d1", **properties},
        **{key: value for key, value in more.items() if key in columns},
    }
    return {key: value for key, value in given.items() if value is not None}


def read(tmp_path: Path, *lines: dict[str, Any] | str, **source: Any) -> Home:
    home = Home(tmp_path, {**POSTHOG, **source})
    home.put("export.jsonl.gz", jsonl(*lines))
    home.ingest()
    return home


PAGE = {
    "$current_url": "https://shop.example/p/9?utm_source=ads",
    "$pathname": "/p/9",
    "$referrer": "$direct",
    "$device_type": "Desktop",
    "$ip": "203.0.113.77",
    "$set": {"plan": "pro"},
    "product_id": 9,
    "price": 5.5,
}


@pytest.mark.parametrize("is_text", [False, True])
def test_properties_are_an_object_or_the_text_of_one(tmp_path: Path, is_text: bool) -> None:
    line = event("$pageview", **PAGE, person_properties={"city": "Bonn"})
    if is_text:
        line = {k: json.dumps(v) if k in ("properties", "person_properties") else v for k, v in line.items()}
    found = read(tmp_path, line).event()
    expected = {
        "event_id": "0194-a",
        "event_name": "page_view",
        "event_at": datetime(2026, 1, 5, 10, 0, 0, 250_000),
        "received_at": datetime(2026, 1, 5, 10, 0, 1),
        "user_id": "u1",
        "anonymous_id": "d1",
        "page_path": "/p/9",
        "referrer": None,
        "utm_source": "ads",
        "item_id": "9",
        "price": 5.5,
        "device_type": "desktop",
    }
    assert {column: found[column] for column in expected} == expected
    assert json.loads(found["properties"]) == {
        "$ip": "203.0.113.0",
        "$set": {"plan": "pro"},
        "person_id": "0193-p",
        "person_properties": {"city": "Bonn"},
    }


IDS: dict[str, tuple[dict[str, Any], tuple[str | None, str | None]]] = {
    "before a log-in": ({"distinct_id": "d1"}, (None, "d1")),
    "known": ({"$user_id": "u1"}, ("u1", "d1")),
    "a server's event": ({"$device_id": None}, ("u1", None)),
    "without a profile": ({"$device_id": None, "distinct_id": "x", "$process_person_profile": False}, (None, "x")),
    "not identified": ({"$device_id": None, "distinct_id": "x", "$is_identified": False}, (None, "x")),
}


@pytest.mark.parametrize("kind", IDS)
def test_ids_of_users_and_devices(tmp_path: Path, kind: str) -> None:
    given, expected = IDS[kind]
    assert read(tmp_path, event(**given)).values("user_id", "anonymous_id") == [expected]


def test_events_that_link_ids_and_set_properties(tmp_path: Path) -> None:
    home = read(
        tmp_path,
        event("$identify", **{"$anon_distinct_id": "d7"}),
        event("$create_alias", alias="d8", uuid="2"),
        event("$merge_dangerously", alias="u9", uuid="3"),
        event("$set", uuid="4", **{"$set": {"plan": "pro"}}),
    )
    assert home.values("event_name", "user_id", "anonymous_id") == [
        ("identify", "u1", "d7"),
        ("alias", "u1", "d8"),
        ("merge", "u1", "u9"),
        ("profile_set", "u1", "d1"),
    ]


def test_parquet_gives_the_same_events(tmp_path: Path) -> None:
    lines = [event("$pageview", **PAGE), event("Buy", uuid="2", revenue=12.5, order_id="o1")]
    as_text = [{**line, "properties": json.dumps(line["properties"])} for line in lines]
    expected, home = read(tmp_path / "json", *lines), Home(tmp_path / "parquet", POSTHOG)
    source, target = tmp_path / "lines.json", home.folder / "in" / "export.parquet"
    source.write_bytes(jsonl(*as_text))
    types = "'timestamp': 'timestamptz', created_at: 'timestamptz'"
    columns = f"uuid: 'varchar', event: 'varchar', distinct_id: 'varchar', properties: 'varchar', {types}"
    columns += ", person_id: 'varchar'"
    duckdb.sql(f"copy (from read_json('{source}', columns = {{{columns}}})) to '{target}' (format parquet)")
    assert home.ingest().n_accepted == 2
    place = ("file_id", "file", "content_hash")
    rows = [[{k: v for k, v in row.items() if k not in place} for row in one.events()] for one in (home, expected)]
    assert rows[0] == rows[1]


def test_an_export_in_parts_waits_for_its_manifest(tmp_path: Path) -> None:
    home = Home(tmp_path, POSTHOG)
    span = "2026-01-05T10:00:00-2026-01-05T11:00:00"
    home.put(f"a/{span}-0.jsonl", jsonl(event(uuid="1")))
    home.put(f"a/{span}-1.jsonl", jsonl(event(uuid="2")))
    home.put("b/2026-01-05T11:00:00-2026-01-05T12:00:00.jsonl", jsonl(event(uuid="3")))
    home.put("c/events-2026-01-05.jsonl", jsonl(event(uuid="4")))  # a date is no number of a part
    result = home.ingest()
    assert home.values("event_id") == ["3", "4"]
    waited = [text for text in result.warnings if "manifest" in text]
    assert len(waited) == 1
    assert f"in/a/{span}-0.jsonl" in waited[0]
    assert f"{span}_manifest.json" in waited[0]
    home.put(f"a/{span}_manifest.json", json.dumps({"files": [f"{span}-0.jsonl", f"{span}-1.jsonl"]}).encode())
    result = home.ingest()
    assert sorted(home.values("event_id")) == ["1", "2", "3", "4"]
    assert (result.n_rejected, [text for text in result.warnings if "manifest" in text]) == (0, [])


def test_lines_that_cannot_be_read_are_rejected_as_they_came(tmp_path: Path) -> None:
    home = read(
        tmp_path,
        event(properties="red"),
        event(distinct_id={"id": 1}),
        event(timestamp="soon"),
        event(event=None),
        event(distinct_id=None, **{"$device_id": None}),
        '{"event":',
        event(),
    )
    assert home.reasons() == [
        (1, "type_conflict"),
        (2, "type_conflict"),
        (3, "bad_timestamp"),
        (4, "missing_event_name"),
        (5, "missing_identity"),
        (6, "bad_json"),
    ]
    assert json.loads(home.rejects()[0]["raw_line"])["properties"] == "red"
