"""The tracker's lines in the shapes of other tools' exports, for `simulate --as`: the same shop.

Belongs here: the shapes. Not here: what happened (sessions.py), or reading them (`pipeline.ingest.formats`, written
apart from this, so that neither repeats a mistake of the other).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

Line = dict[str, Any]

_SEGMENT_NAMES = {
    "search": "Products Searched",
    "view_item_list": "Product List Viewed",
    "view_item": "Product Viewed",
    "add_to_cart": "Product Added",
    "add_to_wishlist": "Product Added to Wishlist",
    "begin_checkout": "Checkout Started",
    "add_payment_info": "Payment Info Entered",
    "purchase": "Order Completed",
    "refund": "Order Refunded",
    "share": "Product Shared",
    "sign_up": "Signed Up",
}
# A tool's server knows a wrong clock by when a line was sent and received; less may be a slow delivery.
_SLOWEST, _AHEAD = timedelta(minutes=10), timedelta(minutes=-1)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _ms(moment: datetime) -> int:
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def _space(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S.%f}"


def _number(event_id: str) -> int:
    return int(event_id, 16) % 2**31


def _campaign(line: Line) -> Line:
    given = line["context"].get("campaign", {})
    return {f"utm_{key}": value for key, value in given.items()}


def _segment(line: Line, at: datetime) -> Line:
    name, properties = line["event"], line["properties"]
    call: Line = {"type": "page"} if name == "page_view" else {"type": "track", "event": _SEGMENT_NAMES.get(name, name)}
    kept = {key: line[key] for key in ("userId", "anonymousId", "context", "sentAt", "receivedAt")}
    corrected = _moment(line["timestamp"]) + (_moment(line["receivedAt"]) - _moment(line["sentAt"]))
    stamp = f"{corrected:%Y-%m-%dT%H:%M:%S.%f}"[:-3] + "Z"
    times = {"originalTimestamp": line["timestamp"], "timestamp": stamp}
    return {**call, "messageId": line["eventId"], **kept, **times, "properties": properties, "version": 2}


def _mixpanel(line: Line, at: datetime) -> Line:
    page = line["context"]["page"]
    user, device = line["userId"], line["anonymousId"]
    who = {"distinct_id": user or f"$device:{device}", "$device_id": device, **({"$user_id": user} if user else {})}
    processed = {"$insert_id": line["eventId"], "mp_processing_time_ms": _ms(_moment(line["receivedAt"]))}
    seen = {
        "$current_url": page["url"],
        "$referrer": page["referrer"],
        "device_type": line["context"]["device"]["type"],
    }
    name = "$mp_web_page_view" if line["event"] == "page_view" else line["event"]
    return {
        "event": name,
        "properties": {"time": _ms(at), **who, **processed, **seen, **_campaign(line), **line["properties"]},
    }


def _amplitude(line: Line, at: datetime) -> Line:
    context = line["context"]
    page = {"[Amplitude] Page URL": context["page"]["url"], "referrer": context["page"]["referrer"]}
    kind = {"deviceType": context["device"]["type"]}
    return {
        "event_type": "[Amplitude] Page Viewed" if line["event"] == "page_view" else line["event"],
        "event_time": _space(at),
        "client_event_time": _space(_moment(line["timestamp"])),
        "client_upload_time": _space(_moment(line["sentAt"])),
        "server_received_time": _space(_moment(line["receivedAt"])),
        "user_id": line["userId"],
        "device_id": line["anonymousId"],
        "uuid": line["eventId"],
        "$insert_id": line["eventId"],
        "session_id": -1,
        "platform": "Web",
        "user_agent": context.get("userAgent", "EMPTY"),
        "event_properties": {**page, **kind, **_campaign(line), **line["properties"]},
        "user_properties": {},
    }


def _ga4_value(value: Any) -> Line:
    if isinstance(value, str):
        return {"string_value": value}
    return {"int_value": str(value)} if isinstance(value, int) else {"double_value": value}


def _ga4(line: Line, at: datetime) -> Line:
    given, page = dict(line["properties"]), line["context"]["page"]
    names = {"productId": "item_id", "category": "item_category", "price": "price", "quantity": "quantity"}
    item = {ours: given.pop(theirs) for theirs, ours in names.items() if theirs in given}
    order: Line = {}
    if "orderId" in given:
        order["transaction_id"] = given.pop("orderId")
    if "revenue" in given:
        order["refund_value" if line["event"] == "refund" else "purchase_revenue"] = given.pop("revenue")
    if "query" in given:
        given["search_term"] = given.pop("query")
    values = {"page_location": page["url"], "page_referrer": page["referrer"], **given}
    campaign = {f"manual_{key}": value for key, value in line["context"].get("campaign", {}).items()}
    return {
        "event_date": f"{at:%Y%m%d}",
        "event_timestamp": str(_ms(at) * 1000),
        "event_name": line["event"],
        "event_params": [{"key": key, "value": _ga4_value(value)} for key, value in values.items()],
        "event_bundle_sequence_id": str(_number(line["eventId"])),
        "user_id": line["userId"],
        "user_pseudo_id": line["anonymousId"],
        "device": {"category": line["context"]["device"]["type"]},
        "collected_traffic_source": campaign or None,
        "ecommerce": order or None,
        "items": [item] if item else [],
    }


def _posthog(line: Line, at: datetime) -> Line:
    context, user = line["context"], line["userId"]
    page = {"$current_url": context["page"]["url"], "$referrer": context["page"]["referrer"] or "$direct"}
    device = {"$device_type": context["device"]["type"], "$raw_user_agent": context.get("userAgent", "")}
    who = {"$device_id": line["anonymousId"], **({"$user_id": user} if user else {})}
    return {
        "uuid": line["eventId"],
        "event": "$pageview" if line["event"] == "page_view" else line["event"],
        "distinct_id": user or line["anonymousId"],
        "timestamp": f"{_space(at)}+00:00",
        "created_at": f"{_space(_moment(line['receivedAt']))}+00:00",
        "properties": {**who, **page, **device, **_campaign(line), **line["properties"]},
    }


def _sensors(line: Line, at: datetime) -> Line:
    context, user = line["context"], line["userId"]
    page = {"$url": context["page"]["url"], "$referrer": context["page"]["referrer"]}
    campaign = {f"${key}": value for key, value in _campaign(line).items()}
    device = {"device_type": context["device"]["type"], "$user_agent": context.get("userAgent", "")}
    return {
        "type": "track",
        "event": "$pageview" if line["event"] == "page_view" else line["event"],
        "time": _ms(_moment(line["timestamp"])),
        "distinct_id": user or line["anonymousId"],
        **({"login_id": user} if user else {}),
        "anonymous_id": line["anonymousId"],
        "_track_id": _number(line["eventId"]),
        "_flush_time": _ms(_moment(line["sentAt"])),
        "recv_time": _ms(_moment(line["receivedAt"])),
        "properties": {**page, **campaign, **device, **line["properties"]},
    }


VENDORS: dict[str, Callable[[Line, datetime], Line]] = {
    "segment": _segment,
    "mixpanel": _mixpanel,
    "amplitude": _amplitude,
    "ga4": _ga4,
    "posthog": _posthog,
    "sensors": _sensors,
}


class Translator:
    """Lines of one tool; an event that is sent again has the time that the tool gave it first."""

    def __init__(self, vendor: str) -> None:
        self._shape = VENDORS[vendor]
        self._times: dict[str, datetime] = {}

    def __call__(self, text: str) -> str:
        """A tracker line as the tool writes it."""
        line = json.loads(text)
        at, sent, received = (_moment(line[key]) for key in ("timestamp", "sentAt", "receivedAt"))
        is_delivery = _AHEAD <= received - sent <= _SLOWEST
        at = self._times.setdefault(line["eventId"], at if is_delivery else at + (received - sent))
        return json.dumps(self._shape(line, at), ensure_ascii=False, separators=(",", ":")) + "\n"
