"""The tracker format: JSON lines of `{"event", "timestamp", "userId", "anonymousId", "context", "properties", …}`.

Lines are read as text and parsed in SQL, because a typed reader turns bad lines into empty rows without a word.
"""

from __future__ import annotations

import json

from pipeline.ingest.canonical import quote

_ENVELOPE = {
    "event_name": ("event",),
    "event_at": ("timestamp",),
    "user_id": ("userId", "user_id"),
    "anonymous_id": ("anonymousId", "anonymous_id"),
    "event_id": ("eventId", "event_id", "messageId"),
    "sent_at": ("sentAt", "sent_at"),
    "received_at": ("receivedAt", "received_at"),
}
# Names under which a canonical value comes, in `properties` or beside it; the first that is there counts.
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
    "page_url": "page.url",
    "page_path": "page.path",
    "referrer": "page.referrer",
    "utm_source": "campaign.source",
    "utm_medium": "campaign.medium",
    "utm_campaign": "campaign.name",
    "device_type": "device.type",
    "user_agent": '"userAgent"',
}
_CONTEXT_PARTS = {"page": ("url", "path", "referrer"), "campaign": ("source", "medium", "name"), "device": ("type",)}

_ENVELOPE_KEYS = tuple(key for keys in _ENVELOPE.values() for key in keys)
_PROPERTY_KEYS = (*(key for keys in _PROPERTIES.values() for key in keys), *_MILLISECONDS)


def _structure() -> str:
    """What json_transform reads out of a line."""
    properties = dict.fromkeys(_PROPERTY_KEYS, "VARCHAR")
    context: dict[str, object] = {part: dict.fromkeys(keys, "VARCHAR") for part, keys in _CONTEXT_PARTS.items()}
    context["userAgent"] = "VARCHAR"
    top: dict[str, object] = {**dict.fromkeys(_ENVELOPE_KEYS, "VARCHAR"), **properties}
    return json.dumps({**top, "properties": properties, "context": context})


def _first(*expressions: str) -> str:
    return expressions[0] if len(expressions) == 1 else f"coalesce({', '.join(expressions)})"


def _property(column: str) -> list[str]:
    found = [f'j.properties."{key}"' for key in _PROPERTIES[column]] + [f'j."{key}"' for key in _PROPERTIES[column]]
    if column == "duration_s":
        millis = [f'j.properties."{key}"' for key in _MILLISECONDS] + [f'j."{key}"' for key in _MILLISECONDS]
        # Milliseconds that are no number stay as they are, so that the line is refused and not taken for seconds.
        found += [f"coalesce((try_cast({key} as double) / 1000)::varchar, {key} || ' ms')" for key in millis]
    return found


def _values() -> list[str]:
    columns = [f"""{_first(*(f'j."{key}"' for key in keys))} as {column}""" for column, keys in _ENVELOPE.items()]
    for column in _PROPERTIES:
        context = [f"j.context.{_CONTEXT[column]}"] if column in _CONTEXT else []
        columns.append(f"{_first(*context, *_property(column))} as {column}")
    return columns


def _listed(keys: tuple[str, ...]) -> str:
    return "[" + ", ".join(map(quote, keys)) + "]"


def leftover_sql(keys: str, pointer: str, known: tuple[str, ...]) -> str:
    """The entries of an object that no column took, as a sorted list of `"key":value` texts."""
    texts = (
        f"list_transform(list_filter(list_sort(list_distinct({keys})), lambda k: not list_contains({_listed(known)}, k)), "
        f"lambda k: to_json(k)::varchar || ':' || coalesce(json_extract(line, {quote(pointer)} || "
        f"replace(replace(k, '~', '~0'), '/', '~1'))::varchar, 'null'))"
    )
    # Most objects hold nothing unknown: one look spares them the lambdas.
    return f"case when list_has_all({_listed(known)}, {keys}) then []::varchar[] else {texts} end"


def _object(entries: str) -> str:
    return f"case when len({entries}) > 0 then '{{' || array_to_string({entries}, ',') || '}}' end"


MACROS = ("create or replace temp macro json_members(e) as " + _object("e"),)


def _member(name: str, entries: str) -> str:
    """An inner object as an entry of an outer one, none where it is empty."""
    head = quote(f'"{name}":')
    return f"case when len({entries}) > 0 then [{head} || json_members({entries})] else []::varchar[] end"


def draft_sql(lines: str) -> str:
    """The draft of a relation with line_number and line."""
    parts = list(_CONTEXT_PARTS)
    paths = ["$", "$.properties", "$.context", *(f"$.context.{part}" for part in parts)]
    inner = ", ".join(
        f"{leftover_sql(f'keys[{4 + i}]', f'/context/{part}/', _CONTEXT_PARTS[part])} as {part}_rest"
        for i, part in enumerate(parts)
    )
    context_rest = " || ".join(
        [
            leftover_sql("keys[3]", "/context/", (*parts, "userAgent")),
            *(_member(part, f"{part}_rest") for part in parts),
        ]
    )
    top_known = (*_ENVELOPE_KEYS, *_PROPERTY_KEYS, "properties", "context")
    event_id = _first(*(f'j."{key}"' for key in _ENVELOPE["event_id"]))
    scalars = [f'j."{key}"' for key in _ENVELOPE_KEYS]
    not_scalar = " or ".join(f"starts_with({value}, '{{') or starts_with({value}, '[')" for value in scalars)
    return f"""
    with checked as (
        select
            line_number, line as raw_line,
            coalesce(case when json_valid(line) then json_type(line) = 'OBJECT' end, false) as is_object,
            case when is_object then line else '{{}}' end as line  -- functions on bad JSON raise
        from {lines}
    ),
    parsed as (
        select
            *, json_transform(checked.line, {quote(_structure())}) as j,
            json_keys(checked.line, {_listed(tuple(paths))}) as keys
        from checked
    ),
    split as (
        select
            *,
            {leftover_sql("keys[1]", "/", top_known)} as top_rest,
            {leftover_sql("keys[2]", "/properties/", _PROPERTY_KEYS)} as properties_rest,
            {inner}
        from parsed
    ),
    joined as (select *, {context_rest} as context_rest from split)
    select
        line_number, raw_line,
        case
            when not is_object then 'bad_json'
            when coalesce({not_scalar}, false) then 'type_conflict'
            when list_contains(keys[1], 'properties') and j.properties is null
                and json_type(line, '$.properties') <> 'NULL' then 'type_conflict'
            when list_contains(keys[1], 'context') and j.context is null
                and json_type(line, '$.context') <> 'NULL' then 'type_conflict'
        end as fault,
        case when filled({event_id}) is null then json(line)::varchar end as row_text,
        json_members(
            properties_rest || top_rest
            || {_member("context", "context_rest")}
        ) as properties,
        {", ".join(_values())}
    from joined"""
