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
    bought: dict[str, list[Event]] = {}
    for event in events:
        if event["name"] == "purchase":
            bought.setdefault(str(_key(event, events)), []).append(event)
    found = {key: _told(bought[key]) for key in sorted(bought)}
    for person in {order["person"] for order in found.values()}:
        _number([(key, order) for key, order in found.items() if order["person"] == person])
    for key, order in found.items():
        order["reason"] = _suspicion(key, found, limits)
        order["refunded"], order["n_refunds"] = _refunded(key, order, events)
    return found


def _is_known(event: Event) -> bool:
    return not event["person"].startswith("anon:")


def _key(event: Event, events: Sequence[Event]) -> str | None:
    """The order of a purchase or refund: of each known user one, whichever sources and unknown devices report it."""
    if event["order_id"] is None:
        return f"{event['source']}:{event['event_id']}" if event["name"] == "purchase" else None
    same = [e for e in events if e["name"] == "purchase" and e["order_id"] == event["order_id"]]
    buyers = {e["person"] for e in same if _is_known(e)}
    if len(buyers) < 2:
        return event["order_id"] if same else None
    if not _is_known(event):
        known = [e for e in same if _is_known(e)]
        owner = min((abs((e["at"] - event["at"]).total_seconds()), e["person"]) for e in known)[1]
    elif event["person"] in buyers:
        owner = event["person"]
    else:
        return None
    return f"{owner}:{event['order_id']}"


def _winning(events: Sequence[Event]) -> str:
    """The source that wins: the server's, else the one that reported first, else by name."""

    def rank(source: str) -> tuple[Any, ...]:
        own = [event for event in events if event["source"] == source]
        return (not any(event["is_server"] for event in own), min(event["at"] for event in own), source)

    return min({event["source"] for event in events}, key=rank)


def _told(lines: Sequence[Event]) -> Order:
    source = _winning(lines)
    reported = sorted((event for event in lines if event["source"] == source), key=lambda e: (e["at"], e["event_id"]))
    own = _each_line_once(reported) if reported[0]["order_id"] else reported
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
        "person": next((e["person"] for e in lines if e["order_id"] and _is_known(e)), own[0]["person"]),
        "source": source,
        "at": own[0]["at"],
        "date": own[0]["date"],
        "device": devices.get(source) or max(devices.values(), default=None),
        "revenue": sum(event["revenue"] or 0 for event in own),
        "items": items,
    }


def _each_line_once(lines: Sequence[Event]) -> list[Event]:
    first: dict[tuple[Any, ...], Event] = {}
    for line in lines:
        quantity = 1 if line["quantity"] is None else line["quantity"]
        first.setdefault((line["item"], quantity, line["revenue"]), line)
    return list(first.values())


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
    reported = [event for event in events if event["name"] == "refund" and _key(event, events) == key]
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
