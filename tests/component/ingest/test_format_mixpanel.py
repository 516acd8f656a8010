"""The mixpanel format: lines of the raw event export, with results worked out by hand."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from ingest_home import Home, jsonl

MIXPANEL: dict[str, Any] = {"name": "shop", "format": "mixpanel", "path": "in/*"}
TEN = 1767607200  # 2026-01-05 10:00 UTC


def event(name: str = "View", at: float | str = TEN, /, **properties: Any) -> dict[str, Any]:
    """A line as the export writes it, of a known user on a device."""
    given = {"time": at, "distinct_id": "u1", "$device_id": "d1", "$user_id": "u1", "$insert_id": "i1", **properties}
    return {"event": name, "properties": {key: value for key, value in given.items() if value is not None}}


def read(tmp_path: Path, *lines: dict[str, Any] | str, **source: Any) -> Home:
    home = Home(tmp_path, {**MIXPANEL, **source})
    home.put("export.jsonl.gz", jsonl(*lines))
    home.ingest()
    return home


def test_an_event_of_the_export(tmp_path: Path) -> None:
    more = {
        "$browser": "Chrome",
        "$os": "Android",
        "$current_url": "https://shop.example/p/9?utm_medium=cpc",
        "$referrer": "https://search.example/",
        "mp_processing_time_ms": 1767607201250,
        "mp_lib": "web",
        "product_id": 9,
        "price": "19.90",
        "utm_source": "ads",
    }
    found = read(tmp_path, event("Add to Cart", **more), event_names={"Add to Cart": "add_to_cart"}).event()
    expected = {
        "event_name": "add_to_cart",
        "event_at": datetime(2026, 1, 5, 10),
        "received_at": datetime(2026, 1, 5, 10, 0, 1, 250_000),
        "user_id": "u1",
        "anonymous_id": "d1",
        "item_id": "9",
        "price": 19.9,
        "page_path": "/p/9",
        "referrer": "https://search.example/",
        "utm_source": "ads",
        "device_type": "mobile",
    }
    assert {column: found[column] for column in expected} == expected
    assert json.loads(found["properties"]) == {
        "$browser": "Chrome",
        "$os": "Android",
        "mp_lib": "web",
        "$insert_id": "i1",
        "distinct_id": "u1",
    }


def test_seconds_and_milliseconds(tmp_path: Path) -> None:
    home = read(tmp_path, event("View", TEN), event("View", TEN * 1000 + 250), event("View", TEN + 0.5))
    ten = datetime(2026, 1, 5, 10)
    assert home.values("event_at") == [ten, ten.replace(microsecond=250_000), ten.replace(microsecond=500_000)]


# On 2 November 2025 clocks in Los Angeles go back at 09:00 UTC: 01:30 is 08:30 UTC, and again 09:30 UTC.
HALF_PAST_ONE = 1762047000  # 2025-11-02 01:30 as if it were UTC
TIMES = {
    "2025-11-02T08:45:00": "2025-11-02 08:30:00",  # processed before the second 01:30
    "2025-11-02T09:45:00": "2025-11-02 09:30:00",
    "2025-11-02T08:00:00": "2025-11-02 08:30:00",  # by a clock that is ahead
}


@pytest.mark.parametrize("milliseconds", [1, 1000])
def test_an_hour_that_comes_twice_is_settled_by_when_it_was_processed(tmp_path: Path, milliseconds: int) -> None:
    processed = [int(datetime.fromisoformat(f"{text}+00:00").timestamp() * 1000) for text in TIMES]
    lines = [event("View", HALF_PAST_ONE * milliseconds, mp_processing_time_ms=ms) for ms in processed]
    home = read(tmp_path, *lines, project_timezone="America/Los_Angeles")
    assert list(map(str, home.values("event_at"))) == list(TIMES.values())


def test_the_times_of_an_old_project_are_its_local_times(tmp_path: Path) -> None:
    """On 9 March 2025 clocks in Los Angeles go forward at 10:00 UTC: there is no 02:30."""
    wall = {
        "2026-01-05T10:00:00": datetime(2026, 1, 5, 18),
        "2025-07-01T10:00:00": datetime(2025, 7, 1, 17),
        "2025-03-09T02:30:00": datetime(2025, 3, 9, 10, 30),
    }
    lines = [event("View", int(datetime.fromisoformat(f"{text}+00:00").timestamp())) for text in wall]
    home = read(tmp_path, *lines, event("View", "soon"), project_timezone="America/Los_Angeles")
    assert home.values("event_at") == list(wall.values())
    assert home.reasons() == [(4, "bad_timestamp")]


IDS: dict[str, tuple[dict[str, Any], tuple[str | None, str | None]]] = {
    "simplified, anonymous": (dict(distinct_id="$device:d7", **{"$device_id": "d7", "$user_id": None}), (None, "d7")),
    "simplified, known": (dict(distinct_id="u7", **{"$device_id": "d7", "$user_id": "u7"}), ("u7", "d7")),
    "original, anonymous": (dict(distinct_id="d7", **{"$device_id": "d7", "$user_id": None}), (None, "d7")),
    "a server's event": (dict(distinct_id="u7", **{"$device_id": None, "$user_id": None}), ("u7", None)),
    "a device alone": (dict(distinct_id="$device:d7", **{"$device_id": None, "$user_id": None}), (None, "d7")),
}


@pytest.mark.parametrize("kind", IDS)
def test_ids_of_users_and_devices(tmp_path: Path, kind: str) -> None:
    given, expected = IDS[kind]
    assert read(tmp_path, event(**given)).values("user_id", "anonymous_id") == [expected]


def test_events_that_link_ids(tmp_path: Path) -> None:
    nobody = {"$device_id": None, "$user_id": None}
    home = read(
        tmp_path,
        event("$identify", distinct_id="u7", **{**nobody, "$identified_id": "u7", "$anon_id": "$device:d7"}),
        event("$create_alias", distinct_id="d8", alias="u8", **nobody),
        event("$merge", distinct_id="u9", **{**nobody, "$distinct_ids": ["$device:d9", "u9"]}),
        event("$merge", distinct_id="u9", **{**nobody, "$distinct_ids": ["u9", "d10"]}),
    )
    assert home.values("event_name", "user_id", "anonymous_id") == [
        ("identify", "u7", "d7"),
        ("alias", "u8", "d8"),
        ("merge", "u9", "d9"),
        ("merge", "u9", "d10"),
    ]


def test_an_event_is_known_by_name_person_time_and_insert_id(tmp_path: Path) -> None:
    home = read(
        tmp_path,
        event(mp_processing_time_ms=1767607201000),
        event(mp_processing_time_ms=1767607209000, colour="red"),  # the same, processed again
        event("Buy"),
        event("View", TEN + 1),
        event(distinct_id="u2"),
        event(**{"$insert_id": "i2"}),
        event(**{"$insert_id": None}),
    )
    ids = home.values("event_id")
    assert ids[0] == ids[1]
    assert len(set(ids)) == 6
    assert home.values("has_event_id") == [True] * 6 + [False]


def test_lines_that_cannot_be_read_are_rejected_with_a_reason(tmp_path: Path) -> None:
    home = read(
        tmp_path,
        {"event": "View"},
        {"event": "View", "properties": [1]},
        event(**{"$user_id": {"id": 1}}),
        event("View", "yesterday"),
        {"properties": {"time": TEN, "distinct_id": "u1"}},
        '{"event":',
        event(),
    )
    assert home.reasons() == [
        (1, "missing_identity"),
        (2, "type_conflict"),
        (3, "type_conflict"),
        (4, "bad_timestamp"),
        (5, "missing_event_name"),
        (6, "bad_json"),
    ]
