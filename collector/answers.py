"""Answers: status, headers (CORS among them) and body. Not here: which answer a request gets (app.py)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import orjson

from collector.body import BadRequest, dump

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Headers = tuple[tuple[bytes, bytes], ...]

_JSON: Headers = ((b"content-type", b"application/json"), (b"cache-control", b"no-store"))
_TEXT: Headers = ((b"content-type", b"text/plain; version=0.0.4; charset=utf-8"), (b"cache-control", b"no-store"))
_PREFLIGHT: Headers = (
    (b"access-control-allow-methods", b"POST"),
    (b"access-control-allow-headers", b"content-type, content-encoding, x-write-key"),
    (b"access-control-max-age", b"86400"),  # browsers cap it: Chromium asks again after two hours
)


@dataclass(frozen=True)
class Answer:
    """What is sent."""

    status: int
    body: bytes = b""
    headers: Headers = ()

    async def send(self, send: Send) -> None:
        """Send it in one piece."""
        length = (b"content-length", b"%d" % len(self.body))
        headers = (*self.headers, length) if self.status not in (204, 304) else self.headers
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": self.body})


@lru_cache(1024)
def cors(origin: str) -> Headers:
    """A page of this origin may read the answer; a cache must not give it to another."""
    return (
        (b"access-control-allow-origin", origin.encode("latin-1")),
        (b"access-control-allow-credentials", b"true"),  # sendBeacon always asks with them
        (b"access-control-expose-headers", b"retry-after"),
        (b"vary", b"origin"),
    )


def accepted(n: int, rejected: list[dict[str, Any]], headers: Headers, anonymous_id: str | None = None) -> Answer:
    """The events are on disk. A page is told the id in its cookie, which it cannot read."""
    body = dump({"accepted": n, "rejected": rejected}) if rejected else b'{"accepted":%d,"rejected":[]}' % n
    if anonymous_id:
        body = body[:-1] + b',"anonymousId":%s}' % dump(anonymous_id)
    return Answer(202, body, (*_JSON, *headers))


def refused(error: BadRequest, headers: Headers = ()) -> Answer:
    """Nothing of the request was kept."""
    body = orjson.dumps({"error": error.code, "message": str(error)})
    return Answer(error.status, body, (*_JSON, *headers))


def preflight(origin: str) -> Answer:
    """What a browser asks before it sends."""
    return Answer(204, b"", (*_PREFLIGHT, *cors(origin)))


def text(status: int, body: str) -> Answer:
    """Plain text for probes and Prometheus."""
    return Answer(status, body.encode(), _TEXT)


def retry_after(seconds: int) -> Headers:
    """When to send it again."""
    return ((b"retry-after", b"%d" % seconds),)
