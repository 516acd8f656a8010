"""Amplitude: JSON lines of its Export API, as the ZIP of gzipped files that it is, or unpacked."""

from __future__ import annotations

from collections.abc import Callable

from pipeline.ingest.beginning import Beginning
from pipeline.ingest.formats.base import Draft, Format, Guess
from pipeline.ingest.json_keys import FoundKeys
from pipeline.ingest.json_mapping import JsonMapping
from pipeline.ingest.text.layout import Layout
from pipeline.ingest.usual_keys import AMOUNTS, renamed, usual_conversions, usual_places, with_usual
from pipeline.settings import Source

_NAMES = {"[Amplitude] Page Viewed": "page_view", "$identify": "identify", "$groupidentify": "group"}
# What Amplitude adds about a session is nothing that a person did.
DECLARATIONS = ("identify", "group", "session_start", "session_end")
_EVENT = "event_properties"
_COLUMNS = {
    "event_name": ("event_type",),
    "event_at": ("event_time",),
    "original_at": ("client_event_time",),  # event_time is that, corrected
    "sent_at": ("client_upload_time",),
    "received_at": ("server_received_time", "server_upload_time"),
    "user_id": ("user_id",),
    "anonymous_id": ("device_id",),
    "item_id": (f"{_EVENT}.$productId",),
    "price": (f"{_EVENT}.$price",),
    "quantity": (f"{_EVENT}.$quantity",),
    "revenue": (f"{_EVENT}.$revenue",),
    "page_url": (f"{_EVENT}.[Amplitude] Page URL", f"{_EVENT}.[Amplitude] Page Location"),
    "page_path": (f"{_EVENT}.[Amplitude] Page Path",),
    "user_agent": ("user_agent",),
}
_READ = ("uuid", "$insert_id", "session_id", "platform", "device_type")
_USUAL = usual_places(_EVENT)
_Value = Callable[[str], str]
_MISSING = "EMPTY"


def _event_id(value: _Value) -> str:
    return f"coalesce({value('uuid')}, {value('device_id')} || '.' || {value('$insert_id')})"


def _device_type(value: _Value) -> str:
    """`device_type` is the make of a phone, or the system of a computer."""
    usual = ", ".join(value(place) for place in _USUAL["device_type"])
    return f"""coalesce({usual}, case
        when contains({value("device_type")}, 'iPad') or contains({value("device_type")}, 'Tablet') then 'tablet'
        when {value("platform")} in ('iOS', 'Android') or contains({value("device_type")}, 'iPhone')
            or contains({value("device_type")}, 'Android') then 'mobile'
        when {value("device_type")} in ('Windows', 'Mac', 'Linux', 'Chrome OS') then 'desktop' end)"""


def _mapping(source: Source) -> JsonMapping:
    columns = with_usual(_COLUMNS, _USUAL)
    return JsonMapping(
        columns=columns,
        flat=(_EVENT,),
        objects=("user_properties", "groups"),
        read_only=_READ,
        kept=("$insert_id", "platform", "device_type", *(f"{_EVENT}.{key}" for key in AMOUNTS)),
        scalars=("event_type", "event_time", "user_id", "device_id", "uuid", "$insert_id"),
        converted={
            **{place: _filled for places in columns.values() for place in places},
            **usual_conversions(_EVENT),
        },
        expressions={
            "event_id": _event_id,
            "event_name": lambda value: renamed(value("event_type"), _NAMES, source),
            "device_type": _device_type,
        },
        # Of an event outside of any session it is -1.
        added={"amplitude_session_id": lambda value: f"nullif({value('session_id')}, '-1')"},
    )


def _filled(text: str) -> str:
    """The value, null where it is the word that Amplitude writes for none."""
    return f"nullif({text}, '{_MISSING}')"


def draft(source: Source, layout: Layout, found: FoundKeys) -> Draft:
    """All times are ISO, in UTC."""
    return _mapping(source).draft(found)


def recognise(beginning: Beginning) -> Guess | None:
    """JSON lines with the name, the time and the device of an event."""
    is_event = beginning.share_with("event_type", "event_time", "amplitude_id")
    return Guess("amplitude", is_event) if beginning.is_json else None


FORMAT = Format(
    name="amplitude",
    layouts=("json_lines",),
    draft=draft,
    json_keys=lambda source: _mapping(source).known_keys,
    declarations=DECLARATIONS,
    recognise=recognise,
)
