"""Which keys the JSON lines of a batch have, so that the SQL reads these and no others.

Every line is looked at: the survey decides how a key is read, never whether it is.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from duckdb import DuckDBPyConnection

from pipeline.home.sql_text import quote

# Above this a struct with a field per key costs more than looking each key up in each line.
_MAX_UNKNOWN_KEYS = 200


KnownKeys = dict[str, tuple[str, ...]]  # by path of the object: `$`, `$.properties`, …


@dataclass(frozen=True)
class ObjectKeys:
    """The keys of the objects at one path: known ones, and the others with their JSON text."""

    known: frozenset[str] = frozenset()
    others: dict[str, str] = field(default_factory=dict)
    has_too_many: bool = False  # others are not listed, but looked up line by line
    has_no_object: bool = False  # some line has another value here, or an empty object


FoundKeys = dict[str, ObjectKeys]  # by the same paths


def survey(con: DuckDBPyConnection, lines: str, known: KnownKeys) -> FoundKeys:
    """The keys at each path of a relation's `line`, where `is_object` is true."""
    paths = list(known)
    listed = ", ".join(map(quote, paths))
    con.execute(
        f"""create or replace temp table shapes as
        select distinct json_keys(line, [{listed}]) as keys from {lines} where is_object"""
    )
    found = {}
    for position, path in enumerate(paths, start=1):
        found[path] = _keys_at(con, f"keys[{position}]", known[path])
    con.execute("drop table shapes")
    return found


def _keys_at(con: DuckDBPyConnection, keys: str, known: tuple[str, ...]) -> ObjectKeys:
    con.execute(f"create or replace temp table found_keys as select distinct unnest({keys}) as key from shapes")
    names = list(known)
    present = con.execute("select key from found_keys where list_contains(?, key)", [names]).fetchall()
    others = con.execute(
        f"""select key, to_json(key)::varchar from found_keys where not list_contains(?, key)
        order by 2 limit {_MAX_UNKNOWN_KEYS + 1}""",
        [names],
    ).fetchall()
    empty = con.execute(f"select count(*) > 0 from shapes where len({keys}) = 0").fetchall()
    return _object_keys(frozenset(key for (key,) in present), dict(others), empty[0][0])


def _object_keys(known: frozenset[str], others: dict[str, str], has_no_object: bool) -> ObjectKeys:
    """A key that SQL cannot name, or cannot distinguish from another, makes all of its object be looked up."""
    folded = [name.lower() for name in (*known, *others)]
    is_awkward = any(not name or "\0" in name for name in others) or len(set(folded)) < len(folded)
    if is_awkward or len(others) > _MAX_UNKNOWN_KEYS:
        return ObjectKeys(known, {}, True, has_no_object)
    return ObjectKeys(known, others, False, has_no_object)
