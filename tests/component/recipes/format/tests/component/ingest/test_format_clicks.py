"""The clicks format, with answers worked out by hand."""

import json
from datetime import datetime
from pathlib import Path

from ingest_home import Home, jsonl

CLICKS = {"name": "site", "format": "clicks", "path": "in/*"}


def test_a_click_is_an_event(tmp_path: Path) -> None:
    home = Home(tmp_path, CLICKS)
    home.put("a.jsonl", jsonl({"visitor": "v1", "click": "add_to_cart", "at": "2026-01-05T10:00:00Z", "colour": "red"}))
    home.ingest()
    event = home.event()
    assert (event["anonymous_id"], event["event_name"]) == ("v1", "add_to_cart")
    assert event["event_at"] == datetime(2026, 1, 5, 10)
    assert json.loads(event["properties"]) == {"colour": "red"}


def test_a_click_of_nobody_is_rejected(tmp_path: Path) -> None:
    at = "2026-01-05T10:00:00Z"
    home = Home(tmp_path, CLICKS)
    home.put("a.jsonl", jsonl({"visitor": "v1", "click": "buy", "at": at}, {"click": "buy", "at": at}))
    home.ingest()
    assert home.values("event_name") == ["buy"]
    assert home.reasons() == [(2, "missing_identity")]
