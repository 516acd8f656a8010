"""The names that event properties usually have, whoever collected them, and the column that each of them is.

Belongs here: names that mean the same in any tool. Not here: the names of one tool (`formats`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from pipeline.home.sql_text import quote
from pipeline.settings import Source

# Of several names of a value, the first that is there counts.
USUAL_KEYS = {
    "item_id": ("productId", "product_id", "itemId", "item_id"),
    "category": ("category", "productCategory", "product_category", "item_category"),
    "price": ("price",),
    "quantity": ("quantity", "qty"),
    "revenue": ("revenue", "value", "total", "amount"),
    "currency": ("currency",),
    "order_id": ("orderId", "order_id", "transactionId", "transaction_id"),
    "search_term": ("query", "searchTerm", "search_term"),
    "page_url": ("url", "pageUrl", "page_url", "page_location"),
    "page_path": ("path", "pagePath", "page_path"),
    "referrer": ("referrer", "page_referrer"),
    "utm_source": ("utm_source",),
    "utm_medium": ("utm_medium",),
    "utm_campaign": ("utm_campaign",),
    "device_type": ("deviceType", "device_type"),
    "user_agent": ("userAgent", "user_agent"),
    "duration_s": ("duration", "duration_s", "durationS", "durationSeconds", "duration_seconds"),
}
_MILLISECONDS = ("durationMs", "duration_ms")
# The `context` of an event, as Segment's libraries began it and many trackers write it.
CONTEXT_PLACES = {
    "page_url": ("context.page.url",),
    "page_path": ("context.page.path",),
    "referrer": ("context.page.referrer",),
    "utm_source": ("context.campaign.source",),
    "utm_medium": ("context.campaign.medium",),
    "utm_campaign": ("context.campaign.name",),
    "device_type": ("context.device.type",),
    "user_agent": ("context.userAgent",),
}
# A shop's amounts are not the same by all of these names: those that no column took are kept.
AMOUNTS = USUAL_KEYS["revenue"]


def usual_places(*objects: str) -> dict[str, tuple[str, ...]]:
    """By column, where its value may be in these objects, the first first; "" is the line itself."""
    found = {column: places_in(objects, keys) for column, keys in USUAL_KEYS.items()}
    return {**found, "duration_s": (*found["duration_s"], *places_in(objects, _MILLISECONDS))}


def usual_conversions(*objects: str) -> dict[str, Callable[[str], str]]:
    """The places whose value has another unit than its column, with the conversion in SQL."""
    return dict.fromkeys(places_in(objects, _MILLISECONDS), _in_seconds)


def places_in(objects: Iterable[str], keys: Iterable[str]) -> tuple[str, ...]:
    """The places of these keys in these objects; "" is the line itself."""
    listed = tuple(keys)
    return tuple(f"{name}.{key}" if name else key for name in objects for key in listed)


def with_usual(own: Mapping[str, tuple[str, ...]], usual: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """By column, the places that a tool has of its own, and after them the usual ones."""
    return {**usual, **{column: (*places, *usual.get(column, ())) for column, places in own.items()}}


def _in_seconds(given: str) -> str:
    """Milliseconds that are not a number keep their unit, so that the line is rejected, not read as seconds."""
    return f"coalesce((try_cast({given} as double) / 1000)::varchar, {given} || ' ms')"


def renamed(name: str, names: dict[str, str], source: Source) -> str:
    """A tool's own name of an event as the usual one; a name that the source renames is left to it."""
    cases = [f"when {quote(own)} then {quote(usual)}" for own, usual in names.items() if own not in source.event_names]
    return f"case {name} {' '.join(cases)} else {name} end" if cases else name
