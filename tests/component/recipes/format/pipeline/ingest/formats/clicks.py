"""The clicks format: JSON lines of `{"visitor", "click", "at", …}`. Every other key is a property."""

from __future__ import annotations

from pipeline.ingest.formats.base import Draft, Format
from pipeline.ingest.json_keys import FoundKeys, KnownKeys
from pipeline.ingest.mapping import json_lines_draft
from pipeline.ingest.text.layout import Layout
from pipeline.settings import Source

_KEYS = {"anonymous_id": "visitor", "event_name": "click", "event_at": "at"}


def json_keys(source: Source) -> KnownKeys:
    """The keys that columns are taken from."""
    return {"$": tuple(_KEYS.values())}


def draft(source: Source, layout: Layout, found: FoundKeys) -> Draft:
    """Lines by the names above; times are ISO 8601."""
    return Draft(lambda lines: json_lines_draft(_KEYS, found["$"], lines), raw_line="line", event_time="iso")


FORMAT = Format(name="clicks", layouts=("json_lines",), draft=draft, json_keys=json_keys)
