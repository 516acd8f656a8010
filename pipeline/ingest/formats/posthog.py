"""PostHog: the events of its batch exports and file downloads, as JSON lines or Parquet."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from pipeline.ingest.beginning import Beginning
from pipeline.ingest.formats.base import Draft, Format, Guess
from pipeline.ingest.json_keys import FoundKeys
from pipeline.ingest.json_mapping import JsonMapping
from pipeline.ingest.text.layout import Layout
from pipeline.ingest.usual_keys import AMOUNTS, renamed, usual_conversions, usual_places, with_usual
from pipeline.settings import Source

_NAMES = {
    "$pageview": "page_view",
    "$screen": "screen_view",
    "$identify": "identify",
    "$create_alias": "alias",
    "$merge_dangerously": "merge",
    "$groupidentify": "group",
    "$set": "profile_set",
}
DECLARATIONS = ("identify", "alias", "merge", "group", "profile_set")
_COLUMNS = {
    "event_at": ("timestamp",),
    "received_at": ("_inserted_at", "created_at"),
    "event_id": ("uuid",),
    "page_url": ("properties.$current_url",),
    "page_path": ("properties.$pathname",),
    "referrer": ("properties.$referrer",),
    "device_type": ("properties.$device_type",),
    "user_agent": ("properties.$raw_user_agent",),
}
_ID, _USER, _DEVICE = "distinct_id", "properties.$user_id", "properties.$device_id"
_BEFORE, _ALIAS = "properties.$anon_distinct_id", "properties.alias"
_IS_IDENTIFIED, _HAS_PROFILE = "properties.$is_identified", "properties.$process_person_profile"
_USUAL = usual_places("properties")
_Value = Callable[[str], str]

MACROS = (
    # Parquet, and some exports of JSON lines, have objects as the text of their JSON.
    """create or replace temp macro posthog_line(line) as case
        when json_type(line, '/properties') = 'VARCHAR' or json_type(line, '/person_properties') = 'VARCHAR'
        then json_merge_patch(line,
            case when json_type(try(json_extract_string(line, '/properties')::json)) = 'OBJECT'
                then '{"properties":' || json_extract_string(line, '/properties') || '}' else '{}' end::json,
            case when json_type(try(json_extract_string(line, '/person_properties')::json)) = 'OBJECT'
                then '{"person_properties":' || json_extract_string(line, '/person_properties') || '}'
                else '{}' end::json)::varchar
        else line end""",
)
# A file of an export in parts, named by its first and last moment and a number: all are there once their manifest is.
_PART = re.compile(r"(.*\d{4}-\d\d-\d\dT.*)-\d+(\.(?:parquet|jsonl?)(?:\.\w+)*)$")
_MANIFEST = re.compile(r"(^|_)manifest\.json$")


def _is_anonymous(value: _Value) -> str:
    """Before a log-in, the device is the id; events without a profile are of nobody known."""
    return f"""({value(_ID)} = {value(_DEVICE)} or coalesce({value(_IS_IDENTIFIED)} = 'false', false)
        or coalesce({value(_HAS_PROFILE)} = 'false', false))"""


def _user_id(value: _Value) -> str:
    known = f"case when not coalesce({_is_anonymous(value)}, false) then {value(_ID)} end"
    return f"""case when {value("event")} in ('$identify', '$create_alias', '$merge_dangerously') then {value(_ID)}
        else coalesce({value(_USER)}, {known}) end"""


def _anonymous_id(value: _Value) -> str:
    anonymous = f"case when coalesce({_is_anonymous(value)}, false) then {value(_ID)} end"
    return f"""case when {value("event")} = '$identify' then coalesce({value(_BEFORE)}, {value(_DEVICE)})
        when {value("event")} in ('$create_alias', '$merge_dangerously') then {value(_ALIAS)}
        else coalesce({value(_DEVICE)}, {anonymous}) end"""


def _mapping(source: Source) -> JsonMapping:
    return JsonMapping(
        columns=with_usual(_COLUMNS, _USUAL),
        flat=("properties",),
        objects=("person_properties",),
        read_only=("event", _ID, _USER, _DEVICE, _BEFORE, _ALIAS, _IS_IDENTIFIED, _HAS_PROFILE),
        kept=tuple(f"properties.{key}" for key in AMOUNTS),
        scalars=("event", _ID, "uuid", "timestamp"),
        converted={
            "properties.$referrer": lambda text: f"nullif({text}, '$direct')",
            **usual_conversions("properties"),
        },
        expressions={
            "event_name": lambda value: renamed(value("event"), _NAMES, source),
            "user_id": _user_id,
            "anonymous_id": _anonymous_id,
        },
    )


def draft(source: Source, layout: Layout, found: FoundKeys) -> Draft:
    """All times are ISO, in UTC."""
    return _mapping(source).draft(found, raw_line="given")


def awaited(path: Path) -> tuple[str, ...]:
    """The manifests that say that an export in parts is complete; the file of another export waits for none."""
    part = _PART.match(path.name)
    return ("manifest.json", f"{part[1]}_manifest.json") if part else ()


def recognise(beginning: Beginning) -> Guess | None:
    """Rows with the id, the name and the person of an event."""
    if beginning.layout.kind == "delimited":
        return None
    return Guess("posthog", beginning.share_with("uuid", "event", "distinct_id", "timestamp"))


FORMAT = Format(
    name="posthog",
    layouts=("json_lines", "parquet"),
    draft=draft,
    json_keys=lambda source: _mapping(source).known_keys,
    as_object="posthog_line(given)",
    is_no_data=lambda path: _MANIFEST.search(path.name) is not None,
    awaited=awaited,
    declarations=DECLARATIONS,
    recognise=recognise,
    macros=MACROS,
)
