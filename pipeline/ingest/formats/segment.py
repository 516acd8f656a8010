"""Segment and RudderStack: JSON lines of the calls track, page, screen, identify, alias and group."""

from __future__ import annotations

from collections.abc import Callable

from pipeline.home.sql_text import quote
from pipeline.ingest.formats.base import Beginning, Draft, Format, Guess
from pipeline.ingest.json_keys import FoundKeys
from pipeline.ingest.json_mapping import JsonMapping
from pipeline.ingest.text.layout import Layout
from pipeline.ingest.usual_keys import AMOUNTS, CONTEXT_PLACES, renamed, usual_conversions, usual_places, with_usual
from pipeline.settings import Source

# The calls that say who somebody is, and not what somebody did.
DECLARATIONS = ("identify", "alias", "group")
_CALLS = {"page": "page_view", "screen": "screen_view", **{name: name for name in DECLARATIONS}}
# The names of Segment's e-commerce and B2B specifications.
_NAMES = {
    "Products Searched": "search",
    "Product List Viewed": "view_item_list",
    "Product Clicked": "select_item",
    "Product Viewed": "view_item",
    "Product Added": "add_to_cart",
    "Product Removed": "remove_from_cart",
    "Cart Viewed": "view_cart",
    "Product Added to Wishlist": "add_to_wishlist",
    "Checkout Started": "begin_checkout",
    "Payment Info Entered": "add_payment_info",
    "Order Completed": "purchase",
    "Order Refunded": "refund",
    "Product Shared": "share",
    "Signed Up": "sign_up",
    "Signed In": "login",
}
_COLUMNS = {
    "event_id": ("messageId",),
    "sent_at": ("sentAt",),
    "received_at": ("receivedAt",),
    "user_id": ("userId",),
    **CONTEXT_PLACES,
}
_READ = ("type", "event", "timestamp", "originalTimestamp", "anonymousId", "previousId")
_USUAL = usual_places("properties")
_Value = Callable[[str], str]


def _event_name(value: _Value, source: Source) -> str:
    calls = " ".join(f"when {quote(call)} then {quote(name)}" for call, name in _CALLS.items())
    return f"case lower({value('type')}) {calls} else {renamed(value('event'), _NAMES, source)} end"


def _item_id(value: _Value) -> str:
    """An order of a single product is about that product."""
    products = "/properties/products"
    first = [f"json_extract_string(line, '{products}/0/{key}')" for key in ("product_id", "productId", "sku")]
    given = ", ".join(value(place) for place in (*_USUAL["item_id"], "properties.sku"))
    return (
        f"coalesce({given}, case when json_array_length(line, '{products}') = 1 then coalesce({', '.join(first)}) end)"
    )


def _device_type(value: _Value) -> str:
    """The mobile libraries name the system."""
    return f"""case lower({value("context.device.type")}) when 'ios' then 'mobile' when 'android' then 'mobile'
        else {value("context.device.type")} end"""


def _mapping(source: Source) -> JsonMapping:
    return JsonMapping(
        columns=with_usual(_COLUMNS, _USUAL),
        flat=("properties",),
        objects=("context", "traits"),
        read_only=(*_READ, "properties.sku"),
        kept=tuple(f"properties.{key}" for key in (*AMOUNTS, "sku")),
        scalars=(*_READ, "messageId", "userId", "sentAt", "receivedAt"),
        converted=usual_conversions("properties"),
        expressions={
            "event_name": lambda value: _event_name(value, source),
            # A message that was not processed yet has its client's time alone.
            "event_at": lambda value: f"coalesce({value('timestamp')}, {value('originalTimestamp')})",
            "original_at": lambda value: (
                f"case when {value('timestamp')} is not null then {value('originalTimestamp')} end"
            ),
            # An alias names the id that the user had before.
            "anonymous_id": lambda value: (
                f"""case when lower({value("type")}) = 'alias'
                then coalesce({value("previousId")}, {value("anonymousId")}) else {value("anonymousId")} end"""
            ),
            "item_id": _item_id,
            "device_type": _device_type,
        },
    )


def draft(source: Source, layout: Layout, found: FoundKeys) -> Draft:
    """All times are ISO."""
    return _mapping(source).draft(found)


def recognise(beginning: Beginning) -> Guess | None:
    """JSON lines with the type and the id of a message."""
    if not beginning.is_json:
        return None
    is_message = [row.get("type") in ("track", *_CALLS) and "messageId" in row for row in beginning.rows]
    return Guess("segment", sum(is_message) / len(is_message))


FORMAT = Format(
    name="segment",
    layouts=("json_lines",),
    draft=draft,
    json_keys=lambda source: _mapping(source).known_keys,
    declarations=DECLARATIONS,
    recognise=recognise,
)
