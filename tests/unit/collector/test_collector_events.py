"""Which events are taken, and what is kept of them."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest
from collector_client import EVENT, SERVER, Client, settings_of


@pytest.fixture
def client() -> Client:
    return Client(settings_of())


def kept(client: Client, source: str = "shop") -> list[dict[str, Any]]:
    return client.writer.events.get(source, [])


def test_the_call_of_the_contract_is_accepted(client: Client) -> None:
    event = {"event": "add_to_cart", "timestamp": "2026-01-05T10:00:00Z", "userId": "u1", "price": 299}
    answer = client.post(event, {"Content-Type": "text/plain;charset=UTF-8"})
    assert (answer.status, answer.json) == (202, {"accepted": 1, "rejected": []})
    (line,) = kept(client)
    assert {key: line[key] for key in event} == event


@pytest.mark.parametrize("shape", ["one", "array", "batch"])
def test_one_event_an_array_and_a_batch(client: Client, shape: str) -> None:
    body = {"one": EVENT, "array": [EVENT, EVENT], "batch": {"batch": [EVENT, EVENT], "sentAt": "2026-01-05T10:00:01Z"}}
    answer = client.post(body[shape])
    sent_at = "2026-01-05T10:00:01Z" if shape == "batch" else None
    n_events = 1 if shape == "one" else 2
    assert answer.json["accepted"] == n_events
    assert [line.get("sentAt") for line in kept(client)] == [sent_at] * n_events


FAULTS: list[tuple[Any, str, str]] = [
    ({**EVENT, "event": ""}, "event", "missing_event_name"),
    ({**EVENT, "event": " undefined "}, "event", "missing_event_name"),
    ({**EVENT, "event": None}, "event", "missing_event_name"),
    ({**EVENT, "event": {"a": 1}}, "event", "type_conflict"),
    ({**EVENT, "timestamp": "soon"}, "timestamp", "bad_timestamp"),
    ({**EVENT, "timestamp": None}, "timestamp", "bad_timestamp"),
    ({**EVENT, "userId": "null"}, "userId", "missing_identity"),
    ({**EVENT, "userId": "00000000-0000-0000-0000-000000000000"}, "userId", "missing_identity"),
    ({**EVENT, "userId": "​"}, "userId", "missing_identity"),
    ({**EVENT, "userId": ["u1"]}, "userId", "type_conflict"),
    ({**EVENT, "properties": [1]}, "properties", "type_conflict"),
    ({**EVENT, "context": "web"}, "context", "type_conflict"),
    ({**EVENT, "$rejectedByCollector": {}}, "$rejectedByCollector", "type_conflict"),
    (5, "", "bad_json"),
    (None, "", "bad_json"),
]


@pytest.mark.parametrize(("event", "field", "code"), FAULTS)
def test_good_events_are_kept_and_bad_ones_come_back_with_the_reason(
    client: Client, event: Any, field: str, code: str
) -> None:
    answer = client.post([EVENT, event, {**EVENT, "userId": "u2"}])
    assert answer.status == 202 and answer.json["accepted"] == 2
    (rejected,) = answer.json["rejected"]
    assert (rejected["index"], rejected["eventId"], rejected["field"], rejected["code"]) == (1, None, field, code)
    assert [line["userId"] for line in kept(client)] == ["u1", "u2"]
    (line,) = client.writer.rejected["shop"]
    about = line.pop("$rejectedByCollector")
    assert about["code"] == code
    assert line == (event if isinstance(event, dict) and "$rejectedByCollector" not in event else {"value": event})


@pytest.mark.parametrize("key", ["eventId", "messageId"])
def test_a_rejected_event_is_named_by_its_id(client: Client, key: str) -> None:
    assert client.post({"event": "x", key: "e-7"}).json["rejected"][0]["eventId"] == "e-7"


@pytest.mark.parametrize(
    "body", [b"", b"{", b"5", b'"text"', b"[]", b"[1, null]", b'{"batch": []}', b"\xff{}", b"[NaN]"]
)
def test_what_is_not_json_or_has_no_event_is_refused(client: Client, body: bytes) -> None:
    assert client.post(body).status == 400
    assert kept(client) == []


def nested(depth: int) -> dict[str, Any]:
    value: Any = 1
    for _ in range(depth):
        value = {"a": value}
    return {**EVENT, "properties": value}


def test_nesting_and_keys_are_bounded(client: Client) -> None:
    most_keys = {**EVENT, "properties": {f"k{n}": "{[" for n in range(996)}}  # with its own four: 1,000
    deep, wide = nested(19), {**most_keys, "more": 1}
    answer = client.post([deep, most_keys, {"a": deep, **deep}, nested(20), wide, nested(300)])
    assert [(entry["index"], entry["code"]) for entry in answer.json["rejected"]] == [
        (2, "too_deep"),
        (3, "too_deep"),
        (4, "too_many_keys"),
        (5, "too_deep"),
    ]


@pytest.mark.parametrize("depth", [900, 5000, 200_000])
def test_nesting_without_end_is_an_answer_and_no_error(client: Client, depth: int) -> None:
    assert client.post(b'{"event": ' + b"[" * depth + b"]" * depth + b"}").status in (202, 400)
    assert kept(client) == []


def test_an_event_up_to_the_limit_of_a_line_is_kept() -> None:
    client = Client(settings_of(max_event_bytes=2000))
    client.post(EVENT)
    added = len(json.dumps(kept(client)[0], separators=(",", ":"))) + len(',"note":""')
    answer = client.post([{**EVENT, "note": "x" * (2000 - added)}, {**EVENT, "note": "x" * (2001 - added)}])
    assert [(entry["index"], entry["code"]) for entry in answer.json["rejected"]] == [(1, "oversized_line")]
    assert len(client.writer.rejected["shop"][0]["note"]) == 2001 - added  # whole


def test_the_events_of_a_request_are_bounded(client: Client) -> None:
    assert client.post(b"[{}" + b",1" * 9_999 + b"]").status == 202
    assert client.post(b"[{}" + b",1" * 10_000 + b"]").json["error"] == "too_many_events"


def test_an_event_without_id_gets_the_same_when_it_is_sent_again(client: Client) -> None:
    for sent_at in ("10:00:01", "10:00:31"):
        client.post({**EVENT, "sentAt": f"2026-01-05T{sent_at}Z"})
    client.post({**EVENT, "price": 1})
    client.post({**EVENT, "eventId": "e-1"})
    ids = [line["eventId"] for line in kept(client)]
    assert ids[0] == ids[1] != ids[2] and ids[3] == "e-1"


def test_long_numbers_and_halves_of_characters_are_kept(client: Client) -> None:
    event = b'{"event":"x","timestamp":1767607200000,"userId":123456789012345678901234567890,'
    assert client.post(event + b'"note":"a\\ud83d!","s":"\\ud83d\\ude00"}').status == 202
    (line,) = kept(client)
    assert (line["userId"], line["note"], line["s"]) == (123456789012345678901234567890, "a\ufffd!", "😀")


def test_a_browser_cannot_set_what_the_collector_sees(client: Client) -> None:
    claims = {
        **EVENT,
        "receivedAt": "2000-01-01",
        "context": {"ip": "198.51.100.9", "userAgent": "x", "page": {"url": "u"}},
    }
    client.post(claims, {"User-Agent": "Firefox"})
    (line,) = kept(client)
    assert line["receivedAt"].startswith("20") and line["receivedAt"] != "2000-01-01"
    assert line["context"] == {"ip": "203.0.113.0", "userAgent": "Firefox", "page": {"url": "u"}}


def test_a_server_can_and_its_addresses_are_truncated_too(client: Client) -> None:
    claims = {**EVENT, "receivedAt": "2026-01-05T10:00:05Z", "context": {"ip": "198.51.100.9", "userAgent": "x"}}
    client.post([claims, EVENT], {**SERVER, "User-Agent": "python"})
    first, second = kept(client, "app")
    assert first["receivedAt"] == "2026-01-05T10:00:05Z"
    assert first["context"] == {"ip": "198.51.100.0", "userAgent": "x"}
    assert "context" not in second and "receivedAt" in second


def test_with_gpc_no_id_and_no_address_is_kept(client: Client) -> None:
    sent = [{**EVENT, "anonymousId": "a1"}, {**EVENT, "eventId": "e1"}, {"event": "", "userId": "u1"}]
    for _ in range(2):
        client.post(sent, {"Sec-GPC": "1"})
    text = json.dumps([client.writer.events, client.writer.rejected])
    assert '"u1"' not in text and '"a1"' not in text and "203.0.113" not in text
    ids = [line["anonymousId"] for line in kept(client)]
    assert ids[0] == ids[1] != ids[2] == ids[3]


def test_gzip_is_read_up_to_the_limit_of_a_request() -> None:
    client = Client(settings_of(max_request_bytes=10_000))
    packed = {"Content-Encoding": "gzip"}
    assert client.post(gzip.compress(json.dumps(EVENT).encode()), packed).status == 202
    assert client.post(gzip.compress(b"[" + json.dumps(EVENT).encode()) + gzip.compress(b"]"), packed).status == 202
    assert client.post(gzip.compress(b" " * 10_001), packed).status == 413
    assert client.post(gzip.compress(json.dumps(EVENT).encode())[:-9], packed).status == 400
    assert client.post(b"no gzip", packed).status == 400
    assert client.post(b"", packed).status == 400
