"""The tracker format: JSON lines of `{"event", "timestamp", "userId", "anonymousId", "context", "properties", …}`."""

from __future__ import annotations

from pipeline.home.sql_text import quote
from pipeline.ingest.formats.base import Draft, Format
from pipeline.ingest.json_keys import FoundKeys
from pipeline.ingest.json_mapping import JsonMapping
from pipeline.ingest.text.layout import Layout
from pipeline.settings import Source

_ENVELOPE = {
    "event_name": ("event",),
    "event_at": ("timestamp",),
    "original_at": ("originalTimestamp", "original_timestamp"),
    "user_id": ("userId", "user_id"),
    "anonymous_id": ("anonymousId", "anonymous_id"),
    "event_id": ("eventId", "event_id", "messageId"),
    "sent_at": ("sentAt", "sent_at"),
    "received_at": ("receivedAt", "received_at"),
}
# Names of a canonical value, in `properties` or beside it; the first that is there counts.
_PROPERTIES = {
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
_CONTEXT = {
    "page_url": ("context.page.url",),
    "page_path": ("context.page.path",),
    "referrer": ("context.page.referrer",),
    "utm_source": ("context.campaign.source",),
    "utm_medium": ("context.campaign.medium",),
    "utm_campaign": ("context.campaign.name",),
    "device_type": ("context.device.type",),
    "user_agent": ("context.userAgent",),
}

# The collector keeps an event that it rejected whole, and adds why: {"code": …, "field": …, "message": …}.
_REJECTED_KEY = "$rejectedByCollector"
_REJECT_REASONS = (
    "bad_json",
    "missing_event_name",
    "missing_identity",
    "bad_timestamp",
    "type_conflict",
    "oversized_line",
)


def _places(column: str) -> tuple[str, ...]:
    """Where a value is: in the context, in `properties`, beside it."""
    keys = _PROPERTIES[column]
    if column == "duration_s":
        return (*_anywhere(keys), *_anywhere(_MILLISECONDS))
    return (*_CONTEXT.get(column, ()), *_anywhere(keys))


def _anywhere(keys: tuple[str, ...]) -> tuple[str, ...]:
    return (*(f"properties.{key}" for key in keys), *keys)


def _in_seconds(given: str) -> str:
    """Milliseconds that are not a number keep their unit, so that the line is rejected, not read as seconds."""
    return f"coalesce((try_cast({given} as double) / 1000)::varchar, {given} || ' ms')"


def _rejected_by_collector(pointer: str) -> str:
    code = f"json_extract_string(line, '{pointer}/code')"
    return f"case when {code} in ({', '.join(map(quote, _REJECT_REASONS))}) then {code} else 'bad_row' end"


_MAPPING = JsonMapping(
    columns={**_ENVELOPE, **{column: _places(column) for column in _PROPERTIES}},
    flat=("properties",),
    scalars=tuple(key for keys in _ENVELOPE.values() for key in keys),
    converted=dict.fromkeys(_anywhere(_MILLISECONDS), _in_seconds),
    faults=((_REJECTED_KEY, _rejected_by_collector),),
)


def draft(source: Source, layout: Layout, found: FoundKeys) -> Draft:
    """Times of delivery are always ISO or an epoch; the config may name another format for the event's own."""
    return Draft(lambda lines: _MAPPING.draft_sql(lines, found), "line", event_time=source.timestamp_format)


FORMAT = Format(name="tracker", layouts=("json_lines",), draft=draft, json_keys=lambda source: _MAPPING.known_keys)
