"""Google Analytics 4: its BigQuery export, as JSON lines or Parquet, from daily and intraday tables."""

from __future__ import annotations

from collections.abc import Callable

from pipeline.ingest.beginning import Beginning
from pipeline.ingest.formats.base import Draft, Format, Guess
from pipeline.ingest.json_keys import FoundKeys
from pipeline.ingest.json_mapping import JsonMapping
from pipeline.ingest.text.layout import Layout
from pipeline.settings import Source

_COLUMNS = {
    "event_name": ("event_name",),
    "event_at": ("event_timestamp",),
    "user_id": ("user_id",),
    "anonymous_id": ("user_pseudo_id",),
    "currency": ("params.currency",),
    "revenue": ("ecommerce.purchase_revenue", "ecommerce.refund_value", "params.value"),
    "order_id": ("ecommerce.transaction_id", "params.transaction_id"),
    "search_term": ("params.search_term",),
    "page_url": ("params.page_location",),
    "referrer": ("params.page_referrer",),
    "utm_source": ("collected_traffic_source.manual_source", "params.source"),
    "utm_medium": ("collected_traffic_source.manual_medium", "params.medium"),
    "utm_campaign": ("collected_traffic_source.manual_campaign_name", "params.campaign"),
    "device_type": ("device.category",),
}
# What tells events of one device and moment apart; older exports have the first alone.
_PARTS = ("event_bundle_sequence_id", "batch_page_id", "batch_ordering_id", "batch_event_index")
# Of an event about a single item, what the item says.
_ITEM = {"item_id": "item_id", "category": "item_category", "price": "price", "quantity": "quantity"}
_LISTS = ("event_params", "user_properties")
_Value = Callable[[str], str]

MACROS = (
    """create or replace temp macro ga4_value(v) as coalesce(
        to_json(v->>'string_value')::varchar, try_cast(v->>'int_value' as hugeint)::varchar,
        try_cast(v->>'float_value' as double)::varchar, try_cast(v->>'double_value' as double)::varchar, 'null')""",
    # [{"key": …, "value": {"int_value": …}}, …] as an object.
    """create or replace temp macro ga4_object(list) as '{' || array_to_string(list_transform(
        list_filter(json_extract(list, '$[*]'), lambda one: one->>'key' is not null),
        lambda one: to_json(one->>'key')::varchar || ':' || ga4_value(one->'value')), ',') || '}'""",
    # A list that is none stays in its place, where it is a fault.
    """create or replace temp macro ga4_line(line) as json_merge_patch(line,
        case when json_type(line, '/event_params') = 'ARRAY'
            then '{"event_params":null,"params":' || ga4_object(json_extract(line, '/event_params')) || '}'
            else '{}' end::json,
        case when json_type(line, '/user_properties') = 'ARRAY'
            then '{"user_properties":null,"user":' || ga4_object(json_extract(line, '/user_properties')) || '}'
            else '{}' end::json)::varchar""",
)


def _event_id(value: _Value) -> str:
    """The export has no id. Tables of the day so far and of the whole day agree in these values."""
    content = "json_extract(line, '/params')::varchar, json_extract(line, '/items')::varchar"
    parts = ", ".join(f"coalesce({value(part)}, '')" for part in _PARTS)
    is_told_apart = f"{value('batch_event_index')} is not null and {value('user_pseudo_id')} is not null"
    what = f"{value('event_timestamp')}, {value('event_name')}, coalesce({value('user_pseudo_id')}, ''), {parts}"
    return f"""case when {value("event_timestamp")} is not null and {value("event_name")} is not null
        then md5(concat_ws(chr(31), {what},
            case when not ({is_told_apart}) then md5(concat_ws(chr(31), {content})) end)) end"""


def _of_item(name: str) -> Callable[[_Value], str]:
    def expression(value: _Value) -> str:
        only = f"case when json_array_length(line, '/items') = 1 then json_extract_string(line, '/items/0/{name}') end"
        return f"coalesce({value(f'params.{name}')}, {only})"

    return expression


_MAPPING = JsonMapping(
    columns=_COLUMNS,
    flat=("params",),
    objects=("user",),
    read_only=(*_PARTS, *(f"params.{name}" for name in _ITEM.values())),
    kept=("ecommerce.purchase_revenue", "ecommerce.refund_value", "params.value", "event_bundle_sequence_id"),
    scalars=("event_name", "event_timestamp", "user_id", "user_pseudo_id"),
    expressions={"event_id": _event_id, **{column: _of_item(name) for column, name in _ITEM.items()}},
    faults=tuple((name, lambda pointer: "'type_conflict'") for name in _LISTS),
)


def draft(source: Source, layout: Layout, found: FoundKeys) -> Draft:
    """Microseconds, in UTC."""
    return _MAPPING.draft(found, "epoch_us", "given")


def recognise(beginning: Beginning) -> Guess | None:
    """Rows with the name, the time and the parameters of an event."""
    if beginning.layout.kind == "delimited":
        return None
    return Guess("ga4", beginning.share_with("event_name", "event_timestamp", "event_params"))


FORMAT = Format(
    name="ga4",
    layouts=("json_lines", "parquet"),
    draft=draft,
    json_keys=lambda source: _MAPPING.known_keys,
    as_object="ga4_line(given)",
    latest_copy_counts=True,
    may_lack_identity=True,
    recognise=recognise,
    macros=MACROS,
)
