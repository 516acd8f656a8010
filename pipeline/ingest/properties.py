"""The column `properties`: what no other column took of a row, as the text of a JSON object.

Entries are in the order of their keys, nulls are left out. There are two ways to the same text: a field per key, where
the survey (json_keys.py) found few of them, else each key looked up in each line.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from pipeline.home.sql_text import identifier, quote
from pipeline.ingest.json_keys import ObjectKeys
from pipeline.ingest.pseudonyms import guard_of, guard_sql

NULL = "null::varchar"  # text that no row has

MACROS = (
    """create or replace temp macro json_members(e) as
        case when len(e) > 0 then '{' || array_to_string(e, ',') || '}' end""",
)


@dataclass
class Properties:
    """The entries of one object: SQL texts by JSON key, and SQL lists of complete entries (`"key":value`)."""

    entries: dict[str, list[str]] = field(default_factory=dict)
    lists: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.entries or self.lists)

    def add(self, key: str, expression: str) -> None:
        """Add an entry as it came; of several under one key the first that is not null counts."""
        self.add_object(key, f"{guard_of(key)}({expression})")

    def add_object(self, key: str, expression: str) -> None:
        """Add an entry that is made of Properties itself."""
        self.entries.setdefault(key, []).append(expression)

    def sql(self) -> str:
        """The object's text, null where it has no entries."""
        texts = [f"{quote(key + ':')} || {coalesce(values)}" for key, values in sorted(self.entries.items())]
        if self.lists:
            parts = " || ".join([f"[{', '.join(texts)}]::varchar[]", *self.lists])
            return f"json_members(list_sort(list_filter({parts}, lambda entry: entry is not null)))"
        if not texts:
            return NULL
        values = ", ".join(expression for expressions in self.entries.values() for expression in expressions)
        return f"case when coalesce({values}) is not null then '{{' || concat_ws(',', {', '.join(texts)}) || '}}' end"


def rest_of_columns(values: Mapping[str, str]) -> str:
    """`properties` from columns of delimited text or Parquet: the JSON text of each, by its name."""
    rest = Properties()
    for name, value in values.items():
        rest.add(json.dumps(name, ensure_ascii=False), value)
    return rest.sql()


def rest_of_many_texts(names: Iterable[str]) -> str:
    """The same text from more columns, all of them text: DuckDB plans one function of many values in linear time."""
    cells = []
    for name in sorted(names, key=lambda name: json.dumps(name, ensure_ascii=False)):
        cell, guard = identifier("c_" + name), guard_of(json.dumps(name))
        is_private = guard != "private_nested"  # a text is not nested
        cells.append(f"{identifier(name)} := {f'{guard}(to_json({cell})::varchar)::json' if is_private else cell}")
    # The patch leaves nulls out.
    return f"nullif(json_merge_patch('{{}}', to_json(struct_pack({', '.join(cells)})))::varchar, '{{}}')"


def looked_up(keys: str, pointer: str, known: tuple[str, ...], unless: tuple[str, ...] = ()) -> str:
    """A list of the entries of an object that are not known, nor given under one of the pointers `unless`."""
    value = f"nullif(json_extract(line, {quote(pointer)} || {_escaped('k')})::varchar, 'null')"
    if unless:
        others = [f"nullif(json_extract(line, {quote(p)} || {_escaped('k')})::varchar, 'null')" for p in unless]
        value = f"case when {coalesce(others)} is null then {value} end"
    value = guard_sql("k", value)
    listed = "[" + ", ".join(map(quote, known)) + "]::varchar[]"
    rest = f"list_filter(list_distinct({keys}), lambda k: not list_contains({listed}, k))"
    return f"coalesce(list_transform({rest}, lambda k: to_json(k)::varchar || ':' || {value}), [])"


def fields(found: ObjectKeys) -> dict[str, str]:
    """The fields of json_transform for the keys of one object."""
    return {**dict.fromkeys(sorted(found.known), "VARCHAR"), **dict.fromkeys(found.others, "JSON")}


def coalesce(expressions: list[str]) -> str:
    """The first that is not null; of none, a null text."""
    if not expressions:
        return NULL
    return expressions[0] if len(expressions) == 1 else f"coalesce({', '.join(expressions)})"


def _escaped(key: str) -> str:
    return f"replace(replace({key}, '~', '~0'), '/', '~1')"
