"""The events of a request: which are good, what is added to them, and the lines that they become.

An event is rejected here only if ingest would reject its line in any case, so that what was accepted is what a night
loads; times are judged by ingest, which knows the format of the source and the clock of the client. Not here: bytes
(body.py), who may send (policy.py).
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import orjson

from collector.addresses import truncated
from collector.body import BadRequest, dump

EVENT_IDS = ("eventId", "event_id", "messageId")
_MAX_EVENTS = 10_000  # each that is rejected takes room in the answer
_DEVICE_IDS = ("anonymousId", "anonymous_id")
_USER_IDS = ("userId", "user_id", *_DEVICE_IDS)
_SENT, _RECEIVED = ("sentAt", "sent_at"), ("receivedAt", "received_at")
_TIMES = ("timestamp", "originalTimestamp", "original_timestamp", *_SENT, *_RECEIVED)
_ENVELOPE = frozenset(("event", *_TIMES, *_USER_IDS, *EVENT_IDS))
# What ingest reads off the line of a rejected event (pipeline/ingest/formats/tracker.py).
REJECTED_KEY = "$rejectedByCollector"


@dataclass(frozen=True)
class Rules:
    """What an event may be. `is_id`: whether a text can be an id; `is_text`: whether it is not a placeholder."""

    max_event_bytes: int
    max_line_bytes: int
    max_nesting: int
    max_keys: int
    is_id: Callable[[str], bool]
    is_text: Callable[[str], bool]


@dataclass(frozen=True)
class Sender:
    """What the collector knows of the client of one request."""

    received_at: str
    address: str | None = None  # truncated
    user_agent: str | None = None
    is_server: bool = False  # it speaks for others: their time of receipt, address and agent are its to say
    has_opted_out: bool = False  # Sec-GPC: no ids are kept
    device: str | None = None  # the id in the cookie: that of events without an anonymous id


@dataclass(frozen=True)
class Rejected:
    """Why an event is not accepted."""

    field: str
    code: str
    message: str


@dataclass
class Lines:
    """The lines of a request, and what is answered about the events that were rejected."""

    events: list[bytes] = field(default_factory=list)
    rejected: list[bytes] = field(default_factory=list)
    answers: list[dict[str, Any]] = field(default_factory=list)
    anonymous_id: str | None = None  # of the last event, where there is a cookie


def read_events(value: Any, sender: Sender, rules: Rules) -> Lines:
    """The lines of all events of a request. Raises BadRequest where there is no event in it."""
    batch, shared = _unpacked(value)
    if not any(isinstance(event, dict) for event in batch):
        raise BadRequest(400, "no_event", 'expected an event (a JSON object), an array of events, or {"batch": […]}')
    if len(batch) > _MAX_EVENTS:
        raise BadRequest(413, "too_many_events", f"a request may have {_MAX_EVENTS:,} events")
    lines, stranger = Lines(), f"gpc-{secrets.token_hex(16)}" if sender.has_opted_out else None
    for index, given in enumerate(batch):
        event = {**shared, **given} if shared and isinstance(given, dict) else given
        if stranger is not None:
            event = _without_ids(event, stranger)
        elif sender.device is not None and isinstance(event, dict) and not _device(event):
            event = {**event, "anonymousId": sender.device}
        why = _fault(event, rules)
        if why is None:
            line = dump(_completed(dict(event), sender)) + b"\n"
            why = _oversize(line, rules)
            if why is None:
                lines.events.append(line)
                if sender.device is not None and rules.is_id(device := _device(event)):
                    lines.anonymous_id = device
                continue
        lines.rejected.append(_rejected_line(event, why, sender) + b"\n")
        answer = {"index": index, "eventId": _event_id(event), "field": why.field, "code": why.code}
        lines.answers.append({**answer, "message": why.message})
    return lines


def _unpacked(value: Any) -> tuple[list[Any], dict[str, Any]]:
    """The events, and what a batch says for all of them: its context and when it was sent."""
    if isinstance(value, list):
        return value, {}
    if isinstance(value, dict) and isinstance(value.get("batch"), list):
        return value["batch"], {key: value[key] for key in ("context", *_SENT) if value.get(key) is not None}
    return [value], {}


def _without_ids(event: Any, stranger: str) -> Any:
    """An event of nobody: its id is random and of this request alone, so that it leads to no other event."""
    if not isinstance(event, dict):
        return event
    event = {key: value for key, value in event.items() if key not in _USER_IDS} | {"anonymousId": stranger}
    if isinstance(context := event.get("context"), dict):
        event["context"] = {key: value for key, value in context.items() if key != "ip"}
    return event


def _device(event: dict[str, Any]) -> str:
    """The anonymous id of an event; empty where it has none."""
    return next((text for key in _DEVICE_IDS if (text := _text(event.get(key)))), "")


def _fault(event: Any, rules: Rules) -> Rejected | None:
    if not isinstance(event, dict):
        return Rejected("", "bad_json", "expected an object")
    if REJECTED_KEY in event:
        return Rejected(REJECTED_KEY, "type_conflict", "is a key of the collector")
    for key, value in event.items():
        if isinstance(value, (dict, list)) and key in _ENVELOPE:
            return Rejected(key, "type_conflict", "expected a text or a number")
    for key in ("properties", "context"):
        if not isinstance(event.get(key), (dict, type(None))):
            return Rejected(key, "type_conflict", "expected an object")
    if not rules.is_text(_text(event.get("event"))):
        return Rejected("event", "missing_event_name", "is missing")
    if not any(map(str.isdigit, _text(event.get("timestamp")))):
        return Rejected("timestamp", "bad_timestamp", "expected a time such as 2026-01-05T10:00:00Z")
    if not any(rules.is_id(_text(event[key])) for key in _USER_IDS if key in event):
        return Rejected("userId", "missing_identity", "expected a userId or an anonymousId")
    return _shape_fault(event, rules)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else "" if value is None else str(value)


def _shape_fault(event: dict[str, Any], rules: Rules) -> Rejected | None:
    """Nesting and keys; counted only where the signs of the text allow for too many."""
    text = dump(event)
    if text.count(b"{") + text.count(b"[") > rules.max_nesting and _depth(event) > rules.max_nesting:
        return Rejected("", "too_deep", f"objects and arrays may be nested {rules.max_nesting} deep")
    if text.count(b'":') > rules.max_keys and _n_keys(event) > rules.max_keys:
        return Rejected("", "too_many_keys", f"an event and its objects may have {rules.max_keys:,} keys")
    return None


def _depth(value: Any) -> int:
    level, depth = [value], 0
    while level := [inner for inner in level if isinstance(inner, (dict, list))]:
        depth += 1
        level = [entry for inner in level for entry in (inner.values() if isinstance(inner, dict) else inner)]
    return depth


def _n_keys(value: Any) -> int:
    waiting, n = [value], 0
    while waiting:
        inner = waiting.pop()
        if isinstance(inner, dict):
            n += len(inner)
            waiting += inner.values()
        elif isinstance(inner, list):
            waiting += inner
    return n


def _completed(event: dict[str, Any], sender: Sender) -> dict[str, Any]:
    """The event as it is kept: with an id, the time of receipt, and address and agent of a browser."""
    if not sender.has_opted_out and all(event.get(key) in (None, "") for key in EVENT_IDS):
        event["eventId"] = _hash(event)
    if sender.is_server:
        if all(event.get(key) is None for key in _RECEIVED):
            event["receivedAt"] = sender.received_at
        if "ip" in (event.get("context") or {}):
            event["context"] = {**event["context"], "ip": truncated(_text(event["context"]["ip"]))}
        return event
    for key in _RECEIVED:
        event.pop(key, None)
    event["receivedAt"] = sender.received_at
    seen = {"ip": None if sender.has_opted_out else sender.address, "userAgent": sender.user_agent}
    context = {key: value for key, value in (event.get("context") or {}).items() if key not in seen}
    context |= {key: value for key, value in seen.items() if value}
    if context:
        event["context"] = context
    else:
        event.pop("context", None)
    return event


def _hash(event: dict[str, Any]) -> str:
    """The id of an event without one: sent again it is the same, since only when it was sent differs."""
    same = {key: value for key, value in event.items() if key not in _SENT}
    try:
        text = orjson.dumps(same, option=orjson.OPT_SORT_KEYS)
    except TypeError:
        text = dump(same)
    return f"sha256-{sha256(text).hexdigest()[:32]}"


def _oversize(line: bytes, rules: Rules) -> Rejected | None:
    limit = min(rules.max_event_bytes, rules.max_line_bytes)
    if len(line) - 1 <= limit:
        return None
    return Rejected("", "oversized_line", f"an event may have {limit:,} bytes")


def _rejected_line(event: Any, why: Rejected, sender: Sender) -> bytes:
    """The event as it was sent, and why it was rejected."""
    about = {"code": why.code, "field": why.field, "message": why.message, "receivedAt": sender.received_at}
    is_plain = isinstance(event, dict) and REJECTED_KEY not in event
    return dump({REJECTED_KEY: about, **(event if is_plain else {"value": event})})


def _event_id(event: Any) -> Any:
    ids = (event.get(key) for key in EVENT_IDS) if isinstance(event, dict) else ()
    return next((given for given in ids if isinstance(given, (str, int))), None)
