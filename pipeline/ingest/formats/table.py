"""The table format: drafts of delimited rows, Parquet and JSON lines whose columns the config names.

A draft is described in canonical.py; how rows get into the relation it reads is in rows.py.
"""

from __future__ import annotations

import json

from pipeline.home.sql_text import identifier, quote
from pipeline.ingest.canonical import DRAFT_COLUMNS
from pipeline.ingest.formats.json_keys import ObjectKeys
from pipeline.ingest.formats.leftovers import Leftover, fields, looked_up
from pipeline.ingest.text.layout import Layout, resolve_columns
from pipeline.settings import Source


def _draft(rows: str, source: Source, fault: str, row_text: str, properties: str, values: dict[str, str]) -> str:
    """The text of a row is needed only where it has no id of its own."""
    if "event_id" in values:
        row_text = f"case when filled({values['event_id']}) is null then {row_text} end"
    if source.event_name is not None:
        values = {**values, "event_name": quote(source.event_name)}
    columns = [f"{values.get(column, 'null::varchar')} as {column}" for column in DRAFT_COLUMNS]
    return f"""
    select file_number, line_number, {fault} as fault, {row_text} as row_text, {properties} as properties,
        {", ".join(columns)}
    from {rows}"""


def columns_draft(source: Source, layout: Layout, rows: str) -> str:
    """The draft of rows whose columns are named c_…: delimited text, or Parquet with its types."""
    taken = resolve_columns(source, layout.columns)
    if source.event_name is not None:
        taken.pop("event_name", None)
    types = dict(zip(layout.columns, layout.types, strict=False))
    values = {canonical: _text(theirs, types.get(theirs, "VARCHAR")) for canonical, theirs in taken.items()}
    rest = [name for name in layout.columns if name not in taken.values()]
    return _draft(rows, source, "null::varchar", row_as_json(layout), _rest_sql(rest), values)


def _text(name: str, kind: str) -> str:
    """A value as text; a nested one as JSON."""
    column = identifier("c_" + name)
    is_nested = kind.startswith(("STRUCT", "MAP", "UNION")) or kind.endswith("]")
    return f"to_json({column})::varchar" if is_nested else column if kind == "VARCHAR" else f"{column}::varchar"


def row_as_json(layout: Layout) -> str:
    """All values of a row as one JSON object."""
    cells = ", ".join(f"{identifier(name)} := {identifier('c_' + name)}" for name in layout.columns)
    return f"to_json(struct_pack({cells}))::varchar"


def row_as_delimited(layout: Layout) -> str:
    """A row as delimited text again."""
    return f" || {quote(layout.delimiter)} || ".join(
        f"csv_cell({identifier('c_' + name)}, {quote(layout.delimiter)})" for name in layout.columns
    )


def _rest_sql(names: list[str]) -> str:
    """Columns that no canonical name took, as a JSON object without its nulls."""
    leftover = Leftover()
    for name in names:
        leftover.add(json.dumps(name, ensure_ascii=False), f"to_json({identifier('c_' + name)})::varchar")
    return leftover.sql()


def has_native_time(source: Source, layout: Layout) -> bool:
    """Whether a Parquet file keeps event_at as a time, so that no timestamp_format is needed."""
    types = dict(zip(layout.columns, layout.types, strict=False))
    return types.get(resolve_columns(source, layout.columns)["event_at"], "").startswith(("TIMESTAMP", "DATE"))


def json_known_keys(source: Source) -> dict[str, tuple[str, ...]]:
    """The keys of a line that the config names."""
    return {"$": tuple(dict.fromkeys(str(theirs) for theirs in source.columns.values()))}


def json_lines_draft(source: Source, lines: str, found: dict[str, ObjectKeys]) -> str:
    """The draft of JSON lines whose keys the config names; `a.b` reaches into an object."""
    top, values = found["$"], {}
    for canonical, theirs in ((name, str(key)) for name, key in source.columns.items()):
        options = [f"j.{identifier(theirs)}"] if theirs in top.known else []
        if "." in theirs:
            options.append(f"json_extract_string(line, {quote('/' + theirs.replace('.', '/'))})")
        if options:
            values[canonical] = f"coalesce({', '.join(options)})"
    leftover = Leftover()
    if top.has_too_many:
        leftover.lists.append(looked_up("json_keys(line)", "/", json_known_keys(source)["$"]))
    for name, key in top.others.items():
        leftover.add(key, f"j.{identifier(name)}")
    parsed = f"""(
        select *, json_transform(line, {quote(json.dumps(fields(top) or {"event": "VARCHAR"}))}) as j
        from (
            select file_number, line_number, is_object, case when is_object then line else '{{}}' end as line
            from {lines}
        )
    )"""
    fault = "case when not is_object then 'bad_json' end"
    return _draft(parsed, source, fault, "json(line)::varchar", leftover.sql(), values)


MACROS = (
    """create or replace temp macro csv_cell(v, d) as case when v is null then ''
        when contains(v, d) or contains(v, '"') or contains(v, chr(10)) then '"' || replace(v, '"', '""') || '"'
        else v end""",
)
