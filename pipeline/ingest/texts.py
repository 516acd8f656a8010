"""SQL macros that read text: white space at its ends, placeholders for missing values, ids that were numbers.

Belongs here: what makes a text a value, in any column. Not here: times (times.py), numbers and URLs (canonical.py).
"""

from __future__ import annotations

import re

from pipeline.home.sql_text import quote
from pipeline.settings import PLACEHOLDERS

# A device without a user is the person `anon:<anonymous_id>`; a user_id that looks like one gets this in front.
ANONYMOUS = "anon:"
_USER = "user:"
_LOOKS_ANONYMOUS = f"({_USER})*{ANONYMOUS}"

_LONGEST = max(map(len, PLACEHOLDERS))
_FIRST = sorted({case[0] for word in PLACEHOLDERS for case in (word, word.upper())})
_BEGINS_LIKE_ONE = " or ".join(f"ascii(v) = {ord(first)}" for first in _FIRST)

# White space and marks without width, in ASCII and elsewhere.
_ASCII_BLANKS = (*range(0x09, 0x0E), *range(0x1C, 0x21))
_OTHER_BLANKS = (
    *(0x85, 0xA0, 0xAD, 0x061C, 0x1680, 0x180E, *range(0x2000, 0x2010), *range(0x2028, 0x2030), 0x205F),
    *(*range(0x2060, 0x2065), *range(0x2066, 0x206A), 0x3000, 0xFE0F, 0xFEFF),
)
_BLANKS = quote("".join(map(chr, (*_ASCII_BLANKS, *_OTHER_BLANKS))))
_ONE_BLANK = "[" + "".join(rf"\x{{{code:x}}}" for code in (*_ASCII_BLANKS, *_OTHER_BLANKS)) + "]"

# A macro is written out where it is used: give it the name of a column, or each copy is compiled.
MACROS = (
    # Most values have no white space at their ends, and looking for it is much cheaper than trimming.
    f"""create or replace temp macro filled(v) as case
        when v < '!' or right(v, 1) < '!'
            or (strlen(v) <> length(v) and regexp_matches(v, '^{_ONE_BLANK}|{_ONE_BLANK}$'))
        then nullif(trim(v, {_BLANKS}), '') else v end""",
    # Of a trimmed text. Few values begin like a placeholder, and only those are folded. (IN is compiled to a join.)
    f"""create or replace temp macro present(v) as case
        when ({_BEGINS_LIKE_ONE}) and strlen(v) <= {_LONGEST}
            and list_contains([{", ".join(map(quote, PLACEHOLDERS))}], lower(v))
        then null else v end""",
    # An id that went through a number with a fraction: 12345.0 is 12345. Beyond 2^53, and with an exponent, digits are
    # lost, so that several ids are one.
    r"""create or replace temp macro exact_id(v) as case
        when ends_with(v, '0') and contains(v, '.0') and regexp_full_match(v, '-?\d+\.0+')
            and abs(try_cast(v as double)) < 9007199254740992
        then split_part(v, '.', 1) else v end""",
    r"""create or replace temp macro is_inexact_id(v) as
        (contains(v, '+') and regexp_full_match(v, '-?\d+(\.\d+)?[eE]\+\d+'))
        or (ends_with(v, '0') and contains(v, '.0') and regexp_full_match(v, '-?\d{16,}\.0+')
            and coalesce(abs(try_cast(v as double)) >= 9007199254740992, true))""",
    f"""create or replace temp macro own_user(v) as case
        when (starts_with(v, {quote(ANONYMOUS)}) or starts_with(v, {quote(_USER)}))
            and regexp_matches(v, '^{_LOOKS_ANONYMOUS}')
        then {quote(_USER)} || v else v end""",
    # NaN and Infinity are no JSON; DuckDB reads and writes them. Only what is not within quotes is replaced.
    r"""create or replace temp macro finite_json(j) as case
        when (contains(j, 'NaN') or contains(j, 'nan') or contains(j, 'NAN')
            or contains(j, 'Inf') or contains(j, 'inf') or contains(j, 'INF'))
            and regexp_matches(j, '(?i)[:,\[]\s*-?(nan|inf)')
        then array_to_string(list_transform(regexp_extract_all(j, '"(?:[^"\\]|\\.)*"|[^"]+'), lambda part:
            case when starts_with(part, '"') then part
            else regexp_replace(part, '-?(nan|inf(inity)?)', 'null', 'gi') end), '')
        else j end""",
)


def own_user(given: str) -> str:
    """A user_id as the lake contains it: never like the person of a device."""
    return _USER + given if re.match(_LOOKS_ANONYMOUS, given) else given
