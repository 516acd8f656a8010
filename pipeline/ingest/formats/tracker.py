"""The tracker format: JSON lines of `{"event", "timestamp", "userId", "anonymousId", "context", "properties", …}`."""

from __future__ import annotations

from pipeline.home.sql_text import quote
from pipeline.ingest.formats.base import Beginning, Draft, Format, Guess
from pipeline.ingest.json_keys import FoundKeys
from pipeline.ingest.json_mapping import JsonMapping
from pipeline.ingest.text.layout import Layout
from pipeline.ingest.usual_keys import CONTEXT_PLACES, usual_conversions, usual_places, with_usual
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


def _rejected_by_collector(pointer: str) -> str:
    code = f"json_extract_string(line, '{pointer}/code')"
    return f"case when {code} in ({', '.join(map(quote, _REJECT_REASONS))}) then {code} else 'bad_row' end"


_USUAL = usual_places("properties", "")
_MAPPING = JsonMapping(
    columns={**_ENVELOPE, **with_usual(CONTEXT_PLACES, _USUAL)},
    flat=("properties",),
    scalars=tuple(key for keys in _ENVELOPE.values() for key in keys),
    converted=usual_conversions("properties", ""),
    faults=((_REJECTED_KEY, _rejected_by_collector),),
)


def draft(source: Source, layout: Layout, found: FoundKeys) -> Draft:
    """Times of delivery are always ISO or an epoch; the config may name another format for the event's own."""
    return _MAPPING.draft(found, source.timestamp_format)


def recognise(beginning: Beginning) -> Guess | None:
    """JSON lines with the three keys that every event has."""
    if not beginning.is_json:
        return None
    return Guess("tracker", max(beginning.share_with("event", "timestamp", key) for key in ("userId", "anonymousId")))


FORMAT = Format(
    name="tracker",
    layouts=("json_lines",),
    draft=draft,
    json_keys=lambda source: _MAPPING.known_keys,
    recognise=recognise,
    config_keys=("timestamp_format",),
)
