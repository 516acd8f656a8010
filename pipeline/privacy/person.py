"""Who is to be erased, and whose a row is, by the columns of identities and by what its texts name.

Not here: finding an id in a text (words.py).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from pipeline.home.sql_text import identifier, quote
from pipeline.privacy.words import Words
from pipeline.settings import trimmed

_TEXT_KINDS = ("VARCHAR", "JSON", "STRUCT", "MAP", "UNION", "ENUM", "BLOB")


def _spelled(ids: Iterable[str]) -> set[str]:
    """Ids as tables contain them: one that went through a number with a fraction ends in `.0`."""
    return {spelling for given in ids for spelling in ((given, f"{given}.0") if given.isdigit() else (given,))}


def _listed(values: Iterable[str]) -> str:
    return "(" + (", ".join(map(quote, sorted(_spelled(values)))) or "null") + ")"


def _is_text(kind: str) -> bool:
    return kind.upper().startswith(_TEXT_KINDS) or kind.endswith("]")


@dataclass(frozen=True)
class Person:
    """The ids, each as it came and as the lake has it.

    users: every line with this user_id; devices: lines with this anonymous_id and no user_id, because they were
    attributed to the user; anonymous: every line with this anonymous_id; also: longer words that mean the person.
    """

    users: frozenset[str] = frozenset()
    devices: frozenset[str] = frozenset()
    anonymous: frozenset[str] = frozenset()
    also: frozenset[str] = frozenset()

    @property
    def ids(self) -> frozenset[str]:
        """All of them."""
        return self.users | self.devices | self.anonymous

    @cached_property
    def words(self) -> Words:
        """The ids as they can be in a text."""
        return Words(self.ids, self.also)

    @cached_property
    def is_searchable(self) -> bool:
        """Whether every id can be searched for in all text."""
        return len(self.words.distinctive) == len(self.ids)

    @cached_property
    def needles(self) -> tuple[bytes, ...]:
        """Bytes that must be nowhere afterwards, not even in free blocks."""
        return tuple(given.encode() for given in self.words.distinctive)

    def row_sql(self, columns: dict[str, str]) -> str:
        """Whether a row is theirs or names them; `columns` are names and types. Empty if none could."""
        named = [
            f"coalesce({self.words.names_sql(f'{identifier(name)}::varchar')}, false)"
            for name, kind in columns.items()
            if _is_text(kind)
        ]
        return " or ".join([*self._owned(columns), *named])

    def owner_sql(self, columns: dict[str, str]) -> str:
        """Whether a row is theirs."""
        return " or ".join(self._owned(columns)) or "false"

    def _owned(self, columns: dict[str, str]) -> list[str]:
        by_name = {name.lower(): f"{identifier(name)}::varchar" for name in columns}
        user, device, person = (by_name.get(name) for name in ("user_id", "anonymous_id", "person_id"))
        parts = []
        if user:
            parts.append(f"trim({user}) in {_listed(self.users | self.also)}")
        if device and user:
            parts.append(f"({user} is null and trim({device}) in {_listed(self.devices)})")
        if device:
            ids = self.anonymous | self.also if user else self.anonymous | self.devices | self.also
            parts.append(f"trim({device}) in {_listed(ids)}")
        if person:
            devices = {f"anon:{given}" for given in self.devices | self.anonymous}
            users = {user for user in self.users if not user.startswith("anon:")}  # those are persons of devices
            parts.append(f"{person} in {_listed(users | self.also | devices)}")
        return [f"coalesce({part}, false)" for part in parts]

    def owns(self, user: str, anonymous: str) -> bool:
        """The same for two cells of a delimited file; an empty cell is not an id."""
        user, anonymous = trimmed(user), trimmed(anonymous)
        users, devices = _spelled(self.users | self.also), _spelled(self.anonymous | self.also)
        is_theirs = user in users or anonymous in devices
        return is_theirs or (not user and anonymous in _spelled(self.devices))
