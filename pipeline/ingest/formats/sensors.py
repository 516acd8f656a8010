"""Sensors Analytics (神策): JSON lines of its data format, or of a query of its events table."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from pipeline.home.sql_text import quote
from pipeline.ingest.beginning import Beginning
from pipeline.ingest.formats.base import Draft, Format, Guess
from pipeline.ingest.json_keys import FoundKeys
from pipeline.ingest.json_mapping import JsonMapping
from pipeline.ingest.text.layout import Layout
from pipeline.ingest.usual_keys import AMOUNTS, places_in, renamed, usual_conversions, usual_places, with_usual
from pipeline.settings import Source

_NAMES = {
    "$pageview": "page_view",
    "$AppViewScreen": "screen_view",
    "$MPViewScreen": "screen_view",
    "$SignUp": "identify",
    "$BindID": "bind",
    "$UnbindID": "unbind",
}
# Lines without an event, by their type.
_ACTIONS = ("set", "set_once", "increment", "append", "unset", "delete")
_PROFILE_TYPES = tuple(f"profile_{action}" for action in _ACTIONS)
_ITEM_TYPES = ("item_set", "item_delete")
DECLARATIONS = ("identify", "bind", "unbind", *_PROFILE_TYPES, *_ITEM_TYPES)
_LINKING = {"track_signup": "$SignUp", "track_id_bind": "$BindID", "track_id_unbind": "$UnbindID"}
# In `properties`, and in a row of the events table beside the rest.
_PRESET = {
    "page_url": ("$url",),
    "page_path": ("$url_path",),
    "referrer": ("$referrer",),
    "utm_source": ("$utm_source",),
    "utm_medium": ("$utm_medium",),
    "utm_campaign": ("$utm_campaign",),
    "user_agent": ("$user_agent",),
    "duration_s": ("event_duration", "$event_duration"),
}
_OBJECTS = ("properties", "")
_COLUMNS = {
    "event_at": ("time",),
    "sent_at": ("_flush_time",),
    "received_at": ("recv_time", "$receive_time"),
}
_DEVICES = ("anonymous_id", "cookie_id", "android_id", "android_uuid", "ios_uuid", "idfv", "mp_id", "harmony_oaid")
_IDENTITIES = tuple(f"$identity_{name}" for name in _DEVICES)
_USUAL = usual_places(*_OBJECTS)
_Value = Callable[[str], str]

_LOGIN = ("login_id", *places_in(("identities", ""), ("$identity_login_id",)))
_DEVICE = ("anonymous_id", *places_in(("identities", ""), _IDENTITIES))
_BEFORE = ("original_id", "$track_signup_original_id")
_IS_LOGIN, _SYSTEM = places_in(_OBJECTS, ("$is_login_id",)), places_in(_OBJECTS, ("$os",))
_READ = ("type", "event", "distinct_id", "_track_id", *_LOGIN, *_DEVICE, *_BEFORE, *_IS_LOGIN, *_SYSTEM)


def _first(value: _Value, places: Iterable[str]) -> str:
    return f"coalesce({', '.join(map(value, places))}, null)"


def _type(value: _Value) -> str:
    """A row of the events table has no type."""
    return f"coalesce(lower({value('type')}), 'track')"


def _event_name(value: _Value, source: Source) -> str:
    linking = " ".join(f"when '{kind}' then coalesce({value('event')}, '{name}')" for kind, name in _LINKING.items())
    given = f"case {_type(value)} when 'track' then {value('event')} {linking} else {_type(value)} end"
    return f"list_transform([{given}], lambda name: {renamed('name', _NAMES, source)})[1]"


def _is_login(value: _Value) -> str:
    return f"coalesce({_first(value, _IS_LOGIN)} in ('true', '1'), false)"


def _user_id(value: _Value) -> str:
    return f"""coalesce({_first(value, _LOGIN)},
        case when {_type(value)} = 'track_signup' or {_is_login(value)} then {value("distinct_id")} end)"""


def _anonymous_id(value: _Value) -> str:
    """Of ids that are unbound none is given, so that they are not linked."""
    known = f"{_first(value, _LOGIN)} is not null or {_is_login(value)} or {_type(value)} = 'track_signup'"
    own = f"case when not ({known}) then {value('distinct_id')} end"
    is_apart = f"{_type(value)} = 'track_id_unbind' and ({known})"
    return f"case when not ({is_apart}) then coalesce({_first(value, (*_BEFORE, *_DEVICE))}, {own}) end"


def _is_of_nobody(value: _Value) -> str:
    """Lines about an item name no person; any other has to."""
    kinds = ", ".join(map(quote, _ITEM_TYPES))
    return f"{_type(value)} not in ({kinds}) and {_user_id(value)} is null and {_anonymous_id(value)} is null"


def _event_id(value: _Value) -> str:
    """`_track_id` is a small random number: it tells lines of one person and moment apart."""
    what = ", ".join(value(place) for place in ("_track_id", "distinct_id", "time", "event"))
    return f"case when {value('_track_id')} is not null then md5(concat_ws(chr(31), {what})) end"


def _device_type(value: _Value) -> str:
    usual, system = _first(value, _USUAL["device_type"]), _first(value, _SYSTEM)
    return f"""coalesce({usual}, case
        when {system} in ('iOS', 'Android', 'HarmonyOS', 'harmony') then 'mobile'
        when lower({system}) in ('windows', 'macos', 'mac os x', 'mac', 'linux') then 'desktop' end)"""


def _mapping(source: Source) -> JsonMapping:
    preset = {column: places_in(_OBJECTS, keys) for column, keys in _PRESET.items()}
    return JsonMapping(
        columns=with_usual({**_COLUMNS, **preset}, _USUAL),
        flat=("properties",),
        objects=("identities", "lib"),
        read_only=_READ,
        kept=(
            *_SYSTEM,
            *places_in(_OBJECTS, AMOUNTS),
            *(place for place in _DEVICE if place.startswith("identities.")),
        ),
        scalars=("type", "event", "time", "distinct_id", "login_id", "anonymous_id", "_track_id"),
        converted=usual_conversions(*_OBJECTS),
        expressions={
            "event_id": _event_id,
            "event_name": lambda value: _event_name(value, source),
            "user_id": _user_id,
            "anonymous_id": _anonymous_id,
            "device_type": _device_type,
        },
        checks=(("missing_identity", _is_of_nobody),),
    )


def draft(source: Source, layout: Layout, found: FoundKeys) -> Draft:
    """Epochs are told apart by their digits; a query writes the time of the project's zone."""
    return _mapping(source).draft(found)


def recognise(beginning: Beginning) -> Guess | None:
    """JSON lines with type, person and time."""
    return Guess("sensors", beginning.share_with("type", "distinct_id", "time")) if beginning.is_json else None


FORMAT = Format(
    name="sensors",
    layouts=("json_lines",),
    draft=draft,
    json_keys=lambda source: _mapping(source).known_keys,
    may_lack_identity=True,
    declarations=DECLARATIONS,
    recognise=recognise,
)
