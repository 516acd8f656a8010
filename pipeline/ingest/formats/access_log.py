"""Access logs of web servers: common, combined, any LogFormat or log_format string, JSON.

Belongs here: which request is which event, and whose. Every line is one: a page view, what `events` of the config
names, or a `request` of nobody (a file, a failure, a program that talks no HTTP), which no metric of persons counts.
Not here: where a line's values stand (log_format.py, log_json.py).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator

from pipeline.home.sql_text import identifier, quote
from pipeline.ingest.formats.base import Beginning, Draft, Format, Guess
from pipeline.ingest.json_keys import FoundKeys, KnownKeys
from pipeline.ingest.log_format import COMBINED, BadLogFormat, read_log_format
from pipeline.ingest.log_json import JSON_KEYS, read_json, value_column
from pipeline.ingest.properties import Properties, coalesce
from pipeline.ingest.text.layout import Layout
from pipeline.ingest.times import plain_time
from pipeline.settings import CANONICAL_COLUMNS, LogEvent, Source

# Taken up by a column, or of no use to anybody.
_NOT_KEPT = ("line", "ident", "user", "time", "time_", "referrer", "user_agent", "address")
_NUMBERS = {"bytes": "bigint", "bytes_sent": "bigint", "request_time": "double"}
_SECONDS = {"request_time": 1, "request_ms": 1_000, "request_us": 1_000_000}

_STATIC = (
    "css|js|mjs|map|json|xml|txt|csv|pdf|png|jpe?g|gif|ico|svgz?|webp|avif|bmp|tiff?|woff2?|ttf|otf|eot|mp[34]|m4[av]"
    "|webm|og[gv]|wav|flac|mov|avi|zip|gz|bz2|xz|tar|tgz|rar|7z|dmg|exe|msi|deb|rpm|apk|iso|jar|wasm|swf"
    "|webmanifest|rss|atom|docx?|xlsx?|pptx?|epub"
)
_SEARCH_ENGINES = "google|bing|yahoo|duckduckgo|baidu|yandex|sogou|so|ecosia|naver|ask|aol|qwant|seznam|startpage"
_USUAL = ("combined", "common", f"%v:%p {COMBINED}")  # the last is Debian's vhost_combined
_WORDS = ("q", "query", "wd", "word", "p", "text")

MACROS = (
    # What servers escape: quotes, and bytes as \xE4, which are percent codes of a URL.
    r"""create or replace temp macro log_url(v) as case when contains(v, '\') then
        regexp_replace(replace(replace(v, '\"', '%22'), '\\', '%5C'), '\\x([0-9A-Fa-f]{2})', '%\1', 'g')
        else v end""",
    r"""create or replace temp macro log_text(v) as case when contains(v, '\') and not regexp_matches(v, '\\x[01]')
        then url_decoded(log_url(replace(v, '%', '%25'))) else v end""",
    f"""create or replace temp macro referrer_words(r) as case
        when regexp_matches(r, '^https?://([a-z0-9-]+\\.)*({_SEARCH_ENGINES})(\\.[a-z]{{2,3}}){{1,2}}(/|$)')
        then coalesce({", ".join(f"url_value(r, '{word}')" for word in _WORDS)}) end""",
)


def config_problem(source: Source) -> str | None:
    """What `log_format`, `events` and `visitor` must be."""
    names = _names(source)
    if isinstance(names, str):
        return f"`log_format` {names}"
    for event in source.events:
        for name in re.findall(r"\{([^}]*)\}", event.path):
            if name not in CANONICAL_COLUMNS:
                return f"`events`: {{{name}}} in {event.path!r} is no canonical column, such as item_id or category"
    missing = [name for name in source.visitor_fields if name not in names]
    # Of the default, what there is tells visitors apart: common has no user agent.
    if names and missing and ("visitor" in source.model_fields_set or len(missing) == len(source.visitor_fields)):
        return f"`visitor`: the log format has no {missing[0]}; it has {', '.join(n for n in names if n != 'line')}"
    return None


def _names(source: Source) -> tuple[str, ...] | str:
    """The values that a line has (none for JSON, whose lines say it), or what is wrong with the format."""
    try:
        return () if source.log_format == "json" else read_log_format(source.log_format).names
    except BadLogFormat as error:
        return str(error)


def json_keys(source: Source) -> KnownKeys:
    """Of JSON logs, all keys that a value may have."""
    if source.log_format != "json":
        return {"$": ()}
    return {"$": tuple(dict.fromkeys((*(key for keys in JSON_KEYS.values() for key in keys), *source.visitor_fields)))}


def draft(source: Source, layout: Layout, found: FoundKeys) -> Draft:
    """The time is computed, and given on in microseconds."""
    read = read_json if source.log_format == "json" else _read_text
    return Draft(lambda lines: _draft_sql(source, read(source, found, lines)), "line", event_time="epoch_us")


def _read_text(source: Source, found: FoundKeys, lines: str) -> tuple[str, tuple[str, ...], str]:
    """A relation with a column f_<name> for each value of a line; their names; what goes to properties beside them."""
    form = read_log_format(source.log_format)
    names = ", ".join(map(quote, form.names))
    columns = ", ".join(f"nullif(nullif(f.{identifier(name)}, '-'), '') as {value_column(name)}" for name in form.names)
    time = plain_time("f_time", form.time_format, source.timezone)
    query = f"""
        select *, case when f_line is null then 'bad_row' end as fault, {time} as logged_at,
            {str(form.is_time_of_end).lower()} as is_end
        from (
            select file_number, line_number, line, {columns}
            from (select *, regexp_extract(line, {quote(form.pattern)}, [{names}]) as f from {lines})
        )"""
    return query, form.names, ""


def _draft_sql(source: Source, read: tuple[str, tuple[str, ...], str]) -> str:
    query, names, more = read
    has = set(names)

    def value(name: str, otherwise: str = "null::varchar") -> str:
        return value_column(name) if name in has else otherwise

    parts = r"regexp_extract(f_request, '^([A-Z][A-Z_-]*) +(.*?)(?: +(HTTP/[\d.]+))?$', ['method', 'uri', 'protocol'])"
    given_uri = f"coalesce({value('uri')}, {value('path')} || coalesce('?' || ltrim({value('query')}, '?'), ''))"
    taken = [f"try_cast({value_column(name)} as double) / {per}" for name, per in _SECONDS.items() if name in has]
    visitor = _visitor_sql(source, value)
    return f"""
    with read as ({query}),
    requested as (
        select *, {f"{parts}" if "request" in has else "{'method': '', 'uri': '', 'protocol': ''}"} as r from read
    ),
    named as (
        select
            * exclude (r),
            upper(coalesce({value("method")}, nullif(r.method, ''))) as http_method,
            log_url(coalesce({given_uri}, nullif(r.uri, ''))) as http_uri,
            try_cast({value("status")} as integer) as http_status,
            log_text({value("referrer")}) as http_referrer, log_text({value("user_agent")}) as http_agent,
            logged_at - case when is_end then to_microseconds(cast({coalesce([*taken, "0"])} * 1e6 as bigint))
                else interval 0 second end as begun_at
        from requested
    ),
    located as (select *, url_path(http_uri) as http_path from named),
    ruled as (
        select *, {_rule_sql(source)} as rule from located
    )
    select
        file_number, line_number, fault, line_hash(line) as row_text, {_properties_sql(names, more)} as properties,
        {", ".join(f"{text} as {column}" for column, text in _columns(source, value, visitor).items())}
    from ruled"""


def _visitor_sql(source: Source, value: Callable[..., str]) -> str:
    """A visitor is somebody for one day of the site; one of a cookie as long as the cookie lasts."""
    fields = source.visitor_fields
    if source.visitor_is_cookie:
        return value(fields[0])
    joined = ", ".join(f"coalesce({value(name)}, '')" for name in fields)
    return f"visitor_of_day(begun_at, concat_ws(chr(31), {joined}))"


def _columns(source: Source, value: Callable[..., str], visitor: str) -> dict[str, str]:
    """Every canonical column."""
    host = f"coalesce({value('host')}, {quote(source.host) if source.host else 'null'})"
    known = {
        "event_name": "case rule "
        + " ".join(f"when {i} then {quote(event.event)}" for i, event in enumerate(source.events, start=1))
        + " when 0 then 'page_view' else 'request' end",
        "event_at": "epoch_us(begun_at)::varchar",
        "user_id": f"case when rule is not null then {value('user')} end",
        "anonymous_id": f"case when rule is not null then {visitor} end",
        "page_url": f"case when starts_with(http_uri, '/') and {host} is not null "
        f"then coalesce({value('scheme')}, 'https') || '://' || {host} || http_uri else http_uri end",
        "page_path": "http_path",
        "referrer": "http_referrer",
        "user_agent": "http_agent",
    }
    for column, cases in _captured(source).items():
        known[column] = f"case rule {' '.join(cases)} end"
    return {column: known.get(column, "null::varchar") for column in CANONICAL_COLUMNS}


def _captured(source: Source) -> dict[str, list[str]]:
    """What paths and search parameters give, by column: cases of the rule."""
    found: dict[str, list[str]] = {}
    for number, event in enumerate(source.events, start=1):
        for group, name in enumerate(re.findall(r"\{([^}]*)\}", event.path), start=1):
            text = f"url_decoded(regexp_extract(http_path, {quote(_path_pattern(event))}, {group}))"
            found.setdefault(name, []).append(f"when {number} then {text}")
        if event.search_term:
            text = f"url_value(http_uri, {quote(re.escape(event.search_term))})"
            found.setdefault("search_term", []).append(f"when {number} then {text}")
    return found


def _path_pattern(event: LogEvent) -> str:
    """`/p/{item_id}` as a regular expression: a name stands for one part of the path, * for anything."""
    parts = re.split(r"(\{[^}]*\}|\*)", event.path)
    return "^" + "".join("([^/]+)" if p[:1] == "{" else ".*" if p == "*" else re.escape(p) for p in parts) + "/?$"


def _rule_sql(source: Source) -> str:
    """The number of the first entry of `events` that a request meets, 0 for another page, null for no visit's event."""
    # A redirect is followed by the page itself; one after a form was sent is its answer.
    seen, done = "(http_status between 200 and 203 or http_status = 304)", "http_status between 200 and 399"
    cases = [
        f"when http_method = {quote(event.method)} and {seen if event.method == 'GET' else done} "
        f"and regexp_matches(http_path, {quote(_path_pattern(event))}) then {number}"
        for number, event in enumerate(source.events, start=1)
    ]
    if source.pages == "html":
        is_file = f"regexp_matches(lower(http_path), '\\.({_STATIC})$')"
        cases.append(f"when http_method = 'GET' and {seen} and not {is_file} then 0")
    return f"case {' '.join(cases)} end" if cases else "null::integer"


def _properties_sql(names: tuple[str, ...], more: str) -> str:
    rest = Properties()
    for key, text in _property_values(names):
        rest.add(json.dumps(key), text)
    if more:
        rest.lists.append(more)
    return rest.sql()


def _property_values(names: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    yield "method", "to_json(http_method)::varchar"
    yield "status", "http_status::varchar"
    # A request that is none: bytes of TLS, an empty line.
    if "request" in names:
        yield "request", "case when http_uri is null then to_json(f_request)::varchar end"
    yield "referrer_search_term", "to_json(referrer_words(http_referrer))::varchar"
    for name in names:
        if name in _NOT_KEPT or name in ("method", "status", "request", "uri", "path", "query", "host", "scheme"):
            continue
        text = f"to_json(log_text({value_column(name)}))::varchar"
        yield name, f"try_cast({value_column(name)} as {_NUMBERS[name]})::varchar" if name in _NUMBERS else text


def recognise(beginning: Beginning) -> Guess | None:
    """Lines of the formats that servers come with, or JSON with a request and a status."""
    if beginning.is_json:
        requests = (("request", "status"), ("request_uri", "status"), ("RequestPath", "DownstreamStatus"))
        return Guess("access_log", max(beginning.share_with(*keys) for keys in requests), {"log_format": "json"})
    if beginning.layout.kind == "parquet" or not beginning.lines:
        return None
    patterns = {name: re.compile(read_log_format(name).pattern) for name in _USUAL}
    n_read = {name: sum(bool(form.match(line)) for line in beginning.lines) for name, form in patterns.items()}
    best = max(_USUAL, key=lambda name: n_read[name])
    return Guess("access_log", n_read[best] / len(beginning.lines), {"log_format": best}) if n_read[best] else None


FORMAT = Format(
    name="access_log",
    layouts=("json_lines",),
    draft=draft,
    json_keys=json_keys,
    config_keys=("log_format", "events", "pages", "visitor", "host", "timestamp_format"),
    config_problem=config_problem,
    may_lack_identity=True,
    recognise=recognise,
    macros=MACROS,
)
