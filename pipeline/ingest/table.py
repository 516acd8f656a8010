"""The table format: CSV, TSV, Parquet or JSON lines whose columns the config names.

Belongs here: finding the columns of a file and drafting its rows. Reading lines as text is in read.py.
"""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from pathlib import Path

from duckdb import DuckDBPyConnection

from pipeline.ingest.canonical import DRAFT_COLUMNS, quote
from pipeline.ingest.inspect import ByteStream
from pipeline.ingest.report import IngestError
from pipeline.ingest.tracker import leftover_sql
from pipeline.settings import Source

_DELIMITERS = (",", "\t", ";", "|")
_FIRST_BYTES = 1 << 16


@dataclass(frozen=True)
class Layout:
    """What kind of table a file is, and its columns in order (none for JSON lines)."""

    kind: str  # delimited | parquet | json_lines
    delimiter: str = ","
    columns: tuple[str, ...] = ()


def identifier(name: str) -> str:
    """An SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def read_layout(path: Path, source: Source) -> Layout:
    """Look at the first bytes of a file: Parquet, JSON lines, or delimited text with these columns."""
    start = b""
    for chunk in ByteStream(path):
        start += chunk
        if len(start) >= _FIRST_BYTES:
            break
    if start[:4] == b"PAR1":
        return Layout("parquet")
    text = start.decode("utf-8", errors="replace").removeprefix("\ufeff")
    if text.lstrip()[:1] == "{":
        return Layout("json_lines")
    lines = text.split("\n", 1)[0]
    delimiter = source.delimiter or max(_DELIMITERS, key=lambda mark: (lines.count(mark), -_DELIMITERS.index(mark)))
    first = next(csv.reader(io.StringIO(text), delimiter=delimiter), [])
    names = [name.strip() for name in first] if source.header else [str(i) for i in range(len(first))]
    return Layout("delimited", delimiter, tuple(_distinct(names)))


def _distinct(names: list[str]) -> list[str]:
    """Names of a header made unique: an empty one becomes column_N, a repeated one gets its position."""
    made: list[str] = []
    for position, name in enumerate(names):
        name = name or f"column_{position}"
        made.append(f"{name}_{position}" if name in made else name)
    return made


def _resolve(path: Path, source: Source, columns: tuple[str, ...]) -> dict[str, str]:
    """Canonical name to the name of a column that is in the file."""
    found = {}
    for canonical, theirs in source.columns.items():
        if isinstance(theirs, int):
            if not 0 <= theirs < len(columns):
                raise IngestError(
                    f"{path}: source '{source.name}' takes {canonical} from column {theirs}, "
                    f"but the file has {len(columns)} columns (0 to {len(columns) - 1})."
                )
            found[canonical] = columns[theirs]
        elif theirs in columns:
            found[canonical] = theirs
        else:
            raise IngestError(
                f"{path}: source '{source.name}' takes {canonical} from a column '{theirs}', which the file lacks. "
                f"Its columns are: {', '.join(columns)}. Correct `columns` in the config."
            )
    return found


def n_needed_columns(path: Path, source: Source, layout: Layout) -> int:
    """How many columns a row must have at least: up to the last that the config names."""
    return 1 + max(layout.columns.index(theirs) for theirs in _resolve(path, source, layout.columns).values())


def _event_name(source: Source) -> list[str]:
    return [f"{quote(source.event_name)} as event_name"] if source.event_name is not None else []


def _absent(present: set[str], source: Source) -> list[str]:
    taken = present | ({"event_name"} if source.event_name is not None else set())
    return [f"null::varchar as {column}" for column in DRAFT_COLUMNS if column not in taken]


def _rest_sql(rest: list[tuple[str, str]]) -> str:
    """Columns that no canonical name took, as a JSON object without its nulls."""
    if not rest:
        return "null::varchar"
    entries = ", ".join(
        f"case when {value} is not null then {quote(json.dumps(name, ensure_ascii=False) + ':')} || to_json({value})::varchar end"
        for name, value in sorted(rest)
    )
    return f"json_members(list_filter([{entries}], lambda entry: entry is not null))"


def delimited_draft(path: Path, source: Source, layout: Layout, rows: str) -> str:
    """The draft of delimited rows: a relation with line_number and one text column per column of the file."""
    taken = _resolve(path, source, layout.columns)
    if source.event_name is not None:
        taken.pop("event_name", None)
    values = [f"{identifier('c_' + theirs)} as {canonical}" for canonical, theirs in taken.items()]
    rest = [(name, identifier("c_" + name)) for name in layout.columns if name not in taken.values()]
    cells = ", ".join(f"{identifier(name)} := {identifier('c_' + name)}" for name in layout.columns)
    row_text = f"to_json(struct_pack({cells}))::varchar"
    joined = f" || {quote(layout.delimiter)} || ".join(
        f"csv_cell({identifier('c_' + name)}, {quote(layout.delimiter)})" for name in layout.columns
    )
    columns = [*values, *_event_name(source), *_absent(set(taken), source)]
    return f"""
    select line_number, {joined} as raw_line, null::varchar as fault, {row_text} as row_text,
        {_rest_sql(rest)} as properties, {", ".join(columns)}
    from {rows}"""


def parquet_draft(con: DuckDBPyConnection, path: Path, source: Source) -> str:
    """The draft of a Parquet file."""
    relation = f"read_parquet({quote(str(path))}, file_row_number = true)"
    types = {str(name): str(kind) for name, kind, *_ in con.execute(f"describe select * from {relation}").fetchall()}
    types.pop("file_row_number", None)
    taken = _resolve(path, source, tuple(types))
    if source.event_name is not None:
        taken.pop("event_name", None)
    nested = ("STRUCT", "MAP", "UNION")
    values = []
    for canonical, theirs in taken.items():
        is_nested = types[theirs].startswith(nested) or types[theirs].endswith("]")
        text = f"to_json({identifier(theirs)})" if is_nested else identifier(theirs)
        values.append(f"{text}::varchar as {canonical}")
    rest = [(name, identifier(name)) for name in types if name not in taken.values()]
    cells = ", ".join(f"{identifier(name)} := {identifier(name)}" for name in types)
    columns = [*values, *_event_name(source), *_absent(set(taken), source)]
    return f"""
    select file_row_number + 1 as line_number, row_text as raw_line, null::varchar as fault, row_text,
        {_rest_sql(rest)} as properties, {", ".join(columns)}
    from (select *, to_json(struct_pack({cells}))::varchar as row_text from {relation})"""


def is_native_time(con: DuckDBPyConnection, path: Path, source: Source) -> bool:
    """Whether a Parquet file keeps event_at as a time, so that no timestamp_format is needed."""
    theirs = source.columns["event_at"]
    kinds = con.execute(f"describe select * from read_parquet({quote(str(path))})").fetchall()
    named = {str(name): str(kind) for name, kind, *_ in kinds} | {i: str(row[1]) for i, row in enumerate(kinds)}
    return named.get(theirs, "").startswith(("TIMESTAMP", "DATE"))


def json_lines_draft(source: Source, lines: str) -> str:
    """The draft of JSON lines whose keys the config names; `a.b` reaches into an object."""
    taken = {canonical: str(theirs) for canonical, theirs in source.columns.items()}
    if source.event_name is not None:
        taken.pop("event_name", None)
    structure = json.dumps(dict.fromkeys(taken.values(), "VARCHAR"))
    values = []
    for canonical, theirs in taken.items():
        value = f"j.{identifier(theirs)}"
        if "." in theirs:
            value = f"coalesce({value}, json_extract_string(line, {quote('/' + theirs.replace('.', '/'))}))"
        values.append(f"{value} as {canonical}")
    columns = [*values, *_event_name(source), *_absent(set(taken), source)]
    return f"""
    with checked as (
        select
            line_number, line as raw_line,
            coalesce(case when json_valid(line) then json_type(line) = 'OBJECT' end, false) as is_object,
            case when is_object then line else '{{}}' end as line
        from {lines}
    ),
    parsed as (select *, json_transform(checked.line, {quote(structure)}) as j from checked)
    select line_number, raw_line, case when not is_object then 'bad_json' end as fault, json(line)::varchar as row_text,
        json_members({leftover_sql("json_keys(line)", "/", tuple(taken.values()))}) as properties, {", ".join(columns)}
    from parsed"""
