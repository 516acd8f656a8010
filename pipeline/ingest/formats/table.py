"""Tables: delimited text, Parquet and JSON lines. The config says which column or key holds which value."""

from __future__ import annotations

from typing import Any

from pipeline.ingest.beginning import Beginning
from pipeline.ingest.column_guess import guess_columns
from pipeline.ingest.formats.base import Draft, Format, Guess
from pipeline.ingest.json_keys import FoundKeys, KnownKeys
from pipeline.ingest.mapping import columns_draft, json_lines_draft, row_as_text
from pipeline.ingest.text.layout import FileProblem, Layout
from pipeline.settings import CANONICAL_COLUMNS, Source

_SHOWN_COLUMNS, _SHOWN_CHARS = 30, 500
_TABLE_SHARE = 0.5  # any other format that knows its files goes first


def config_problem(source: Source) -> str | None:
    """What `columns` has to name."""
    if not source.columns:
        return "format: table needs `columns`, which map canonical names to columns of the file"
    if "event_at" not in source.columns:
        return "`columns` must contain event_at"
    if "event_name" not in source.columns and source.event_name is None:
        return "add event_name to `columns`, or set `event_name` for all rows"
    if "user_id" not in source.columns and "anonymous_id" not in source.columns:
        return "`columns` must contain user_id or anonymous_id"
    if not source.header and any(isinstance(theirs, str) for theirs in source.columns.values()):
        return "with header: false, `columns` must be positions (0, 1, …)"
    return None


def columns(source: Source, layout: Layout) -> dict[str, str]:
    """Canonical name to the name of a column that is in the file; FileProblem where one is not."""
    found = {}
    for canonical, theirs in source.columns.items():
        if isinstance(theirs, int):
            if not 0 <= theirs < len(layout.columns):
                raise FileProblem(
                    f"has {len(layout.columns)} columns (0 to {len(layout.columns) - 1}) in its first row, "
                    f"but `columns` takes {canonical} from position {theirs}"
                )
            found[canonical] = layout.columns[theirs]
        elif theirs in layout.columns:
            found[canonical] = theirs
        else:
            raise FileProblem(f"lacks a column '{theirs}' ({canonical} in `columns`); {_shown(layout)}")
    return found


def _shown(layout: Layout) -> str:
    """The columns there are, but no data: messages are kept where no erasure reaches."""
    if layout.looks_like_data:
        return "its first row looks like data: with `header: false`, `columns` are positions 0, 1, …"
    shown = ", ".join(layout.columns[:_SHOWN_COLUMNS]) + (", …" if len(layout.columns) > _SHOWN_COLUMNS else "")
    return f"it has: {shown[:_SHOWN_CHARS]}"


def _keys(source: Source) -> dict[str, str]:
    return {canonical: str(theirs) for canonical, theirs in source.columns.items()}


def json_keys(source: Source) -> KnownKeys:
    """The keys of a line that the config names."""
    return {"$": tuple(dict.fromkeys(_keys(source).values()))}


def draft(source: Source, layout: Layout, found: FoundKeys) -> Draft:
    """Times have the format that the config names, but for those that Parquet has as times."""
    time, name = source.timestamp_format, source.event_name
    absent = frozenset(CANONICAL_COLUMNS) - source.columns.keys() - {"event_name" if name else ""}
    if layout.kind == "json_lines":
        return Draft(lambda lines: json_lines_draft(_keys(source), found["$"], lines, name), "line", time, time, absent)
    taken = columns(source, layout)
    if layout.type_of(taken["event_at"]).startswith(("TIMESTAMP", "DATE")):
        time = "iso"
    return Draft(lambda rows: columns_draft(taken, layout, rows, name), row_as_text(layout), time, time, absent)


def recognise(beginning: Beginning) -> Guess:
    """Any table with a time and a person; whatever no other format recognises is a table."""
    found = guess_columns(beginning)
    lacking = [] if "event_at" in found.columns else ["a time"]
    if not {"user_id", "anonymous_id"} & found.columns.keys():
        lacking.append("a person")
    if lacking:
        return Guess("table", _TABLE_SHARE, missing=" and ".join(lacking))
    keys: dict[str, Any] = {"columns": dict(found.columns)}
    if not beginning.has_header:
        keys = {"header": False, "columns": {ours: int(theirs) for ours, theirs in found.columns.items()}}
    notes = list(found.notes)
    if "event_name" not in found.columns:
        keys["event_name"] = "purchase" if {"order_id", "revenue", "price"} & found.columns.keys() else "activity"
        notes.append(f"no column names the events, so every row is taken for one event, {keys['event_name']}")
    if found.event_names:
        keys["event_names"] = found.event_names
    if found.timestamp_format != "iso":
        keys["timestamp_format"] = found.timestamp_format
    return Guess("table", _TABLE_SHARE, keys, tuple(notes))


FORMAT = Format(
    name="table",
    layouts=("json_lines", "delimited", "parquet"),
    draft=draft,
    json_keys=json_keys,
    columns=columns,
    config_keys=("columns", "header", "delimiter", "event_name", "timestamp_format"),
    config_problem=config_problem,
    recognise=recognise,
)
