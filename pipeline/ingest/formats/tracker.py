"""The tracker format: JSON lines of `{"event", "timestamp", "userId", "anonymousId", "context", "properties", …}`.

Lines are read as text and parsed in SQL, because a typed reader turns bad lines into empty rows silently.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from pipeline.home.sql_text import identifier, quote
from pipeline.ingest.formats.base import Draft, Format
from pipeline.ingest.json_keys import FoundKeys, KnownKeys
from pipeline.ingest.properties import Properties, coalesce, fields, looked_up
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
    "page_url": ("page", "url"),
    "page_path": ("page", "path"),
    "referrer": ("page", "referrer"),
    "utm_source": ("campaign", "source"),
    "utm_medium": ("campaign", "medium"),
    "utm_campaign": ("campaign", "name"),
    "device_type": ("device", "type"),
    "user_agent": ("userAgent",),
}
_CONTEXT_PARTS = {"page": ("url", "path", "referrer"), "campaign": ("source", "medium", "name"), "device": ("type",)}

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

_ENVELOPE_KEYS = tuple(key for keys in _ENVELOPE.values() for key in keys)
_PROPERTY_KEYS = (*(key for keys in _PROPERTIES.values() for key in keys), *_MILLISECONDS)

# Every object of a line that columns are taken from, with their keys.
_KNOWN_KEYS: KnownKeys = {
    "$": (*_ENVELOPE_KEYS, *_PROPERTY_KEYS, "properties", "context", _REJECTED_KEY),
    "$.properties": _PROPERTY_KEYS,
    "$.context": (*_CONTEXT_PARTS, "userAgent"),
    **{f"$.context.{part}": keys for part, keys in _CONTEXT_PARTS.items()},
}


def _set_fields(outer: dict[str, object], name: str, inner: Mapping[str, object]) -> None:
    """Read these fields of an inner object; json_transform takes no object without any, as where keys are looked up."""
    outer.pop(name, None)
    if inner:
        outer[name] = inner


def _structure(found: FoundKeys) -> str:
    """What json_transform reads out of a line."""
    top: dict[str, object] = {**fields(found["$"])}
    context: dict[str, object] = {**fields(found["$.context"])}
    for part in _CONTEXT_PARTS:
        _set_fields(context, part, fields(found[f"$.context.{part}"]))
    _set_fields(top, "properties", fields(found["$.properties"]))
    _set_fields(top, "context", context)
    return json.dumps(top or {"event": "VARCHAR"})


def _given(found: FoundKeys, keys: tuple[str, ...]) -> list[str]:
    """A value by its names, in `properties` and then beside it."""
    inside = [f'j.properties."{key}"' for key in keys if key in found["$.properties"].known]
    return inside + [f'j."{key}"' for key in keys if key in found["$"].known]


def _values(found: FoundKeys) -> list[str]:
    columns = []
    for column, keys in _ENVELOPE.items():
        columns.append(f"""{coalesce([f'j."{key}"' for key in keys if key in found["$"].known])} as {column}""")
    for column, keys in _PROPERTIES.items():
        values = _given(found, keys)
        if column == "duration_s":
            # Milliseconds that are not a number keep their unit, so that the line is rejected, not read as seconds.
            for given in _given(found, _MILLISECONDS):
                values.append(f"coalesce((try_cast({given} as double) / 1000)::varchar, {given} || ' ms')")
        place = _CONTEXT.get(column)
        if place and place[-1] in found["$.context" if len(place) == 1 else f"$.context.{place[0]}"].known:
            values.insert(0, ".".join(["j.context", *(f'"{key}"' for key in place)]))
        columns.append(f"{coalesce(values)} as {column}")
    return columns


def _add_rest(found: FoundKeys, path: str, rest: Properties, is_looked_up: bool = False, unless: str = "") -> None:
    """Add what no column took at one path."""
    if is_looked_up or found[path].has_too_many:
        keys = f"keys[{list(_KNOWN_KEYS).index(path) + 1}]"
        rest.lists.append(looked_up(keys, _pointer(path) + "/", _KNOWN_KEYS[path], unless))
        return
    struct = path.replace("$", "j")
    for name, key in found[path].others.items():
        rest.add(key, f"{struct}.{identifier(name)}")


def _pointer(path: str) -> str:
    return path.removeprefix("$").replace(".", "/")


def _context_rest(found: FoundKeys) -> Properties:
    rest = Properties()
    _add_rest(found, "$.context", rest)
    for part in sorted(_CONTEXT_PARTS.keys() & found["$.context"].known):
        inner = Properties()
        _add_rest(found, f"$.context.{part}", inner)
        if inner:
            rest.add_object(f'"{part}"', inner.sql())
        if found[f"$.context.{part}"].has_no_object:
            pointer = f"'/context/{part}'"
            text = f"json_extract(line, {pointer})::varchar"
            rest.add(f'"{part}"', f"case when json_type(line, {pointer}) not in ('OBJECT', 'NULL') then {text} end")
    return rest


def _properties(found: FoundKeys) -> str:
    """Of an entry that is in `properties` and beside it, the one in `properties` is kept."""
    rest = Properties()
    is_looked_up = found["$"].has_too_many or found["$.properties"].has_too_many
    _add_rest(found, "$.properties", rest, is_looked_up)
    _add_rest(found, "$", rest, is_looked_up, unless="/properties/")
    if context := _context_rest(found):
        text = context.sql()
        if is_looked_up:
            inside = "nullif(json_extract(line, '/properties/context')::varchar, 'null')"
            text = f"case when {inside} is null then {text} end"
        rest.add_object('"context"', text)
    return rest.sql()


def _fault(found: FoundKeys) -> str:
    """The reason to reject a line for its shape."""
    cases = ["when not is_object then 'bad_json'"]
    if _REJECTED_KEY in found["$"].known:
        code = f"json_extract_string(line, '/{_REJECTED_KEY}/code')"
        listed = ", ".join(map(quote, _REJECT_REASONS))
        reason = f"case when {code} in ({listed}) then {code} else 'bad_row' end"
        cases.append(f'when j."{_REJECTED_KEY}" is not null then {reason}')
    # Only text that looks like an object or a list is looked up; an id may well begin with a brace.
    for key in sorted(set(_ENVELOPE_KEYS) & found["$"].known):
        cases.append(
            f"""when (starts_with(j."{key}", '{{') or starts_with(j."{key}", '['))
                and json_type(line, '/{key}') in ('OBJECT', 'ARRAY') then 'type_conflict'"""
        )
    for name in ("properties", "context"):
        if found[f"$.{name}"].has_no_object:
            cases.append(f"when json_type(line, '/{name}') not in ('OBJECT', 'NULL') then 'type_conflict'")
    return "case " + "\n            ".join(cases) + " end"


def draft(source: Source, layout: Layout, found: FoundKeys) -> Draft:
    """Times of delivery are always ISO or an epoch; the config may name another format for the event's own."""
    return Draft(lambda lines: _draft_sql(lines, found), "line", event_time=source.timestamp_format)


def _draft_sql(lines: str, found: FoundKeys) -> str:
    """From a relation with file_number, line_number, line and is_object, whose keys were surveyed."""
    is_keyed = any(keys.has_too_many for keys in found.values())
    keys = f", json_keys(line, [{', '.join(map(quote, _KNOWN_KEYS))}]) as keys" if is_keyed else ""
    ids = [f'j."{key}"' for key in _ENVELOPE["event_id"] if key in found["$"].known]
    return f"""
    with objects as (
        select
            file_number, line_number, is_object,
            case when is_object then line else '{{}}' end as line  -- functions on bad JSON raise
        from {lines}
    ),
    parsed as (select *, json_transform(line, {quote(_structure(found))}) as j{keys} from objects),
    named as (select *, {coalesce(ids)} as given_id from parsed),
    trimmed as (select *, filled(given_id) as trimmed_id from named)
    select
        file_number, line_number,
        {_fault(found)} as fault,
        case when present(trimmed_id) is null then json(line)::varchar end as row_text,
        {_properties(found)} as properties,
        {", ".join(_values(found))}
    from trimmed"""


FORMAT = Format(name="tracker", layouts=("json_lines",), draft=draft, json_keys=lambda source: _KNOWN_KEYS)
