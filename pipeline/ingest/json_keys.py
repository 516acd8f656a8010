"""Which keys the JSON lines of a batch have, so that the SQL reads these and no others.

Every line is looked at: the survey decides how a key is read, never whether it is.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from duckdb import DuckDBPyConnection

from pipeline.home.sql_text import quote

# Above this a struct with a field per key costs more than looking each key up in each line.
_MAX_UNKNOWN_KEYS = 200
_MOST_LISTED = _MAX_UNKNOWN_KEYS + 1  # enough to see that there are too many


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
    keys = con.execute(
        f"""select position, key, to_json(key)::varchar as as_json, list_contains(?[position], key) as is_known
        from (
            select distinct position, unnest(keys[position]) as key
            from shapes cross join range(1, {len(paths) + 1}) as positions (position)
        )
        qualify is_known or row_number() over (partition by position, is_known order by as_json) <= {_MOST_LISTED}
        order by position, as_json""",
        [[list(names) for names in known.values()]],
    ).fetchall()
    lengths = ", ".join(f"coalesce(bool_or(len(keys[{position + 1}]) = 0), false)" for position in range(len(paths)))
    has_no_object = con.execute(f"select {lengths} from shapes").fetchall()[0]
    con.execute("drop table shapes")
    found = {}
    for place, path in enumerate(paths):
        of_path = [row for row in keys if row[0] == place + 1]
        names = frozenset(key for _, key, _, is_known in of_path if is_known)
        others = {key: as_json for _, key, as_json, is_known in of_path if not is_known}
        found[path] = _object_keys(names, others, has_no_object[place])
    return found


def _object_keys(known: frozenset[str], others: dict[str, str], has_no_object: bool) -> ObjectKeys:
    """A key that SQL cannot name, or cannot distinguish from another, makes all of its object be looked up."""
    folded = [name.lower() for name in (*known, *others)]
    is_awkward = any(not name or "\0" in name for name in others) or len(set(folded)) < len(folded)
    if is_awkward or len(others) > _MAX_UNKNOWN_KEYS:
        return ObjectKeys(known, {}, True, has_no_object)
    return ObjectKeys(known, others, False, has_no_object)
