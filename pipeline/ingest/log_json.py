"""JSON logs of web servers: which key holds which value, with the names of log_format.py.

Not here: what a value means for an event (`formats/access_log.py`).
"""

from __future__ import annotations

import json

from pipeline.home.sql_text import identifier, quote
from pipeline.ingest.json_keys import FoundKeys
from pipeline.ingest.log_format import CLF_TIME
from pipeline.ingest.properties import coalesce, looked_up
from pipeline.ingest.times import plain_time
from pipeline.settings import Source

# Keys of JSON logs by the name of their value: nginx's variables, Caddy, Traefik; the first that is there counts.
JSON_KEYS = {
    "address": ("remote_addr", "remote_ip", "client_ip", "ClientHost", "address", "ip"),
    "user": ("remote_user", "ClientUsername", "user"),
    "time": ("time_iso8601", "time_local", "time", "@timestamp", "timestamp", "msec", "ts", "StartUTC"),
    "request": ("request",),
    "method": ("request_method", "method", "RequestMethod"),
    "uri": ("request_uri", "uri", "RequestPath", "url", "path"),
    "query": ("args", "query_string", "query"),
    "status": ("status", "status_code", "DownstreamStatus"),
    "bytes": ("body_bytes_sent", "bytes_sent", "size", "bytes", "DownstreamContentSize"),
    "referrer": ("http_referer", "http_referrer", "referer", "referrer", "request_Referer"),
    "user_agent": ("http_user_agent", "user_agent", "agent", "userAgent", "request_User-Agent"),
    "request_time": ("request_time", "duration"),
    "host": ("host", "http_host", "server_name", "RequestHost"),
    "scheme": ("scheme", "RequestScheme"),
}
# Within Caddy's object `request`.
_CADDY = {
    "address": "/client_ip",
    "method": "/method",
    "uri": "/uri",
    "host": "/host",
    "referrer": "/headers/Referer/0",
    "user_agent": "/headers/User-Agent/0",
}
_TIMES_OF_START = ("StartUTC",)


def value_column(name: str) -> str:
    """The column of a value."""
    return identifier(f"f_{name}")


def read_json(source: Source, found: FoundKeys, lines: str) -> tuple[str, tuple[str, ...], str]:
    """A relation with a column f_<name> for each value; their names; what goes to properties beside them."""
    known = found["$"].known
    structure = json.dumps(dict.fromkeys(sorted(known), "VARCHAR") or {"event": "VARCHAR"})
    values = {}
    for name, keys in JSON_KEYS.items():
        given = [f"j.{identifier(key)}" for key in keys if key in known]
        if name in _CADDY and "request" in known:
            given.append(f"case when is_nested then json_extract_string(j.request, {quote(_CADDY[name])}) end")
        if name == "request" and given:
            given = ["case when not is_nested then j.request end"]
        values[name] = coalesce(given)
    for name in source.visitor_fields:
        values.setdefault(name, f"j.{identifier(name)}" if name in known else "null::varchar")
    columns = ", ".join(f"nullif(nullif({value}, '-'), '') as {value_column(name)}" for name, value in values.items())
    is_end = " and ".join(f"j.{identifier(key)} is null" for key in _TIMES_OF_START if key in known) or "true"
    rest = looked_up("json_keys(line)", "/", tuple(key for keys in JSON_KEYS.values() for key in keys))
    zone = quote(source.timezone)
    time = f"""case when contains(f_time, '/') then {plain_time("f_time", CLF_TIME, source.timezone)}
        else coalesce(plain_time(f_time, {zone}), other_time(f_time, {zone})) end"""
    if source.timestamp_format != "iso":
        time = plain_time("f_time", source.timestamp_format, source.timezone)
    is_nested = "starts_with(j.request, '{')" if "request" in known else "false"
    query = f"""
        select *, case when not is_object then 'bad_json' end as fault, {time} as logged_at
        from (
            select file_number, line_number, line, is_object, {is_end} as is_end, {rest} as more, {columns}
            from (
                select *, {is_nested} as is_nested
                from (
                    select *, json_transform(line, {quote(structure)}) as j
                    from (
                        select file_number, line_number, is_object,
                            case when is_object then line else '{{}}' end as line
                        from {lines}
                    )
                )
            )
        )"""
    return query, tuple(values), "more"
