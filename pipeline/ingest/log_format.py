"""From Apache's LogFormat or nginx's log_format to one regular expression, and what its groups are called.

Belongs here: both little languages. A value has one name in either: address, user, time, request, method, uri, status,
referrer, user_agent, …, `cookie_<name>` and `http_<header>`; others keep nginx's name, or get one from Apache's letter.
Not here: what a value means for an event (`formats/access_log.py`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

COMMON = '%h %l %u %t "%r" %>s %b'
COMBINED = COMMON + ' "%{Referer}i" "%{User-Agent}i"'
NAMED = {"common": COMMON, "combined": COMBINED}
CLF_TIME = "%d/%b/%Y:%H:%M:%S %z"

_QUOTED_VALUE = r'(?:[^"\\]|\\.)*'
_NUMBERS = ("status", "bytes", "bytes_sent", "request_time", "request_ms", "request_us", "time_epoch")
_NGINX = {
    "remote_addr": "address",
    "remote_user": "user",
    "http_referer": "referrer",
    "http_user_agent": "user_agent",
    "request_method": "method",
    "request_uri": "uri",
    "uri": "path",
    "args": "query",
    "query_string": "query",
    "body_bytes_sent": "bytes",
    "server_protocol": "protocol",
    "http_host": "host",
    "server_name": "host",
}
# nginx writes a line when the request is over.
_NGINX_TIMES = {"time_local": CLF_TIME, "time_iso8601": "iso", "msec": "epoch_s"}
_APACHE = {
    **{"a": "address", "h": "address", "l": "ident", "u": "user", "r": "request", "s": "status", "b": "bytes"},
    **{"B": "bytes", "O": "bytes_sent", "I": "bytes_received", "D": "request_us", "T": "request_time", "m": "method"},
    **{"U": "path", "q": "query", "H": "protocol", "v": "host", "V": "host", "p": "port", "A": "server_address"},
    **{"f": "file", "k": "keepalives", "L": "log_id", "P": "process", "R": "handler", "S": "bytes_total"},
    **{"X": "connection"},
}
_APACHE_BY_ARGUMENT = {"i": "http_", "o": "sent_http_", "C": "cookie_", "e": "env_", "n": "note_"}
_HEADERS = {"http_referer": "referrer", "http_user_agent": "user_agent", "http_host": "host"}
_UNITS_OF_T = {"s": "request_time", "ms": "request_ms", "us": "request_us"}
_EPOCHS = {"sec": "epoch_s", "msec": "epoch_ms", "usec": "epoch_us"}
_APACHE_DIRECTIVE = re.compile(r"%(?:!?\d+(?:,\d+)*)?[<>]?(?:\{([^}]*)\})?[<>]?(\^[a-zA-Z]{2}|[a-zA-Z%])")
_NGINX_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")
_FREE = ("user", "http_x_forwarded_for")  # may contain the character that follows


class BadLogFormat(ValueError):
    """Why a text is no log format, for a person."""


@dataclass(frozen=True)
class LogFormat:
    """A regular expression that matches a whole line, and the names of its groups; the time as its group is written."""

    pattern: str
    names: tuple[str, ...]
    time_format: str  # iso, epoch_s, epoch_ms, epoch_us or a strptime pattern
    is_time_of_end: bool


@dataclass(frozen=True)
class _Value:
    name: str
    time_format: str = ""
    is_time_of_end: bool = False
    in_brackets: bool = False


def read_log_format(text: str) -> LogFormat:
    """The format of `common`, `combined` or a format string, as in the server's config. Raises BadLogFormat."""
    given = NAMED.get(text) or _bare(text)
    parts = list(_nginx_parts(given) if _NGINX_VARIABLE.search(given) else _apache_parts(given))
    times = [part for part in parts if isinstance(part, _Value) and part.time_format]
    if not times:
        raise BadLogFormat("has no time: %t, or $time_local, $time_iso8601 or $msec")
    names, pattern = _joined(parts)
    known = set(names)
    if not known & {"request", "uri", "path"}:
        raise BadLogFormat("has no request: %r or %U, or $request or $request_uri")
    if text == "combined":  # what a site appended to the usual fields
        pattern, names = pattern + "(?: (.*))?", (*names, "rest")
    return LogFormat(f"^({pattern})\\s*$", ("line", *names), times[0].time_format, times[0].is_time_of_end)


def _bare(text: str) -> str:
    """The format alone, of a directive that was copied as it stands."""
    text = text.strip().removesuffix(";").strip()
    if text.startswith("LogFormat "):
        found = re.match(r'LogFormat\s+"((?:[^"\\]|\\.)*)"', text)
        return re.sub(r"\\(.)", r"\1", found[1]) if found else text
    if text.startswith("log_format "):
        return "".join(a or b for a, b in re.findall(r"""'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)\"""", text))
    return text.replace('\\"', '"')


def _nginx_parts(text: str) -> Iterator[str | _Value]:
    at = 0
    for found in _NGINX_VARIABLE.finditer(text):
        yield text[at : found.start()]
        at, variable = found.end(), found[1] or found[2]
        if variable in _NGINX_TIMES:
            yield _Value("time", _NGINX_TIMES[variable], is_time_of_end=True)
        else:
            yield _Value(_NGINX.get(variable, variable))
    yield text[at:]


def _apache_parts(text: str) -> Iterator[str | _Value]:
    at = 0
    for found in _APACHE_DIRECTIVE.finditer(text):
        yield text[at : found.start()].replace("\\t", "\t")
        at, argument, letter = found.end(), found[1] or "", found[2]
        yield "%" if letter == "%" else _apache_value(argument, letter)
    if "%" in text[at:]:
        raise BadLogFormat(f"has a % that no directive follows: {text[at:]!r}")
    yield text[at:].replace("\\t", "\t")


def _apache_value(argument: str, letter: str) -> _Value:
    if letter == "t":
        is_end = argument.startswith("end:")
        form = argument.removeprefix("begin:").removeprefix("end:")
        if not form:
            return _Value("time", CLF_TIME, is_end, in_brackets=True)
        if form in _EPOCHS or "%" in form:
            return _Value("time", _EPOCHS.get(form, form), is_end)
        return _Value("time_fraction")
    if letter == "T" and argument:
        return _Value(_UNITS_OF_T.get(argument, "request_time"))
    if letter in _APACHE_BY_ARGUMENT and argument:
        if letter == "C":
            return _Value(f"cookie_{argument}")
        name = _APACHE_BY_ARGUMENT[letter] + argument.lower().replace("-", "_")
        return _Value(_HEADERS.get(name, name))
    if letter == "a" and argument == "c":
        return _Value("peer_address")
    return _Value(_APACHE.get(letter, f"apache_{letter.strip('^')}"))


def _joined(parts: list[str | _Value]) -> tuple[tuple[str, ...], str]:
    """Group names and pattern; a value ends where what follows it in the format begins."""
    names: list[str] = []
    pattern = ""
    for position, part in enumerate(parts):
        if isinstance(part, str):
            pattern += re.escape(part)
            continue
        before = parts[position - 1] if position else ""
        after = parts[position + 1] if position + 1 < len(parts) else ""
        if isinstance(after, _Value) or (after == "" and position + 2 < len(parts)):
            raise BadLogFormat(f"has nothing between {part.name} and what follows it, so no line can be divided there")
        name = part.name
        while name in names:
            name += "_"
        names.append(name)
        pattern += _group(part, str(before), after)
    return tuple(names), pattern


def _group(value: _Value, before: str, after: str) -> str:
    if value.in_brackets:
        return r"\[([^\]]*)\]"
    if value.name in _NUMBERS:
        return r"([\d.]+|-)"
    if before.endswith('"') and after.startswith('"'):
        return f"({_QUOTED_VALUE})"
    if value.name == "ident":
        return r"([^\s.:]*)"  # of a line that begins with a host and a port, the address would be the ident
    if not after:
        return "(.*)"
    if value.name in _FREE or value.name.startswith("upstream_"):
        return "(.*?)"
    if after[0] != " ":
        return f"([^{re.escape(after[0])}]*)"
    return "(.*?)" if " " in value.time_format else r"(\S*)"
