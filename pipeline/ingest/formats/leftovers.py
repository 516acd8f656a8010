"""What no column took of a JSON object, as the text of a JSON object: entries in the order of their keys, nulls left out.

Two ways to the same text: a field per key, where the survey found few of them, else each key looked up in each line.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from pipeline.home.sql_text import quote
from pipeline.ingest.formats.json_keys import ObjectKeys
from pipeline.ingest.pseudonyms import guard_of, guard_sql


@dataclass
class Leftover:
    """The entries of one object: SQL texts by JSON key, and SQL lists of whole entries (`"key":value`)."""

    entries: dict[str, list[str]] = field(default_factory=dict)
    lists: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.entries or self.lists)

    def add(self, key: str, expression: str, is_made: bool = False) -> None:
        """Add an entry (made of leftovers itself, or as it came); of several under one key the first that is not null counts."""
        self.entries.setdefault(key, []).append(expression if is_made else f"{guard_of(key)}({expression})")

    def sql(self) -> str:
        """The object's text, null where it has no entries."""
        texts = [
            f"{quote(key + ':')} || {expressions[0] if len(expressions) == 1 else 'coalesce(' + ', '.join(expressions) + ')'}"
            for key, expressions in sorted(self.entries.items())
        ]
        if self.lists:
            parts = " || ".join([f"[{', '.join(texts)}]::varchar[]", *self.lists])
            return f"json_members(list_sort(list_filter({parts}, lambda entry: entry is not null)))"
        if not texts:
            return "null::varchar"
        values = ", ".join(expression for expressions in self.entries.values() for expression in expressions)
        return f"case when coalesce({values}) is not null then '{{' || concat_ws(',', {', '.join(texts)}) || '}}' end"


def looked_up(keys: str, pointer: str, known: tuple[str, ...], unless: str = "") -> str:
    """A list of the entries of an object that are not known, nor given under the pointer `unless`."""
    value = f"nullif(json_extract(line, {quote(pointer)} || {_escaped('k')})::varchar, 'null')"
    if unless:
        other = f"nullif(json_extract(line, {quote(unless)} || {_escaped('k')})::varchar, 'null')"
        value = f"case when {other} is null then {value} end"
    value = guard_sql("k", value)
    listed = "[" + ", ".join(map(quote, known)) + "]::varchar[]"
    rest = f"list_filter(list_distinct({keys}), lambda k: not list_contains({listed}, k))"
    return f"coalesce(list_transform({rest}, lambda k: to_json(k)::varchar || ':' || {value}), [])"


def _escaped(key: str) -> str:
    return f"replace(replace({key}, '~', '~0'), '/', '~1')"


def fields(found: ObjectKeys) -> dict[str, str]:
    """The fields of json_transform for the keys of one object."""
    return {**dict.fromkeys(sorted(found.known), "VARCHAR"), **dict.fromkeys(found.others, "JSON")}


MACROS = (
    "create or replace temp macro json_members(e) as case when len(e) > 0 then '{' || array_to_string(e, ',') || '}' end",
)
