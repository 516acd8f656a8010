"""Orders, refunds and brushing as the definitions say it, with plain loops: slow, and independent of the SQL.

An event is a dict: name, source, event_id, at, date, person, device, order_id, item, price, quantity, revenue,
is_server.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

Event = Mapping[str, Any]
Order = dict[str, Any]


def orders(events: Sequence[Event], limits: Mapping[str, int]) -> dict[str, Order]:
    """Every order by its id, with what follows from it and the others."""
    found: dict[str, Order] = {}
    for key in sorted({_key(event) for event in events if event["name"] == "purchase"}):
        found[key] = _told([event for event in events if event["name"] == "purchase" and _key(event) == key])
    for person in {order["person"] for order in found.values()}:
        _number([(key, order) for key, order in found.items() if order["person"] == person])
    for key, order in found.items():
        order["reason"] = _suspicion(key, found, limits)
        order["refunded"], order["n_refunds"] = _refunded(key, order, events)
    return found


def _key(event: Event) -> str:
    return event["order_id"] or f"{event['source']}:{event['event_id']}"


def _winning(events: Sequence[Event]) -> str:
    """The source that wins: the server's, else the one that reported first, else by name."""

    def rank(source: str) -> tuple[Any, ...]:
        own = [event for event in events if event["source"] == source]
        return (not any(event["is_server"] for event in own), min(event["at"] for event in own), source)

    return min({event["source"] for event in events}, key=rank)


def _told(lines: Sequence[Event]) -> Order:
    source = _winning(lines)
    own = sorted((event for event in lines if event["source"] == source), key=lambda e: (e["at"], e["event_id"]))
    first_lines = [
        min((e for e in lines if e["source"] == s), key=lambda e: (e["at"], e["event_id"]))
        for s in {e["source"] for e in lines}
    ]
    devices = {e["source"]: e["device"] for e in first_lines if not e["is_server"] and e["device"]}
    items: dict[str, dict[str, float]] = {}
    for event in own:
        if event["item"]:
            item = items.setdefault(event["item"], {"quantity": 0, "revenue": 0})
            item["quantity"] += 1 if event["quantity"] is None else event["quantity"]
            item["revenue"] += event["revenue"] or 0
    return {
        "person": own[0]["person"],
        "source": source,
        "at": own[0]["at"],
        "date": own[0]["date"],
        "has_order_id": bool(own[0]["order_id"]),
        "device": devices.get(source) or max(devices.values(), default=None),
        "revenue": sum(event["revenue"] or 0 for event in own),
        "items": items,
    }


def _number(mine: list[tuple[str, Order]]) -> None:
    before: date | None = None
    for number, (_, order) in enumerate(sorted(mine, key=lambda pair: (pair[1]["at"], pair[0])), start=1):
        order["number"] = number
        order["days_since"] = None if before is None else (order["date"] - before).days
        before = order["date"]


def _windows(days: set[date], length: int) -> list[tuple[date, date]]:
    """Every run of `length` dates on end that begins with one of the days."""
    return [(day, day + timedelta(days=length - 1)) for day in days]


def _suspicion(key: str, all_orders: Mapping[str, Order], limits: Mapping[str, int]) -> str | None:
    order = all_orders[key]
    mine = [other for other in all_orders.values() if other["person"] == order["person"]]
    if sum(other["date"] == order["date"] for other in mine) > limits["max_orders_per_day"]:
        return "too_many_orders_per_day"
    for item in order["items"]:
        same = [other["date"] for other in mine if item in other["items"]]
        for first, last in _windows(set(same), limits["brushing_window_days"]):
            if (
                first <= order["date"] <= last
                and sum(first <= day <= last for day in same) > limits["max_orders_per_item"]
            ):
                return "same_item_again"
    if order["device"] is None:
        return None
    here = [other for other in all_orders.values() if other["device"] == order["device"]]
    for first, last in _windows({other["date"] for other in here}, limits["brushing_window_days"]):
        accounts = {o["person"] for o in here if first <= o["date"] <= last and not o["person"].startswith("anon:")}
        if first <= order["date"] <= last and len(accounts) > limits["max_accounts_per_device"]:
            return "one_device_many_accounts"
    return None


def _refunded(key: str, order: Order, events: Sequence[Event]) -> tuple[float, int]:
    """What was given back of the order, and by how many refund events."""
    if not order["has_order_id"]:
        return 0, 0
    reported = [event for event in events if event["name"] == "refund" and event["order_id"] == key]
    if not reported:
        return 0, 0
    counted = [event for event in reported if event["source"] == _winning(reported)]
    amount = sum(_amount(event, order) for event in counted)
    return max(0, min(amount, order["revenue"])), len(counted)


def _amount(refund: Event, order: Order) -> float:
    if refund["revenue"] is not None:
        return abs(refund["revenue"])
    if refund["price"] is not None:
        return abs(refund["price"] * (1 if refund["quantity"] is None else refund["quantity"]))
    if refund["item"] is None:
        return order["revenue"]
    bought = order["items"].get(refund["item"])
    if bought is None:
        return 0
    if refund["quantity"] is None or bought["quantity"] <= 0:
        return bought["revenue"]
    return bought["revenue"] * min(abs(refund["quantity"]) / bought["quantity"], 1)
