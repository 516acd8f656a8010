"""Drafts of rows by a mapping: canonical name to the column or JSON key that holds the value. The rest is `properties`.

Belongs here: SQL for any format whose values need no rule of their own. Where a mapping comes from is up to the format.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from pipeline.home.sql_text import identifier, quote
from pipeline.ingest.json_keys import ObjectKeys
from pipeline.ingest.properties import (
    NULL,
    Properties,
    coalesce,
    fields,
    looked_up,
    rest_of_columns,
    rest_of_many_texts,
)
from pipeline.ingest.text.layout import Layout
from pipeline.settings import CANONICAL_COLUMNS

_MANY_COLUMNS = 100  # an expression for each takes DuckDB time that grows with their square

MACROS = (
    """create or replace temp macro csv_cell(v, d) as case when v is null then ''
        when contains(v, d) or contains(v, '"') or contains(v, chr(10)) then '"' || replace(v, '"', '""') || '"'
        else v end""",
)


def columns_draft(mapping: Mapping[str, str], layout: Layout, rows: str, event_name: str | None = None) -> str:
    """Delimited text or Parquet. `event_name` is the name of every event, instead of one from the rows."""
    taken = {
        canonical: theirs for canonical, theirs in mapping.items() if not (event_name and canonical == "event_name")
    }
    values = {canonical: _text(theirs, layout.type_of(theirs)) for canonical, theirs in taken.items()}
    others = [name for name in layout.columns if name not in taken.values()]
    is_wide = len(others) > _MANY_COLUMNS and layout.kind == "delimited"
    rest = rest_of_many_texts(others) if is_wide else rest_of_columns({name: _as_json(name, layout) for name in others})
    return _draft(rows, _fault(taken, layout), row_as_json(layout), rest, values, event_name)


def _fault(taken: Mapping[str, str], layout: Layout) -> str:
    """Bytes that are not text, in a column of Parquet that should hold text."""
    blobs = [identifier("c_" + name) for name in taken.values() if layout.type_of(name) == "BLOB"]
    is_bad = " or ".join(f"({column} is not null and try(decode({column})) is null)" for column in blobs)
    return f"case when {is_bad} then 'bad_encoding' end" if blobs else NULL


def json_lines_draft(mapping: Mapping[str, str], top: ObjectKeys, lines: str, event_name: str | None = None) -> str:
    """JSON lines, by the keys that the survey found in them; `a.b` reaches into an object."""
    values = {}
    for canonical, theirs in mapping.items():
        options = [f"j.{identifier(theirs)}"] if theirs in top.known else []
        if "." in theirs:
            options.append(f"json_extract_string(line, {quote('/' + theirs.replace('.', '/'))})")
        if options:
            values[canonical] = coalesce(options)
    rest = Properties()
    if top.has_too_many:
        rest.lists.append(looked_up("json_keys(line)", "/", tuple(dict.fromkeys(mapping.values()))))
    for name, key in top.others.items():
        rest.add(key, f"j.{identifier(name)}")
    parsed = f"""(
        select *, json_transform(line, {quote(json.dumps(fields(top) or {"event": "VARCHAR"}))}) as j
        from (
            select file_number, line_number, is_object, case when is_object then line else '{{}}' end as line
            from {lines}
        )
    )"""
    fault = "case when not is_object then 'bad_json' end"
    return _draft(parsed, fault, "json(line)::varchar", rest.sql(), values, event_name)


def _draft(
    rows: str, fault: str, row_text: str, properties: str, values: dict[str, str], event_name: str | None
) -> str:
    """The text of a row is needed only where it has no id of its own."""
    if "event_id" in values:
        rows = (
            f"(select *, filled(given_id) as trimmed_id from (select *, {values['event_id']} as given_id from {rows}))"
        )
        row_text = f"case when present(trimmed_id) is null then {row_text} end"
    if event_name is not None:
        values = {**values, "event_name": quote(event_name)}
    columns = [f"{values.get(column, NULL)} as {column}" for column in CANONICAL_COLUMNS]
    return f"""
    select file_number, line_number, {fault} as fault, {row_text} as row_text, {properties} as properties,
        {", ".join(columns)}
    from {rows}"""


def _text(name: str, kind: str) -> str:
    """A value as text; a nested one as JSON."""
    column = identifier("c_" + name)
    if kind == "BLOB":  # Parquet of old writers does not say that its bytes are text
        return f"try(decode({column}))"
    is_nested = kind.startswith(("STRUCT", "MAP", "UNION")) or kind.endswith("]")
    return f"to_json({column})::varchar" if is_nested else column if kind == "VARCHAR" else f"{column}::varchar"


def row_as_text(layout: Layout) -> str:
    """A row as it is kept where it is rejected: delimited text or JSON."""
    if layout.kind != "delimited":
        return "line" if layout.kind == "json_lines" else row_as_json(layout)
    delimiter = quote(layout.delimiter)
    cells = ", ".join(f"csv_cell({identifier('c_' + name)}, {delimiter})" for name in layout.in_file)
    return f"concat_ws({delimiter}, {cells})"  # a chain of operators would be too deep for DuckDB


def row_as_json(layout: Layout) -> str:
    """All values of a row as one JSON object."""
    cells = ", ".join(f"{identifier(name)} := {_readable(name, layout)}" for name in layout.columns)
    return f"to_json(struct_pack({cells}))::varchar"


def _readable(name: str, layout: Layout) -> str:
    """A value with its type; bytes as text, or escaped where they are none."""
    column = identifier("c_" + name)
    return f"coalesce(try(decode({column})), {column}::varchar)" if layout.type_of(name) == "BLOB" else column


def _as_json(name: str, layout: Layout) -> str:
    return f"to_json({_readable(name, layout)})::varchar"
