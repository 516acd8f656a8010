"""What holds for a person at as_of, read off the events and orders with plain loops."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

WEIGHTS = {"view_item": 1, "add_to_wishlist": 2, "add_to_cart": 3, "purchase": 5}
User = dict[str, Any]


def users(events: Sequence[Mapping[str, Any]], orders: Mapping[str, Mapping[str, Any]], as_of: date) -> dict[str, User]:
    """By person; an event is a dict with name, at, date, person, category (times in the site's timezone)."""
    by_person: dict[str, list[Mapping[str, Any]]] = {}
    for event in events:
        by_person.setdefault(event["person"], []).append(event)
    raw = {person: _activity(mine, as_of) for person, mine in by_person.items()}
    full = _percentile([score for score in raw.values() if score > 0], 0.99)
    return {
        person: _one(mine, [order for order in orders.values() if order["person"] == person], as_of)
        | {"activity_score": min(100.0, 100 * raw[person] / full) if full else 0.0}
        for person, mine in by_person.items()
    }


def _one(mine: Sequence[Mapping[str, Any]], orders: Sequence[Mapping[str, Any]], as_of: date) -> User:
    days = {event["date"] for event in mine}
    since_first, since_last = (as_of - min(days)).days, (as_of - max(days)).days
    counted = [order["revenue"] for order in orders if order["reason"] is None]
    stage = "new" if since_first < 7 else "active" if since_last < 7 else "lapsing" if since_last < 30 else "dormant"
    return {
        "n_active_days": len(days),
        "days_since_last_active": since_last,
        "lifecycle_stage": stage,
        "favourite_category": _favourite([event["category"] for event in mine if event["category"]]),
        "favourite_hour": _favourite([event["at"].hour for event in mine]),
        "n_orders": len(orders),
        "revenue": sum(counted),
        "avg_order_value": sum(counted) / len(counted) if counted else None,
        "purchase_frequency": len(orders) * 30 / max(since_first + 1, 30),
        "days_since_last_order": min(((as_of - order["date"]).days for order in orders), default=None),
    }


def _favourite(values: list[Any]) -> Any:
    """The most frequent; of equals the least."""
    counts = Counter(values)
    return min(counts, key=lambda value: (-counts[value], value)) if counts else None


def _activity(mine: Sequence[Mapping[str, Any]], as_of: date) -> float:
    recent = Counter(event["name"] for event in mine if event["date"] > as_of - timedelta(days=30))
    return sum(WEIGHTS.get(name, 1) * math.log(1 + count) for name, count in recent.items())


def _percentile(values: list[float], share: float) -> float:
    """Interpolated between the two values next to the place."""
    if not values:
        return 0.0
    values = sorted(values)
    place = share * (len(values) - 1)
    low = math.floor(place)
    return values[low] + (place - low) * (values[min(low + 1, len(values) - 1)] - values[low])
