"""Drafts of JSON lines by a declared mapping: which places of a line give which column; the rest is `properties`.

Belongs here: what a tracker's and a vendor's lines have in common. A place is written `context.page.url`: the key `url`
of an object in an object of the line. Not here: which places those are (`formats`), lines whose keys the config names
(mapping.py). Lines are read as text and parsed in SQL: a typed reader turns bad lines into empty rows silently.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from pipeline.home.sql_text import identifier, quote
from pipeline.ingest.canonical import Draft
from pipeline.ingest.json_keys import FoundKeys, KnownKeys
from pipeline.ingest.properties import NULL, Properties, coalesce, fields, looked_up
from pipeline.settings import CANONICAL_COLUMNS

_TOP = "$"


@dataclass(frozen=True)
class JsonMapping:
    """What a line's places mean."""

    columns: Mapping[str, tuple[str, ...]]  # canonical name to places; the first that has a value counts
    flat: tuple[str, ...] = ()  # objects whose other keys are entries of `properties` too, before those of the line
    objects: tuple[str, ...] = ()  # objects that no place reaches into, but that must be objects
    read_only: tuple[str, ...] = ()  # places for expressions alone
    kept: tuple[str, ...] = ()  # places that are in `properties` too, because a column may take another one
    scalars: tuple[str, ...] = ()  # keys of the line where an object or a list is a type_conflict
    converted: Mapping[str, Callable[[str], str]] = field(default_factory=dict)  # by place: its value, in SQL
    # Of a column whose value is more than the first of its places: SQL from the value of any place that is known.
    expressions: Mapping[str, Callable[[Callable[[str], str]], str]] = field(default_factory=dict)
    # Entries of `properties` that are more than the value of a place, by name: SQL of a text.
    added: Mapping[str, Callable[[Callable[[str], str]], str]] = field(default_factory=dict)
    # A reason to reject a line, and the condition for it: SQL from the value of any place that is known.
    checks: tuple[tuple[str, Callable[[Callable[[str], str]], str]], ...] = ()
    # A place, and from its JSON pointer, in SQL, the reason to reject a line that has a value there.
    faults: tuple[tuple[str, Callable[[str], str]], ...] = ()

    @cached_property
    def known_keys(self) -> KnownKeys:
        """The keys that are read, by the path of their object; each object comes after the one that it is in."""
        places = [place for of_column in self.columns.values() for place in of_column]
        places += [*self.read_only, *(place for place, _ in self.faults)]
        known: dict[str, dict[str, None]] = {_TOP: {}}
        for place in (*places, *(f"{name}." for name in (*self.flat, *self.objects))):
            *parents, key = place.split(".")
            path = _TOP
            for parent in parents:
                known[path][parent] = None
                path = f"{path}.{parent}"
                known.setdefault(path, {})
            if key:
                known[path][key] = None
        return {path: tuple(keys) for path, keys in known.items()}

    def draft(self, found: FoundKeys, event_time: str = "iso", raw_line: str = "line") -> Draft:
        """Drafts of lines whose keys were surveyed, with times of this format."""
        reading = _Reading(self, found)
        absent = frozenset(column for column in CANONICAL_COLUMNS if reading.column(column) == NULL)
        return Draft(reading.draft_sql, raw_line=raw_line, event_time=event_time, absent=absent)


@dataclass(frozen=True)
class _Reading:
    """A mapping and the keys that one batch of lines has."""

    mapping: JsonMapping
    found: FoundKeys

    def draft_sql(self, lines: str) -> str:
        """From a relation with file_number, line_number, line and is_object."""
        is_keyed = any(keys.has_too_many for keys in self.found.values())
        keys = f", json_keys(line, [{', '.join(map(quote, self.mapping.known_keys))}]) as keys" if is_keyed else ""
        return f"""
    with objects as (
        select
            file_number, line_number, is_object,
            case when is_object then line else '{{}}' end as line  -- functions on bad JSON raise
        from {lines}
    ),
    parsed as (select *, json_transform(line, {quote(self._structure())}) as j{keys} from objects),
    named as (select *, {self.column("event_id")} as given_id from parsed),
    trimmed as (select *, filled(given_id) as trimmed_id from named)
    select
        file_number, line_number,
        {self._fault()} as fault,
        case when present(trimmed_id) is null then json(line)::varchar end as row_text,
        {self._properties()} as properties,
        {", ".join(f"{self.column(column)} as {column}" for column in CANONICAL_COLUMNS)}
    from trimmed"""

    def _structure(self) -> str:
        """What json_transform reads out of a line; it takes no object without any field."""
        return json.dumps(self._fields(_TOP) or {"event": "VARCHAR"})

    def _fields(self, path: str) -> dict[str, object]:
        read: dict[str, object] = {**fields(self.found[path])}
        for name in self._inner(path):
            read.pop(name, None)
            if inner := self._fields(f"{path}.{name}"):
                read[name] = inner
        return read

    def _inner(self, path: str) -> list[str]:
        """The names of the objects in the object at a path."""
        return [p.rpartition(".")[2] for p in self.mapping.known_keys if p.rpartition(".")[0] == path]

    def _has(self, place: str) -> bool:
        path, _, key = _path(place).rpartition(".")
        return key in self.found[path].known

    def _value(self, place: str) -> str:
        """The text at a place; of one that no line has, a null."""
        if not self._has(place):
            return NULL
        text = _struct(_path(place))
        return self.mapping.converted[place](text) if place in self.mapping.converted else text

    def column(self, column: str) -> str:
        if expression := self.mapping.expressions.get(column):
            return expression(self._value)
        return coalesce([self._value(place) for place in self.mapping.columns.get(column, ()) if self._has(place)])

    def _fault(self) -> str:
        """The reason to reject a line for its shape."""
        cases = ["when not is_object then 'bad_json'"]
        for place, reason in self.mapping.faults:
            if self._has(place):
                cases.append(f"when {_struct(_path(place))} is not null then {reason(_pointer(_path(place)))}")
        # Only text that looks like an object or a list is looked up; an id may well begin with a brace.
        for place in sorted(filter(self._has, self.mapping.scalars)):
            text = _struct(_path(place))
            cases.append(
                f"""when (starts_with({text}, '{{') or starts_with({text}, '['))
                and json_type(line, {quote(_pointer(_path(place)))}) in ('OBJECT', 'ARRAY') then 'type_conflict'"""
            )
        for name in self._inner(_TOP):
            if self.found[f"{_TOP}.{name}"].has_no_object:
                cases.append(f"when json_type(line, '/{name}') not in ('OBJECT', 'NULL') then 'type_conflict'")
        cases += [f"when {condition(self._value)} then {quote(reason)}" for reason, condition in self.mapping.checks]
        return "case " + "\n            ".join(cases) + " end"

    def _properties(self) -> str:
        """Of an entry that is in several flat objects, the one in the first of them is kept."""
        rest = Properties()
        for name, expression in self.mapping.added.items():
            rest.add_object(f'"{name}"', f"to_json({expression(self._value)})::varchar")
        flat = [*(f"{_TOP}.{name}" for name in self.mapping.flat), _TOP]
        is_looked_up = any(self.found[path].has_too_many for path in flat)
        for position, path in enumerate(flat):
            before = tuple(f"{_pointer(other)}/" for other in flat[:position])
            self._add_rest(path, rest, is_looked_up, before)
        for name in self._inner(_TOP):
            inner = self._inner_rest(f"{_TOP}.{name}") if name not in self.mapping.flat else Properties()
            if inner:
                rest.add_object(f'"{name}"', self._unless_before(inner.sql(), name) if is_looked_up else inner.sql())
        return rest.sql()

    def _unless_before(self, text: str, name: str) -> str:
        """The text, where no flat object has an entry of that name."""
        others = [
            f"nullif(json_extract(line, {quote(f'/{other}/{name}')})::varchar, 'null')" for other in self.mapping.flat
        ]
        return f"case when {coalesce(others)} is null then {text} end" if others else text

    def _inner_rest(self, path: str) -> Properties:
        """What no column took of an object in the line, and of the objects in it."""
        rest = Properties()
        self._add_rest(path, rest)
        for name in sorted(set(self._inner(path)) & self.found[path].known):
            child = f"{path}.{name}"
            if inner := self._inner_rest(child):
                rest.add_object(f'"{name}"', inner.sql())
            if self.found[child].has_no_object:
                pointer = quote(_pointer(child))
                text = f"json_extract(line, {pointer})::varchar"
                rest.add(f'"{name}"', f"case when json_type(line, {pointer}) not in ('OBJECT', 'NULL') then {text} end")
        return rest

    def _add_rest(self, path: str, rest: Properties, is_looked_up: bool = False, unless: tuple[str, ...] = ()) -> None:
        known = self.mapping.known_keys
        kept = [key for key in known[path] if f"{path}.{key}".removeprefix(f"{_TOP}.") in self.mapping.kept]
        if is_looked_up or self.found[path].has_too_many:
            keys = f"keys[{list(known).index(path) + 1}]"
            others = tuple(key for key in known[path] if key not in kept)
            rest.lists.append(looked_up(keys, _pointer(path) + "/", others, unless))
            return
        for key in filter(self.found[path].known.__contains__, kept):
            pointer = quote(f"{_pointer(path)}/{key}")
            rest.add(json.dumps(key), f"nullif(json_extract(line, {pointer})::varchar, 'null')")
        for name, key in self.found[path].others.items():
            rest.add(key, f"{_struct(path)}.{identifier(name)}")


def _pointer(path: str) -> str:
    """The JSON pointer of a path."""
    return path.removeprefix(_TOP).replace(".", "/")


def _struct(path: str) -> str:
    """Where the parsed line has what is at a path."""
    return ".".join(["j", *(identifier(name) for name in path.split(".")[1:])])


def _path(place: str) -> str:
    return f"{_TOP}.{place}"
