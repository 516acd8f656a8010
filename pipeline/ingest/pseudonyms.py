"""What must not enter the lake as it came: ids to hash, IP addresses to truncate, lines of erased persons.

Belongs here: SQL over the tables `staged` and `rejected`, and the macros that formats put around values. The name of a
key decides whether its value is an address or an id. Not here: erasing what is in the lake (`pipeline.privacy`).
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
from dataclasses import dataclass
from functools import cached_property

from duckdb import DuckDBPyConnection

from pipeline.home.atomic import write_private
from pipeline.home.sql_text import quote
from pipeline.ingest.result import IngestError
from pipeline.ingest.texts import own_user
from pipeline.ingest.tombstones import HEX_DIGITS, Tombstones, keyed_hash
from pipeline.settings import Settings, Source

WITHHELD = "(withheld)"
ERASED = "erased"  # in `staged`, as the reason of a line that is counted and not kept

_IP_KEYS = (
    "ip",
    "ipaddr",
    "ipaddress",
    "ipv4",
    "ipv6",
    "clientip",
    "remoteip",
    "userip",
    "visitorip",
    "sourceip",
    "realip",
    "xrealip",
    "remoteaddr",
    "remoteaddress",
    "remotehost",
    "clientaddress",
    "xforwardedfor",
    "forwardedfor",
    "trueclientip",
    "cfconnectingip",
    "xclientip",
    "sourceipaddress",
    "lastip",
    "iplast",
    "hostip",
    "requestip",
)
_ID_KEYS = {"userid": "user_id", "anonymousid": "anonymous_id"}
_NOT_ALNUM = re.compile(r"[^a-z0-9]+")
_NESTED_IP = '(?i)"[^"a-z]*(' + "|".join("[ _.-]?".join(key) for key in _IP_KEYS) + ')"\\s*:'


def guard_of(json_key: str) -> str:
    """The macro to put around the JSON text of a value, by its key as JSON text."""
    name = _NOT_ALNUM.sub("", str(json.loads(json_key)).lower())
    if name in _IP_KEYS:
        return "private_ip"
    return f"private_{_ID_KEYS[name]}" if name in _ID_KEYS else "private_nested"


def guard_sql(key: str, value: str) -> str:
    """The same where the key is known only to the SQL: `key` and `value` are expressions."""
    name = f"regexp_replace(lower({key}), '[^a-z0-9]+', '', 'g')"
    ids = " ".join(f"when {quote(id_key)} then private_{column}({value})" for id_key, column in _ID_KEYS.items())
    addresses = ", ".join(map(quote, _IP_KEYS))
    by_name = f"case {name} {ids} else private_nested({value}) end"
    return f"case when {name} in ({addresses}) then private_ip({value}) else {by_name} end"


_CUT_V4 = r"regexp_replace({0}, '(\d{{1,3}}\.\d{{1,3}}\.\d{{1,3}})\.\d{{1,3}}(:\d+)?', '\1.0', 'g')"
_V6 = r"\[?[0-9A-Fa-f]*:[0-9A-Fa-f]*:[0-9A-Fa-f:]*(%[\w.-]+)?(\](:\d+)?)?"
_HEX = "[0-9a-fA-F]{1,4}"
_MACROS = (
    """create or replace temp macro ip_groups(h) as case when h = '' then [] else string_split(h, ':') end""",
    # `::` stands for as many zeros as are missing to eight groups.
    """create or replace temp macro v6_groups(h) as case when contains(h, '::')
        then ip_groups(split_part(h, '::', 1))
            || list_resize([]::varchar[],
                greatest(8 - len(ip_groups(split_part(h, '::', 1))) - len(ip_groups(split_part(h, '::', 2))), 0), '0')
            || ip_groups(split_part(h, '::', 2))
        else string_split(h, ':') end""",
    rf"""create or replace temp macro short_ip(t) as case
        when regexp_matches(t, '\d+\.\d+\.\d+\.\d+') then {_CUT_V4.format("t")}
        when regexp_full_match(trim(t), '{_V6}')
        then array_to_string(v6_groups(regexp_extract(t, '[0-9A-Fa-f:]+'))[1:3], ':') || '::'
        else t end""",
    """create or replace temp macro short_ips(t) as case when contains(t, ',')
        then array_to_string(list_transform(string_split(t, ','), lambda one: short_ip(trim(one))), ', ')
        else short_ip(t) end""",
    # All addresses in a text whose parts have no names.
    rf"""create or replace temp macro scrub_ips(t) as regexp_replace(
        regexp_replace(regexp_replace(regexp_replace(regexp_replace(t,
        '\b(\d{{1,3}}\.\d{{1,3}}\.\d{{1,3}})\.\d{{1,3}}\b', '\1.0', 'g'),
        '\b({_HEX}:{_HEX}:{_HEX}):(?:[0-9a-fA-F]{{0,4}}:)+[0-9a-fA-F]{{0,4}}', '\1::', 'g'),
        '\b({_HEX}:{_HEX})::[0-9a-fA-F:]+', '\1::', 'g'),
        '\b({_HEX})::[0-9a-fA-F:]+', '\1::', 'g'),
        '(^|[^0-9A-Za-z:])::(?:{_HEX}:)*{_HEX}($|[^0-9A-Za-z:.])', '\1::\2', 'g')""",
)
_ID_KEY = r'(?i)[^a-z0-9](?:user|anonymous|person|customer|distinct)[_-]?id\\*"?\s*[:=]\s*\\*"?([\w.@+-]*\w)'
_POSSIBLE_IDS = rf"""create or replace temp macro possible_ids(line) as
    list_filter(regexp_extract_all(line, '[\w.@+-]*\w'), lambda w: length(w) >= 16
        or (length(w) >= 6 and (contains(w, '@') or (regexp_matches(w, '\d') and regexp_matches(w, '\D')))))
    || regexp_extract_all(line, {quote(_ID_KEY)}, 1)"""
_IP_MACROS = (
    """create or replace temp macro private_ip(v) as case
        when starts_with(v, '"') then '"' || short_ips(v[2:-2]) || '"'
        when starts_with(v, '[') or starts_with(v, '{') then scrub_ips(v) else v end""",
    f"""create or replace temp macro private_nested(v) as case
        when (starts_with(v, '{{') or starts_with(v, '[')) and regexp_matches(v, {quote(_NESTED_IP)}) then scrub_ips(v)
        else v end""",
)


def _hash_macro(name: str) -> str:
    """HMAC-SHA-256 in SQL; the padded keys are variables, so that no error message ever quotes them."""
    return f"""create or replace temp macro {name}(v) as left(sha256(
        getvariable('{name}_outer') || unhex(sha256(getvariable('{name}_inner') || encode(v)))), {HEX_DIGITS})"""


# The day is the site's; without a time the line is rejected anyway. line_hash stands for a line that an address is in.
_VISITOR_MACROS = (
    """create or replace temp macro visitor_of_day(moment, given) as visitor(concat(
        strftime(timezone(getvariable('site_zone'), timezone('UTC', moment)), '%Y-%m-%d'), chr(31), given))""",
    "create or replace temp macro line_hash(line) as visitor(line)",
)


@dataclass(frozen=True)
class PrivacyFilter:
    """What one ingest hashes, truncates and leaves out."""

    columns: tuple[str, ...]
    key: bytes
    keep_full_ip: bool
    tombstones: Tombstones
    visitor_key: bytes = b""  # of the visitors of access logs
    timezone: str = "UTC"

    @cached_property
    def fingerprint(self) -> list[object]:
        """What of it decides how a line is read: another key gives other events."""
        return [list(self.columns), keyed_hash(self.key, "fingerprint")[:8] if self.columns else "", self.keep_full_ip]

    def fingerprint_of(self, source: Source) -> list[object]:
        """The same for one source: other keys and days give an access log other visitors."""
        if source.format != "access_log":
            return self.fingerprint
        return [*self.fingerprint, keyed_hash(self.visitor_key, "fingerprint")[:8], self.timezone]

    def pseudonym(self, column: str, given: str) -> str:
        """An id of `user_id` or `anonymous_id` as the lake contains it."""
        given = own_user(given) if column == "user_id" else given
        return keyed_hash(self.key, given) if column in self.columns else given

    def install(self, con: DuckDBPyConnection) -> None:
        """Create the macros that drafts use, and the list of erased ids."""
        keys = {"pseudonym": self.key, "tombstone": self.tombstones.salt, "visitor": self.visitor_key}
        for name, key in keys.items():
            padded = (key if len(key) <= 64 else _block(key)).ljust(64, b"\0")
            con.execute(f"set variable {name}_inner = ?", [bytes(byte ^ 0x36 for byte in padded)])
            con.execute(f"set variable {name}_outer = ?", [bytes(byte ^ 0x5C for byte in padded)])
            con.execute(_hash_macro(name))
        con.execute("set variable site_zone = ?", [self.timezone])
        for macro in (*_MACROS, *_VISITOR_MACROS):
            con.execute(macro)
        as_it_is = tuple(f"create or replace temp macro private_{name}(v) as v" for name in ("ip", "nested"))
        for macro in as_it_is if self.keep_full_ip else _IP_MACROS:
            con.execute(macro)
        for column in _ID_KEYS.values():
            hashed = """case when v <> 'null' then '"' || pseudonym(json_extract_string(v, '$')) || '"' end"""
            con.execute(
                f"create or replace temp macro private_{column}(v) as {hashed if column in self.columns else 'v'}"
            )
        con.execute(_POSSIBLE_IDS)
        con.execute("create or replace temp table tombstones (kind varchar, hash varchar)")
        rows = [(kind, value) for kind, hashes in self.tombstones.erased.items() for value in hashes]
        if rows:
            con.execute(
                "insert into tombstones select unnest(?), unnest(?)", [list(part) for part in zip(*rows, strict=True)]
            )

    def apply(self, con: DuckDBPyConnection) -> None:
        """Hash the ids of `staged`, then mark the lines of erased persons."""
        if self.columns:
            self._pseudonymise(con)
        if self.tombstones:
            self._mark_erased(con)

    def _pseudonymise(self, con: DuckDBPyConnection) -> None:
        """Hash each id once and join it: hashing every row would cost several times as much."""
        found = " union ".join(f"select {column} as given from staged" for column in self.columns)
        con.execute(
            f"""create or replace temp table pseudonyms as
            select given, pseudonym(given) as hashed from ({found}) where given is not null"""
        )
        replaced = ", ".join(f"{column}_hashed.hashed as {column}" for column in self.columns)
        joins = " ".join(
            f"left join pseudonyms as {column}_hashed on staged.{column} = {column}_hashed.given"
            for column in self.columns
        )
        con.execute(f"create temp table hashed as select staged.* replace ({replaced}) from staged {joins}")
        con.execute("drop table staged")
        con.execute("alter table hashed rename to staged")
        con.execute("drop table pseudonyms")

    def _mark_erased(self, con: DuckDBPyConnection) -> None:
        con.execute(
            """create or replace temp table erased_ids as
            select is_user, given, kind
            from (
                select distinct true as is_user, user_id as given from staged
                union all select distinct false, anonymous_id from staged
            ) as ids inner join tombstones on tombstone(given) = hash and is_user = (kind = 'user')"""
        )
        if con.execute("select count(*) > 0 from erased_ids").fetchall()[0][0]:
            con.execute(
                f"""update staged set reason = {quote(ERASED)}
                where user_id in (select given from erased_ids where kind = 'user')
                    or anonymous_id in (select given from erased_ids where kind = 'anonymous')
                    or (user_id is null and anonymous_id in (select given from erased_ids where kind = 'device'))"""
            )

    def guard_rejected(self, con: DuckDBPyConnection) -> dict[int, int]:
        """Remove the lines that name an erased person from `rejected`, then hide what is private in the others.

        Returns how many were removed, by file_number.
        """
        n_erased = self._take_erased(con) if self.tombstones else {}
        if self.columns:
            con.execute(f"update rejected set raw_line = {quote(WITHHELD)} where raw_line is not null")
        elif not self.keep_full_ip:
            con.execute("update rejected set raw_line = scrub_ips(raw_line) where scrub_ips(raw_line) <> raw_line")
        return n_erased

    def _take_erased(self, con: DuckDBPyConnection) -> dict[int, int]:
        """A line that could not be parsed is searched word by word, for an id that any word can be only after a key."""
        hashed = "tombstone(pseudonym(word)), tombstone(word)" if self.columns else "tombstone(word)"
        con.execute(
            f"""create or replace temp table erased_words as
            select word from (select distinct unnest(possible_ids(raw_line)) as word from rejected)
            where list_has_any([{hashed}], (select coalesce(list(hash), []) from tombstones))"""
        )
        con.execute(
            """create or replace temp table erased_lines as select file_number, line_number from rejected
            where list_has_any(possible_ids(raw_line), (select coalesce(list(word), []) from erased_words))"""
        )
        counts = dict(con.execute("select file_number, count(*) from erased_lines group by all").fetchall())
        con.execute("delete from rejected where (file_number, line_number) in (from erased_lines)")
        return counts


def _block(key: bytes) -> bytes:
    """A key longer than a block counts as its hash, as the standard says."""
    return hashlib.sha256(key).digest()


def privacy_filter(settings: Settings) -> PrivacyFilter:
    """The filter of a config; IngestError where the key that it names is not in the environment."""
    identity = settings.identity
    key = os.environ.get(identity.key_env, "")
    if identity.pseudonymise and not key:
        raise IngestError(
            f"identity.pseudonymise needs a secret key, but the environment variable {identity.key_env} is empty or "
            "not set. Set it to the same value each night (for instance from `openssl rand -hex 32`). Nothing was "
            "ingested."
        )
    return PrivacyFilter(
        identity.pseudonymise,
        key.encode(),
        identity.keep_full_ip,
        Tombstones.read(settings.data_dir),
        key.encode() or _home_key(settings),
        settings.site.timezone,
    )


def _home_key(settings: Settings) -> bytes:
    """A key of this home, made when an access log is first read without a key in the environment."""
    path = settings.data_dir / "visitor_key"
    if path.exists():
        return bytes.fromhex(path.read_text(encoding="ascii").strip())
    key = secrets.token_bytes(32)
    if settings.data_dir.exists() and any(source.format == "access_log" for source in settings.sources):
        write_private(key.hex(), path)
    return key
