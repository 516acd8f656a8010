"""Whatever is sent, there is an answer, each event is kept once, and what is accepted is what was sent."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from collector_client import EVENT, Client, settings_of
from hypothesis import example, given
from hypothesis import strategies as st

from collector.events import REJECTED_KEY

KEYS = ("event", "timestamp", "userId", "anonymousId", "eventId", "sentAt", "receivedAt", "context", "properties", "ip")
leaves = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
keys = st.sampled_from(KEYS) | st.text(max_size=5)


def json_values(depth: int) -> st.SearchStrategy[Any]:
    """As st.recursive draws them, in a third of the time."""
    value, leaf = leaves, leaves.map(lambda one: one)  # one branch of three, and not as many as there are kinds
    for _ in range(depth):
        value = leaf | st.lists(value, max_size=5) | st.dictionaries(keys, value, max_size=5)
    return value


values = json_values(depth=4)
events = st.dictionaries(keys, values) | st.dictionaries(keys, values).map(lambda more: {**more, **EVENT})
headers = st.fixed_dictionaries(
    {},
    optional={
        "Content-Encoding": st.sampled_from(["gzip", "identity", "br"]),
        "Sec-GPC": st.sampled_from(["0", "1"]),
        "Origin": st.sampled_from(["https://shop.example", "null", "http://[", "https://é"]),
        "X-Forwarded-For": st.text(st.characters(max_codepoint=255), max_size=20),
        "User-Agent": st.text(st.characters(max_codepoint=255), max_size=20),
    },
)


@cache
def client() -> Client:
    return Client(settings_of(rate={"per_key": 1_000_000_000, "per_address": 1_000_000_000}))


def as_sent(event: dict[str, Any]) -> dict[str, Any]:
    """Without what the collector sets."""
    return {key: event[key] for key in event.keys() - {"receivedAt", "received_at", "context", "eventId"}}


def emptied() -> Client:
    client().writer.events, client().writer.rejected = {}, {}
    return client()


@given(st.binary() | st.text().map(str.encode) | values.map(lambda value: json.dumps(value).encode()), headers)
def test_any_bytes_and_headers_get_an_answer(body: bytes, more: dict[str, str]) -> None:
    assert emptied().post(body, more).status in (202, 400, 403, 413, 415)


@given(st.lists(events | values, min_size=1, max_size=5))
@example([{"eventId": 2**64}])  # the answer repeats it
def test_each_event_is_accepted_or_rejected_and_kept_whole(batch: list[Any]) -> None:
    collector = emptied()
    answer = collector.post([EVENT, *batch])
    kept, rejected = collector.writer.events["shop"], collector.writer.rejected["shop"]
    assert answer.status == 202
    assert answer.json["accepted"] == len(kept)
    assert len(answer.json["rejected"]) == len(rejected)
    assert len(kept) + len(rejected) == 1 + len(batch)
    bad = [entry["index"] for entry in answer.json["rejected"]]
    good = [event for index, event in enumerate([EVENT, *batch]) if index not in bad]
    for event, line in zip(good, kept, strict=True):
        assert as_sent(line) == as_sent(json.loads(json.dumps(event)))
    for index, line in zip(bad, rejected, strict=True):
        event = [EVENT, *batch][index]
        about = line.pop(REJECTED_KEY)
        assert about["code"] and line in (event, {"value": event})
