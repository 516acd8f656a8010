"""From the bytes of a request to JSON values: encoding, compression, and the limits of both.

Not here: reading the bytes from the network (app.py), what the values mean (events.py).
"""

from __future__ import annotations

import json
import re
import zlib
from typing import Any

import orjson

# orjson refuses half of a surrogate pair, as JavaScript writes it after cutting an emoji in two, and rounds numbers
# with more than 19 digits, which may be ids. Python's parser keeps both.
_HALF_ESCAPE = re.compile(rb"\\u[dD][89a-fA-F]")
_HALF = re.compile("[\ud800-\udfff]")
_AS_NINES, _LONG_NUMBER = bytes.maketrans(b"0123456789", b"9999999999"), b"9" * 19
_GZIP_WINDOW = 31


class BadRequest(Exception):
    """A request that cannot be taken as a whole: its HTTP status and a code for programs, with a message."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code


def check_content(content_type: str, encoding: str) -> None:
    """Raise BadRequest where the body is declared as something else than JSON, plain or gzip."""
    kind, _, parameters = content_type.partition(";")
    charset = parameters.partition("charset=")[2].strip().strip('"').lower()
    if kind.strip().lower() not in ("application/json", "text/plain") or charset not in ("", "utf-8", "utf8"):
        expected = "expected Content-Type application/json or text/plain, in UTF-8"
        raise BadRequest(415, "content_type", f"{expected}, not {content_type[:100] or 'none'}")
    if encoding.strip().lower() not in ("", "identity", "gzip"):
        raise BadRequest(415, "content_encoding", f"expected Content-Encoding gzip or none, not {encoding[:100]}")


def too_large(limit: int) -> BadRequest:
    """The error of a body over the limit."""
    return BadRequest(413, "request_too_large", f"a request may have {limit:,} bytes: send fewer events at once")


def inflate(body: bytes, limit: int) -> bytes:
    """The content of a gzip body; it never takes more memory than the limit."""
    content, rest = bytearray(), body
    try:
        while rest:
            member = zlib.decompressobj(_GZIP_WINDOW)
            content += member.decompress(rest, limit + 1 - len(content))
            if len(content) > limit:
                raise too_large(limit)
            if not member.eof:
                raise BadRequest(400, "bad_gzip", "the gzip body is cut off")
            rest = member.unused_data
    except zlib.error as error:
        raise BadRequest(400, "bad_gzip", "the body is not gzip, as Content-Encoding says") from error
    return bytes(content)


def parse(body: bytes) -> Any:
    """The JSON value of a body."""
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        if not _HALF_ESCAPE.search(body):
            raise BadRequest(400, "bad_json", f"the body is not JSON: {error}") from error
        return _parse_slowly(body)
    return _parse_slowly(body) if _LONG_NUMBER in body.translate(_AS_NINES) else value


def _parse_slowly(body: bytes) -> Any:
    try:
        return json.loads(_whole(json.loads(body)))
    except (ValueError, RecursionError) as error:
        raise BadRequest(400, "bad_json", "the body is not JSON") from error


def _whole(value: Any) -> str:
    """JSON text without halves of surrogate pairs."""
    return _HALF.sub("\ufffd", json.dumps(value, ensure_ascii=False, allow_nan=False))


def dump(value: Any) -> bytes:
    """JSON on one line."""
    try:
        return orjson.dumps(value)
    except TypeError:  # an integer with more than 64 bits, or objects nested too deep for orjson
        try:
            return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
        except RecursionError as error:
            raise BadRequest(400, "too_deep", "objects and arrays are nested too deep") from error
