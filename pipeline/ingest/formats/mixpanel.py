"""Mixpanel: JSON lines of its raw event export, `{"event": …, "properties": {"time": …, "distinct_id": …, …}}`."""

from __future__ import annotations

from collections.abc import Callable

from pipeline.home.sql_text import quote
from pipeline.ingest.beginning import Beginning
from pipeline.ingest.formats.base import Draft, Format, Guess
from pipeline.ingest.json_keys import FoundKeys
from pipeline.ingest.json_mapping import JsonMapping
from pipeline.ingest.text.layout import Layout
from pipeline.ingest.usual_keys import AMOUNTS, renamed, usual_conversions, usual_places, with_usual
from pipeline.settings import Source

_NAMES = {
    "$mp_web_page_view": "page_view",
    "$identify": "identify",
    "$create_alias": "alias",
    "$merge": "merge",
}
DECLARATIONS = ("identify", "alias", "merge")
_COLUMNS = {
    "received_at": ("properties.mp_processing_time_ms",),
    "page_url": ("properties.$current_url", "properties.current_url"),
    "referrer": ("properties.$referrer",),
    "duration_s": ("properties.$duration",),
}
_NAME, _TIME, _PROCESSED = "event", "properties.time", "properties.mp_processing_time_ms"
_ID, _USER, _DEVICE = "properties.distinct_id", "properties.$user_id", "properties.$device_id"
_INSERT_ID, _SYSTEM = "properties.$insert_id", "properties.$os"
_IDENTIFIED, _ALIAS = "properties.$identified_id", "properties.alias"
_ANONYMOUS = ("properties.$anon_id", "properties.$anon_distinct_id")
_READ = (_NAME, _TIME, _ID, _USER, _DEVICE, _INSERT_ID, _IDENTIFIED, _ALIAS, *_ANONYMOUS)
_USUAL = usual_places("properties")
_Value = Callable[[str], str]

MACROS = (
    # Seconds or milliseconds.
    """create or replace temp macro mixpanel_wall(t) as list_transform([try_cast(t as double)], lambda v: case
        when v between 0 and 1e11 then make_timestamp((v * 1e6)::bigint)
        when v between 0 and 1e14 then make_timestamp((v * 1e3)::bigint) end)[1]""",
    # A clock that was set back shows an hour twice: what was processed before the second time was of the first.
    """create or replace temp macro mixpanel_hours(guess, wall, zone) as list_filter(
        [guess - interval 1 hour, guess, guess + interval 1 hour],
        lambda one: timezone(zone, timezone('UTC', one)) = wall)""",
    """create or replace temp macro mixpanel_time(t, zone, processed) as list_transform(
        [{'wall': mixpanel_wall(t), 'processed': mixpanel_wall(processed)}],
        lambda given: list_transform([from_wall(given.wall, zone)], lambda guess: strftime(coalesce(
            list_max(list_filter(mixpanel_hours(guess, given.wall, zone), lambda one: one <= given.processed)),
            list_min(mixpanel_hours(guess, given.wall, zone)), guess), '%Y-%m-%dT%H:%M:%S.%fZ'))[1])[1]""",
    """create or replace temp macro mixpanel_device(id) as
        case when starts_with(id, '$device:') then id[9:] else id end""",
)


def _event_at(value: _Value, source: Source) -> str:
    """Projects from before 2023 tell the time of their clock as if it were UTC. Text that is no number stays."""
    if source.project_timezone is None:
        return value(_TIME)
    zone = quote(source.project_timezone)
    return f"coalesce(mixpanel_time({value(_TIME)}, {zone}, {value(_PROCESSED)}), {value(_TIME)})"


def _event_id(value: _Value) -> str:
    """Mixpanel takes two events for one where name, distinct_id, time and $insert_id are the same."""
    others = f"concat_ws(chr(31), {value(_NAME)}, {value(_ID)}, {value(_TIME)})"
    return f"{value(_INSERT_ID)} || '.' || left(md5({others}), 16)"


def _merged(position: int) -> str:
    return f"json_extract_string(line, '/properties/$distinct_ids/{position}')"


def _user_id(value: _Value) -> str:
    known = f"""case when not starts_with({value(_ID)}, '$device:') and {value(_ID)} is distinct from {value(_DEVICE)}
        then {value(_ID)} end"""
    merged = f"case when starts_with({_merged(0)}, '$device:') then {_merged(1)} else {_merged(0)} end"
    return f"""case {value(_NAME)} when '$identify' then coalesce({value(_IDENTIFIED)}, {value(_USER)}, {known})
        when '$create_alias' then {value(_ALIAS)} when '$merge' then {merged}
        else coalesce({value(_USER)}, {known}) end"""


def _anonymous_id(value: _Value) -> str:
    device = f"coalesce({value(_DEVICE)}, case when starts_with({value(_ID)}, '$device:') then {value(_ID)} end)"
    before = ", ".join(map(value, _ANONYMOUS))
    merged = f"case when starts_with({_merged(0)}, '$device:') then {_merged(0)} else {_merged(1)} end"
    return f"""mixpanel_device(case {value(_NAME)} when '$identify' then coalesce({before}, {device})
        when '$create_alias' then {value(_ID)} when '$merge' then {merged} else {device} end)"""


def _device_type(value: _Value) -> str:
    usual = ", ".join(value(place) for place in _USUAL["device_type"])
    return f"""coalesce({usual}, case
        when {value(_SYSTEM)} in ('iOS', 'Android', 'Windows Phone', 'BlackBerry') then 'mobile'
        when {value(_SYSTEM)} in ('Windows', 'Mac OS X', 'macOS', 'Linux', 'Chrome OS') then 'desktop' end)"""


def _mapping(source: Source) -> JsonMapping:
    return JsonMapping(
        columns=with_usual(_COLUMNS, _USUAL),
        flat=("properties",),
        read_only=(*_READ, _SYSTEM),
        kept=(_SYSTEM, _INSERT_ID, _ID, *(f"properties.{key}" for key in AMOUNTS)),
        scalars=_READ,
        converted=usual_conversions("properties"),
        expressions={
            "event_id": _event_id,
            "event_name": lambda value: renamed(value(_NAME), _NAMES, source),
            "event_at": lambda value: _event_at(value, source),
            "user_id": _user_id,
            "anonymous_id": _anonymous_id,
            "device_type": _device_type,
        },
    )


def draft(source: Source, layout: Layout, found: FoundKeys) -> Draft:
    """Epochs are told apart by their digits."""
    return _mapping(source).draft(found)


def recognise(beginning: Beginning) -> Guess | None:
    """JSON lines with time and person in `properties`."""
    is_event = beginning.share_with("event", _TIME, _ID)
    return Guess("mixpanel", is_event) if beginning.is_json else None


FORMAT = Format(
    name="mixpanel",
    layouts=("json_lines",),
    draft=draft,
    json_keys=lambda source: _mapping(source).known_keys,
    config_keys=("project_timezone",),
    latest_copy_counts=True,
    declarations=DECLARATIONS,
    macros=MACROS,
    recognise=recognise,
)
