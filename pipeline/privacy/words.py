"""Ids in a text: as words of their own or inside longer words, written plainly or as JSON, URLs and HTML escape them.

Belongs here: which bytes are an id, and what they are part of; the functions for DuckDB that ask the same. Not here:
whose a row is by its columns (person.py).

A word is made of letters, digits and `_ . @ + -`. Inside a longer word an id may be meant (`/profile/u0000134.html`) or
not: a person has to decide. Where it goes on with one more digit after a digit, or a letter after a letter
(`u00001345`), it is taken for another id.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

import duckdb
from duckdb import list_type
from duckdb.sqltypes import BOOLEAN, VARCHAR

from pipeline.home.sql_text import quote

_AROUND = 1 << 9  # bytes before and after an id that can belong to its word
_BEFORE = re.compile(rb"[\w.@+-]*\Z")
_AFTER = re.compile(rb"[\w@+-]*(?:\.[\w@+-]+)*")  # a full stop ends a sentence
_ESCAPE = re.compile(rb"\\u([0-9A-Fa-f]{4})|%([0-9A-Fa-f]{2})|\\[nrtbf]|&(?:amp|lt|gt|quot|#x27|#39|#34);")
_KEY = r'[^a-zA-Z0-9](?i:user|anonymous|person|customer|distinct)[_-]?(?i:id)\\*"?\s*[:=]\s*\\*"?'
_MORE_ESCAPES = {
    **{"&": ("&amp;",), "<": ("&lt;",), ">": ("&gt;",), '"': ("&quot;", "&#34;"), "'": ("&#x27;", "&#39;")},
    **{" ": ("+",), "/": ("\\/",)},
}

HOW = (
    "as written, with the escapes of JSON (\\uXXXX), URLs (%XX, hexadecimal digits of either case) and HTML, in this "
    "case of letters"
)
NOT_SEARCHED = (
    "base64, encrypted and hashed forms, escapes within escapes (%25XX), other cases of letters, text in UTF-16 "
    "that is not in a file of its own, pictures; backups and copies outside this home and its sources"
)


def is_distinctive(given: str) -> bool:
    """Whether an id that is found in a text can hardly be anything else."""
    has_digit, has_other = any(c.isdigit() for c in given), any(not c.isdigit() for c in given)
    return (len(given) >= 6 and has_digit and has_other) or (len(given) >= 6 and "@" in given) or len(given) >= 16


@dataclass(frozen=True)
class Hit:
    """An id in a text: the bytes, and the word they are part of."""

    start: int
    end: int
    word: str
    is_whole: bool  # nothing belongs to the word but the id, or a person decided that all of it is theirs
    is_other: bool = False  # the longer word is taken for another id

    @property
    def marked(self) -> str:
        """The word after a mark: `!` where it is taken for another id, else `?`."""
        return f"{'!' if self.is_other else '?'}{self.word}"


def _escaped(character: str) -> list[str]:
    """The escapes of one character, with hexadecimal digits in lower case."""
    utf16 = character.encode("utf-16-be")
    json_units = "".join(rf"\u{utf16[at : at + 2].hex()}" for at in range(0, len(utf16), 2))
    url = "".join(f"%{byte:02x}" for byte in character.encode())
    short = json.dumps(character, ensure_ascii=False)[1:-1]
    more = [short] if short not in (character, json_units) else []
    return [json_units, url, *more, *_MORE_ESCAPES.get(character, ())]


def _either_case(escape: str) -> str:
    """A pattern of an escape, with hexadecimal digits of either case."""
    if not escape.startswith(("%", "\\u")):
        return re.escape(escape)
    return re.sub(r"[a-f]", lambda digit: f"[{digit[0]}{digit[0].upper()}]", re.escape(escape))


def _spellings(character: str) -> str:
    """A pattern of the ways to write one character; escapes first, as `%25` begins with what it stands for."""
    return f"(?:{'|'.join([*map(_either_case, _escaped(character)), re.escape(character)])})"


def _pattern(ids: Iterable[str]) -> str:
    longest_first = sorted(ids, key=lambda given: (-len(given), given))
    return "|".join("".join(map(_spellings, given)) for given in longest_first)


def _unescaped(text: bytes) -> bytes:
    def one(found: re.Match[bytes]) -> bytes:
        if found[1]:
            return chr(int(found[1], 16)).encode("utf-8", errors="replace")
        return bytes([int(found[2], 16)]) if found[2] else b" "

    return _ESCAPE.sub(one, text)


def _is_same_kind(left: str, right: str) -> bool:
    return (left.isdigit() and right.isdigit()) or (left.isalpha() and right.isalpha())


@dataclass(frozen=True)
class Words:
    """The ids to look for, and longer words that were found to mean the person too."""

    ids: frozenset[str]
    also: frozenset[str] = frozenset()

    @cached_property
    def distinctive(self) -> list[str]:
        """The ids that are looked for in every text."""
        return sorted(filter(is_distinctive, self.ids))

    @cached_property
    def _keyed(self) -> list[str]:
        # Any word can be `42`, so it is only an id after the key of one. Unquoted, `null` is no id but its absence.
        return sorted(set(self.ids) - set(self.distinctive) - {"null"})

    @cached_property
    def _free(self) -> re.Pattern[bytes] | None:
        return re.compile(_pattern(self.distinctive).encode()) if self.distinctive else None

    @cached_property
    def _after_key(self) -> re.Pattern[bytes] | None:
        return re.compile(f"{_KEY}({_pattern(self._keyed)})(?:\\.0)?(?![\\w@+.-])".encode()) if self._keyed else None

    @cached_property
    def _bare(self) -> list[bytes]:
        return [given.encode() for given in self.ids]

    def may_be_in(self, text: bytes) -> bool:
        """Whether an id is in a text, as a word or not; a quick look that is wrong only by saying yes."""
        if any(given in text for given in self._bare):
            return True
        marks, escape, meant = self._escapes
        if not any(mark in text for mark in marks):
            return False
        text = escape.sub(lambda found: meant[found[0].lower()], text)
        return any(given in text for given in self._bare)

    @cached_property
    def _escapes(self) -> tuple[list[bytes], re.Pattern[bytes], dict[bytes, bytes]]:
        """The first bytes of escapes of characters that the ids have, a pattern of them, and what each stands for.

        One pattern, as what one escape stands for can be the first byte of another.
        """
        characters = {c for given in self.ids for c in given}
        meant = {way.lower().encode(): c.encode() for c in characters for way in _escaped(c)}
        marks, patterns = list[bytes](), list[bytes]()
        for mark in (b"%", b"\\", b"&", b"+"):
            rest = [re.escape(way[1:]) for way in sorted(meant, key=len, reverse=True) if way.startswith(mark)]
            if rest:
                marks.append(mark)
                patterns.append(re.escape(mark) + b"(?i:" + b"|".join(rest) + b")")
        return marks, re.compile(b"|".join(patterns)), meant

    def hits(self, text: bytes) -> Iterator[Hit]:
        """Every place where the text has an id."""
        if not self.may_be_in(text):
            return
        if self._free:
            yield from (self._hit(text, found.start(), found.end()) for found in self._free.finditer(text))
        for found in self._after_key.finditer(text) if self._after_key else ():
            yield Hit(found.start(1), found.end(1), found[1].decode(errors="replace"), is_whole=True)

    def _hit(self, text: bytes, start: int, end: int) -> Hit:
        given = _unescaped(text[start:end]).decode(errors="replace")
        left_bytes = _BEFORE.search(_unescaped(text[max(0, start - _AROUND) : start]))
        right_bytes = _AFTER.match(_unescaped(text[end : end + _AROUND]))
        left, right = ((found[0] if found else b"").decode() for found in (left_bytes, right_bytes))
        word = left + given + right
        is_whole = not (left or right) or word in self.also
        goes_on = bool(left and _is_same_kind(left[-1], given[0])) or bool(right and _is_same_kind(given[-1], right[0]))
        return Hit(start, end, word, is_whole, is_other=goes_on and not is_whole)

    def names(self, text: bytes) -> bool:
        """Whether a text names the person."""
        return any(hit.is_whole for hit in self.hits(text))

    def replaced(self, text: bytes, replacement: bytes) -> tuple[bytes, int]:
        """The text with every id that is a word replaced, and how many there were."""
        parts, done, n = [], 0, 0
        for hit in sorted(self.hits(text), key=lambda hit: hit.start):
            if hit.is_whole and hit.start >= done:
                parts += [text[done : hit.start], replacement]
                done, n = hit.end, n + 1
        return b"".join([*parts, text[done:]]), n

    def longer(self, text: bytes) -> list[str]:
        """Longer words that contain an id, each after its mark."""
        return sorted({hit.marked for hit in self.hits(text) if not hit.is_whole})

    def install(self, con: duckdb.DuckDBPyConnection) -> None:
        """Create the functions that the SQL of this class calls."""
        con.create_function("names_person", lambda text: self.names(text.encode()), [VARCHAR], BOOLEAN)
        con.create_function("longer_words", lambda text: self.longer(text.encode()), [VARCHAR], list_type(VARCHAR))

    def has_bytes_sql(self, text: str) -> str:
        """Whether a text may have an id anywhere; wrong only by saying yes, as where it escapes one of its characters.

        A search for all spellings would cost several times as much.
        """
        bare = " or ".join(f"contains({text}, {quote(given)})" for given in sorted(self.ids))
        return f"({bare} or regexp_matches({text}, {quote(self._escape)}))" if self.ids else "false"

    @cached_property
    def _escape(self) -> str:
        characters = {c for given in self.ids for c in given}
        return "|".join(sorted({_either_case(way) for c in characters for way in _escaped(c)}))

    def names_sql(self, text: str) -> str:
        """The same as `names`, evaluated only for the few texts that have an id at all."""
        return f"(case when {self._may_sql(text)} then names_person({text}) else false end)"

    def longer_sql(self, text: str) -> str:
        """Longer words in a text, null where there are none."""
        return f"(case when {self._may_sql(text)} then longer_words({text}) end)"

    def _may_sql(self, text: str) -> str:
        has_bytes = self.has_bytes_sql(text)
        return has_bytes if self.distinctive else f"({has_bytes} and regexp_matches({text}, {quote(_KEY)}))"
