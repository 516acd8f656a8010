"""From text to a time in UTC, in SQL: each value is read by itself, and none raises an error.

Belongs here: the forms of times, offsets and zones that are understood. Not here: which text is which time (`formats`),
and what follows from a time (canonical.py). DuckDB's cast to TIMESTAMPTZ reads plain offsets only: of other text it
guesses abbreviations, and a zone's name in one row shifts others.

Read: ISO 8601, extended or basic, and what databases and languages print (Snowflake, BigQuery, Go, Java, JavaScript,
mail headers), with `Z`, an offset, the full name of a zone (`Europe/Berlin`), or letters that mean one offset only.
Without any of them a time is in the zone of its source. CST, IST, BST, PST and the like mean several: no time.
"""

from __future__ import annotations

import re
from functools import cache

from duckdb import DuckDBPyConnection

from pipeline.home.calendar import timezones
from pipeline.home.sql_text import quote

_UTC = ("UTC", "Etc/UTC")
# Seconds, milliseconds, microseconds and nanoseconds since 1970, by the number of their digits today.
_DIGITS = {10: "epoch_s", 13: "epoch_ms", 16: "epoch_us", 19: "epoch_ns"}
_PER_SECOND = {"epoch_s": 1, "epoch_ms": 10**3, "epoch_us": 10**6, "epoch_ns": 10**9}
# Letters to which the lists of the field give one meaning, in hours east of UTC; all others are ambiguous.
_LETTERS = {
    **{"WET": 0, "WEST": 1, "CET": 1, "CEST": 2, "EET": 2, "EEST": 3, "MSK": 3, "HKT": 8, "SGT": 8, "JST": 9, "KST": 9},
    **{"AWST": 8, "ACST": 9.5, "ACDT": 10.5, "AEST": 10, "AEDT": 11, "NZST": 12, "NZDT": 13},
    **{"EST": -5, "EDT": -4, "MDT": -6, "PDT": -7, "AKST": -9, "AKDT": -8, "HST": -10},
}
# A time beyond is none: nothing that follows, here or in Python, can then leave the range of its type.
_FIRST, _END, _MAX_SECONDS = "timestamp '1970-01-01'", "timestamp '9999-01-01'", 253370764799

_STAMP = r"^(\d{4})-?(\d\d)-?(\d\d)[Tt ] *(\d\d):?(\d\d)(?::?(\d\d)(?:[.,](\d+))?)? *(.*)$"
# What may follow an offset, which counts: Go's or JavaScript's letters, Java's name of the zone.
_AFTER_OFFSET = r"(?: +[A-Z][A-Za-z]{0,4}(?: m=[-+][\d.]+)?| ?\[[\w/+-]+\]| *\([^()]*\))?"
_OFFSET = r"(?:GMT|UTC)?([-+])(\d\d):?(\d\d)?" + _AFTER_OFFSET
# `Tue Nov 10 10:00:00 UTC 2026`, `Tue Nov 10 2026 10:00:00 GMT+0000 (…)`, `Tue, 10 Nov 2026 10:00:00 GMT`
_WORDS = ("%a %b %d %H:%M:%S %Y", "%a %b %d %Y %H:%M:%S", "%a, %d %b %Y %H:%M:%S", "%d %b %Y %H:%M:%S")
_ZONE_IN_WORDS = r" *((?:GMT|UTC)?[-+]\d\d:?\d\d(?: *\([^()]*\))?|[A-Z]{1,5})( \d{4})?$"
_ZONE_OF_PATTERN = r"[A-Za-z]+/[\w/+-]+|\b(?:Z|UT|[A-Z]{3,5})\b"


def _epoch(text: str, form: str) -> str:
    per_second = _PER_SECOND[form]
    limit, to_micros = _MAX_SECONDS * per_second, 10**6 // per_second
    whole = f"v * {to_micros}" if to_micros else f"v // {per_second // 10**6}"
    # A fraction goes through DOUBLE, because a cast to BIGINT would round it.
    return f"""case when contains({text}, '.') then list_transform([try_cast({text} as double)], lambda v:
            case when v between 0 and {limit} then make_timestamp((v * {10**6 / per_second!r})::bigint) end)[1]
        else list_transform([try_cast({text} as bigint)], lambda v:
            case when v between 0 and {limit} then make_timestamp({whole}) end)[1] end"""


def _epoch_by_digits(text: str) -> str:
    cases = " ".join(f"when {n} then {_epoch(text, form)}" for n, form in _DIGITS.items())
    return f"case length(split_part({text}, '.', 1)) {cases} end"


_seconds = ", ".join(f"{quote(letters)}: {hours * 3600:.0f}" for letters, hours in _LETTERS.items())
_MACROS = (
    f"set variable zone_letters = map {{{_seconds}}}",
    f"""create or replace temp macro in_time(moment) as
        case when moment >= {_FIRST} and moment < {_END} then moment end""",
    # DuckDB's rules of zones raise an error far away.
    f"""create or replace temp macro from_wall(wall, zone) as case
        when zone = 'UTC' then in_time(wall)
        when wall > {_FIRST} - interval 1 day and wall < {_END}
        then in_time(timezone('UTC', timezone(zone, wall))) end""",
    # The usual case without regular expressions: ISO with `Z`, with `+08:00` or `+0800`, or without either.
    """create or replace temp macro plain_time(t, zone) as case
        when t >= '0' and t < ':' then case
            when ends_with(t, 'Z') then in_time(try_cast(t as timestamp))
            when contains(t, '+') or contains(t[12:], '-') then
                case when t[-2] < '6' and ((t[-6] in ('+', '-') and t[-5:-4] <= '18' and t[-3] = ':')
                    or (t[-5] in ('+', '-') and t[-4:-3] <= '18'))
                    then in_time(make_timestamp(epoch_us(try_cast(case
                        when contains(t, ' +') or contains(t, ' -') then replace(replace(t, ' +', '+'), ' -', '-')
                        else t end as timestamptz)))) end
            when right(t, 1) between '0' and '9' then from_wall(try_cast(t as timestamp), zone)
        end end""",
    rf"""create or replace temp macro offset_seconds(zone) as case
        when zone in ('Z', 'z', 'UTC', 'GMT', 'UT') then 0
        when regexp_full_match(zone, '{_OFFSET}') then list_transform(
            [regexp_extract(zone, '{_OFFSET}', ['sign', 'h', 'm'])],
            lambda part: case when part.h <= '18' and part.m < '60' then case part.sign when '-' then -1 else 1 end
                * (try_cast(part.h as integer) * 3600 + coalesce(try_cast(part.m as integer), 0) * 60) end)[1]
        else getvariable('zone_letters')[zone] end""",
    """create or replace temp macro zoned(wall, given, zone) as case
        when given = '' then from_wall(wall, zone)
        when list_contains(getvariable('time_zones'), trim(given, '[]')) then from_wall(wall, trim(given, '[]'))
        else in_time(in_time(wall) - to_seconds(offset_seconds(given))) end""",
    # Either way a time of the wall and what was said of its zone.
    rf"""create or replace temp macro other_time(t, zone) as case
        when regexp_full_match(t, '\d{{10,19}}(\.\d*)?') then {_epoch_by_digits("t")}
        when t is not null then list_transform(
            [case when t >= '0' and t[5] in ('-', '0', '1') then list_transform(
                [regexp_extract(t, '{_STAMP}', ['y', 'mo', 'd', 'h', 'mi', 's', 'f', 'zone'])],
                lambda part: {{
                    'wall': try_cast(part.y || '-' || part.mo || '-' || part.d || ' ' || part.h || ':' || part.mi || ':'
                        || coalesce(nullif(part.s, ''), '00') || '.' || left(part.f || '0', 6) as timestamp),
                    'zone': part.zone}})[1]
            else {{
                'wall': try_strptime(regexp_replace(t, '{_ZONE_IN_WORDS}', '\2'), {list(_WORDS)}),
                'zone': regexp_extract(t, '{_ZONE_IN_WORDS}', 1)}} end],
            lambda read: zoned(read.wall, read.zone, zone))[1] end""",
)


def install(con: DuckDBPyConnection) -> None:
    """Create the macros that the expressions below use, and the variables that those read."""
    for macro in _MACROS:
        con.execute(macro)
    con.execute("set variable time_zones = ?", [_full_names()])


@cache
def _full_names() -> list[str]:
    """Zones by names that are no abbreviation: those are in _LETTERS, or ambiguous."""
    return sorted(name for name in timezones() - {"Factory"} if re.search("[a-z/]", name))


def plain_time(text: str, form: str, timezone: str) -> str:
    """An expression that reads text as a time in UTC, null where it is none; without a zone it is in `timezone`.

    `form`: iso, epoch_s, epoch_ms, epoch_us, or a strptime pattern. Of iso only the usual forms: see `other_times`.
    """
    zone = quote("UTC" if timezone in _UTC else timezone)
    if form in _PER_SECOND:
        return _epoch(text, form)
    return f"plain_time({text}, {zone})" if form == "iso" else _by_pattern(text, form, zone)


def other_times(forms: dict[str, str], timezone: str) -> str:
    """An expression for the list of times, one per column of `forms`, in the rows where a plain_time (column_plain) of
    form iso is missing. All in one list, because the rules are long and DuckDB would compile them for each column.
    """
    zone = quote("UTC" if timezone in _UTC else timezone)
    iso = [column for column, form in forms.items() if form == "iso"]
    missing = " or ".join(f"({column} is not null and {column}_plain is null)" for column in iso) or "false"
    texts = ", ".join(column if column in iso else "null::varchar" for column in forms)
    return f"case when {missing} then list_transform([{texts}], lambda t: other_time(t, {zone})) end"


def _by_pattern(text: str, pattern: str, zone: str) -> str:
    if "%Z" in pattern:  # DuckDB would guess abbreviations
        body = f"regexp_replace({text}, {quote(_ZONE_OF_PATTERN)}, 'UTC')"
        wall = f"try_strptime({body}, {quote(pattern.replace('%Z', 'UTC'))})"
        given = f"nullif(regexp_extract({text}, {quote(_ZONE_OF_PATTERN)}), '')"
        return f"zoned({wall}, {given}, {zone})"
    if "%z" in pattern:
        as_offset = f"regexp_replace({text}, 'Z$', '+0000')"
        return f"in_time(make_timestamp(epoch_us(try_strptime({as_offset}, {quote(pattern)}))))"
    own = "'UTC'" if pattern.endswith("Z") else zone  # a literal Z in the pattern
    return f"from_wall(try_strptime({text}, {quote(pattern)}), {own})"
