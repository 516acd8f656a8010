"""Which keys the JSON lines of a batch hold, so that the SQL that reads them asks for those and no others.

All lines are looked at, none is sampled: the survey may decide how a key is read, never whether.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from duckdb import DuckDBPyConnection

from pipeline.home.sql_text import quote

# Above this a struct with a field per key costs more than looking each key up in each line.
_MAX_UNKNOWN_KEYS = 200


@dataclass(frozen=True)
class ObjectKeys:
    """What was found at one path: known keys, the other ones with their JSON text, and what stands in the way."""

    known: frozenset[str] = frozenset()
    others: dict[str, str] = field(default_factory=dict)
    has_too_many: bool = False  # the others are looked up line by line, and are not listed
    has_no_object: bool = False  # some line holds something else here, or an empty object

    @property
    def is_absent(self) -> bool:
        """Whether no line holds an object with keys here."""
        return not self.known and not self.others and not self.has_too_many


def survey(con: DuckDBPyConnection, lines: str, known: dict[str, tuple[str, ...]]) -> dict[str, ObjectKeys]:
    """The keys at each path (`$`, `$.properties`, …) of a relation's `line`, where `is_object` holds."""
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
    return _judged(frozenset(key for (key,) in present), dict(others), empty[0][0])


def _judged(known: frozenset[str], others: dict[str, str], has_no_object: bool) -> ObjectKeys:
    """A key that SQL could not name, or not tell from another one, makes all others of its object looked up."""
    folded = [name.lower() for name in (*known, *others)]
    is_awkward = any(not name or "\0" in name for name in others) or len(set(folded)) < len(folded)
    if is_awkward or len(others) > _MAX_UNKNOWN_KEYS:
        return ObjectKeys(known, {}, True, has_no_object)
    return ObjectKeys(known, others, False, has_no_object)
