"""Who is to be erased, and what counts as a trace of them: as SQL about a row, and as bytes of a text.

A row or line is theirs if a column of identities contains their id. An id that looks like nothing else
(`is_distinctive`) is searched for in every text too; `42` or `anna` can be any word, so it is only searched for in
columns and keys of identities.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import quote as percent

from pipeline.home.sql_text import identifier, quote

_ID_KEY = r'(?i)[^a-z0-9](?:user|anonymous|person|customer|distinct)[_-]?id"?\s*[:=]\s*"?(?-i:'
_IDENTITIES = ("user_id", "anonymous_id", "person_id")
_TEXT_KINDS = ("VARCHAR", "JSON", "STRUCT", "MAP", "UNION", "ENUM")


def is_distinctive(given: str) -> bool:
    """Whether an id that is found in a text can hardly be anything else."""
    has_digit, has_other = any(c.isdigit() for c in given), any(not c.isdigit() for c in given)
    return (len(given) >= 6 and has_digit and has_other) or (len(given) >= 6 and "@" in given) or len(given) >= 16


def _spellings(given: str) -> set[str]:
    """An id as plain text, JSON and a URL contain it."""
    in_json = {json.dumps(given)[1:-1], json.dumps(given, ensure_ascii=False)[1:-1]}
    return {given, percent(given, safe=""), percent(given)} | in_json


def _sql_pattern(text: str) -> str:
    return "".join(c if c.isalnum() or ord(c) > 127 else f"\\x{{{ord(c):x}}}" for c in text)


def _listed(values: Iterable[str]) -> str:
    return "(" + (", ".join(map(quote, sorted(values))) or "null") + ")"


@dataclass(frozen=True)
class Person:
    """The ids, each as it came and as the lake has it.

    users: every line with this user_id; devices: lines with this anonymous_id and no user_id, because they were
    attributed to the user; anonymous: every line with this anonymous_id.
    """

    users: frozenset[str] = frozenset()
    devices: frozenset[str] = frozenset()
    anonymous: frozenset[str] = frozenset()

    @property
    def ids(self) -> list[str]:
        """All of them, sorted."""
        return sorted(self.users | self.devices | self.anonymous)

    @cached_property
    def is_searchable(self) -> bool:
        """Whether every id can be searched for as bytes."""
        return all(map(is_distinctive, self.ids))

    @cached_property
    def _distinctive(self) -> list[str]:
        return sorted({spelling for given in self.ids if is_distinctive(given) for spelling in _spellings(given)})

    @cached_property
    def _plain(self) -> list[str]:
        # Unquoted, `null` is no id but the absence of one.
        plain = {given for given in self.ids if not is_distinctive(given)} - {"null"}
        return sorted({spelling for given in plain for spelling in _spellings(given)})

    @cached_property
    def needles(self) -> tuple[bytes, ...]:
        """Bytes that must be nowhere afterwards, not even in free blocks."""
        return tuple(spelling.encode() for spelling in self._distinctive)

    @cached_property
    def pattern(self) -> re.Pattern[bytes]:
        """Finds an id in text, as a word of its own: `u1` is not in `u12`, nor `a@b.c` in `aa@b.c`."""
        parts = []
        if self._distinctive:
            words = b"|".join(re.escape(word) for word in self.needles)
            parts.append(rb"(?<![\w.@+-])(?:" + words + rb")(?![\w@+-]|\.\w)")
        if self._plain:
            words = b"|".join(re.escape(word.encode()) for word in self._plain)
            parts.append(
                _ID_KEY.encode().replace(b"(?i)", b"(?i:").replace(b"(?-i:", b")(?:") + words + rb")(?![\w@+.-])"
            )
        return re.compile(b"|".join(parts) or b"(?!)")

    @cached_property
    def _sql_text(self) -> str:
        """The same pattern for DuckDB, whose regular expressions have no look-around."""
        parts = []
        if self._distinctive:
            words = "|".join(map(_sql_pattern, self._distinctive))
            parts.append(rf"(?:^|[^\w.@+-])(?:{words})(?:$|[^\w@+.-]|\.(?:$|\W))")
        if self._plain:
            words = "|".join(map(_sql_pattern, self._plain))
            parts.append(rf"{_ID_KEY}{words})(?:$|[^\w@+.-])")
        return "|".join(parts)

    def names_sql(self, text: str) -> str:
        """Whether a text names the person; `contains` first is much cheaper than the pattern alone."""
        bare = " or ".join(f"contains({text}, {quote(word)})" for word in (*self._distinctive, *self._plain))
        return f"(({bare}) and regexp_matches({text}, {quote(self._sql_text)}))"

    def has_bytes_sql(self, text: str) -> str:
        """Whether a text contains the bytes of an id, also inside a longer word."""
        return "(" + (" or ".join(f"contains({text}, {quote(word)})" for word in self._distinctive) or "false") + ")"

    def row_sql(self, columns: dict[str, str]) -> str:
        """Whether a row is theirs or names them; `columns` are names and types. Empty if none could."""
        named = [
            f"coalesce({self.names_sql(f'{identifier(name)}::varchar')}, false)"
            for name, kind in columns.items()
            if (kind.upper().startswith(_TEXT_KINDS) or kind.endswith("]")) and name.lower() not in _IDENTITIES
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
            parts.append(f"trim({user}) in {_listed(self.users)}")
        if device and user:
            parts.append(f"({user} is null and trim({device}) in {_listed(self.devices)})")
        if device:
            ids = self.anonymous if user else self.anonymous | self.devices
            parts.append(f"trim({device}) in {_listed(ids)}")
        if person:
            parts.append(f"{person} in {_listed(self.users | {f'anon:{a}' for a in self.devices | self.anonymous})}")
        return [f"coalesce({part}, false)" for part in parts]

    def owns(self, user: str, anonymous: str) -> bool:
        """The same for two cells of a delimited file; an empty cell is not an id."""
        user, anonymous = user.strip(), anonymous.strip()
        return user in self.users or anonymous in self.anonymous or (not user and anonymous in self.devices)
