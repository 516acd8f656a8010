"""The ASGI application: a request from its first byte to its answer.

Whatever can be refused by the headers is refused before the body is kept, and nothing is answered with 202 before the
writer has it on disk. Not here: judging events (events.py), bytes (body.py), keys (policy.py), files (writer.py).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import MutableMapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from collector import answers
from collector.addresses import Network, client_address, is_loopback, truncated
from collector.answers import Answer, Headers, Receive, Send
from collector.body import BadRequest, check_content, inflate, parse, too_large
from collector.cookie import read_id, set_id
from collector.events import Rules, Sender, read_events
from collector.metrics import Metrics
from collector.policy import Client, Policy, key_in
from collector.rates import Rates
from collector.script import Script
from collector.writer import NotWritten, Writer

_RETRY_QUEUE_S, _RETRY_WRITE_S, _RETRY_DISK_S = 1, 5, 60
_DRAINED = 8  # times the limit of a request: so much more is received, unread, so that its client sees the answer

Scope = MutableMapping[str, Any]


@dataclass(frozen=True)
class Limits:
    """How much is taken, and from whom."""

    path: str
    script_path: str
    id_cookie: str | None
    trusted: tuple[Network, ...]
    max_request_bytes: int
    timeout_s: float
    max_queue_bytes: int
    min_free_bytes: int
    per_key: int
    per_address: int


class Unavailable(BadRequest):
    """Nothing is wrong with the request: it may come again."""

    def __init__(self, code: str, message: str, retry_s: int, status: int = 503) -> None:
        super().__init__(status, code, message)
        self.retry_s = retry_s


class Collector:
    """Answers requests; one per process."""

    def __init__(self, policy: Policy, rules: Rules, limits: Limits, writer: Writer, metrics: Metrics) -> None:
        self._policy, self._rules, self._limits = policy, rules, limits
        self._writer, self._metrics = writer, metrics
        self._rates = Rates(time.monotonic)
        self._script = Script(limits.path)
        self._n_received = 0  # bytes of bodies that are not with the writer yet

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            if scope["path"] == self._limits.path:
                answer = await self._answer(scope, receive)
                self._metrics.answers[answer.status] += 1
            else:
                answer = await self._read(scope["path"], scope["method"], _Headers(scope["headers"]))
            await answer.send(send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        try:
            await self._writer.start()
        except OSError as error:
            message = f"{self._writer.raw} cannot be written: {error.strerror or error}"
            await send({"type": "lifespan.startup.failed", "message": message})
            return
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._writer.close()
        await send({"type": "lifespan.shutdown.complete"})

    async def _read(self, path: str, method: str, headers: _Headers) -> Answer:
        if method in ("GET", "HEAD"):
            if path == self._limits.script_path:
                return self._script.answer(headers.get(b"accept-encoding"), headers.get(b"if-none-match"))
            if path == "/healthz":
                return answers.text(200, "ok\n")
            if path == "/metrics":
                return answers.text(200, self._metrics.text(self._writer.n_queued, self._writer.free_bytes()))
            if path == "/readyz":
                return await self._readiness()
        return answers.refused(BadRequest(404, "not_found", f"events are sent to {self._limits.path}"))

    async def _readiness(self) -> Answer:
        try:
            self._check_room()
            await self._writer.write_canary()
        except Unavailable as error:
            return answers.text(503, f"{error}\n")
        except (OSError, RuntimeError) as error:
            return answers.text(503, f"data/raw cannot be written: {error}\n")
        return answers.text(200, "ready\n")

    async def _answer(self, scope: Scope, receive: Receive) -> Answer:
        headers = _Headers(scope["headers"])
        origin = headers.get(b"origin")
        shared = answers.cors(origin) if origin and self._policy.is_known(origin) else ()
        if scope["method"] == "OPTIONS":
            return answers.preflight(origin) if shared else answers.refused(_foreign(origin))
        body = _Body(receive, self._limits.max_request_bytes)
        try:
            async with asyncio.timeout(self._limits.timeout_s):
                try:
                    client, address = self._admit(scope, headers, origin)
                    content = await self._receive(body)
                except BadRequest:
                    await body.drain()
                    raise
        except BadRequest as error:
            return _refused(error, shared)
        except TimeoutError:
            slow = BadRequest(408, "too_slow", f"a request may take {self._limits.timeout_s:g} s to arrive")
            return _refused(slow, (*shared, (b"connection", b"close")))
        try:
            return await self._take(content, client, address, headers, shared)
        except BadRequest as error:
            return _refused(error, shared)
        finally:
            self._n_received -= len(content)

    def _admit(self, scope: Scope, headers: _Headers, origin: str) -> tuple[Client, str]:
        """Who sends, and from where. Raises BadRequest for all that the headers show."""
        if scope["method"] != "POST":
            raise BadRequest(405, "method", "events are sent with POST")
        client = self._policy.client_of(headers.get(b"x-write-key") or key_in(scope["query_string"]))
        if client is None:
            raise BadRequest(401, "write_key", "expected a write key in the header X-Write-Key or in ?key=")
        if origin and not client.allows(origin):
            raise _foreign(origin)
        peer = scope["client"][0] if scope.get("client") else ""
        address = client_address(peer, headers.all(b"x-forwarded-for"), self._limits.trusted)
        self._check_rate(client, address)
        check_content(headers.get(b"content-type"), headers.get(b"content-encoding"))
        length = headers.get(b"content-length")
        if length.isdigit() and int(length) > self._limits.max_request_bytes:
            raise too_large(self._limits.max_request_bytes)
        self._check_room()
        return client, address

    def _check_rate(self, client: Client, address: str) -> None:
        wait = self._rates.take(client, self._limits.per_key)
        if not wait and not client.is_server and not is_loopback(address):
            wait = self._rates.take((client, address), self._limits.per_address)
        if wait:
            raise Unavailable("too_many_requests", "too many requests: send more events at once", wait, status=429)

    def _check_room(self) -> None:
        if self._writer.is_closing:
            raise Unavailable("stopping", "the collector is stopping", _RETRY_WRITE_S)
        if self._writer.free_bytes() < self._limits.min_free_bytes:
            raise Unavailable("disk_full", "the disk is nearly full", _RETRY_DISK_S)
        if self._writer.n_queued + self._n_received > self._limits.max_queue_bytes:
            raise Unavailable("queue_full", "too many events wait for the disk", _RETRY_QUEUE_S)

    async def _receive(self, body: _Body) -> bytes:
        """All of the body; what is held of it counts as long as the caller has it."""
        n_held = 0
        try:
            while body.has_more:
                n_bytes = await body.receive()
                n_held += n_bytes
                self._n_received += n_bytes
                if body.has_more:
                    self._check_room()
        except BaseException:
            self._n_received -= n_held
            raise
        return body.content()

    async def _take(self, content: bytes, client: Client, address: str, headers: _Headers, shared: Headers) -> Answer:
        """Read the events and wait until they are on disk."""
        if headers.get(b"content-encoding").strip().lower() == "gzip":
            content = inflate(content, self._limits.max_request_bytes)
        has_opted_out = headers.get(b"sec-gpc").strip() == "1"
        cookie = None if client.is_server or has_opted_out else self._limits.id_cookie
        sender = Sender(
            received_at=datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            address=truncated(address),
            user_agent=headers.get(b"user-agent") or None,
            is_server=client.is_server,
            has_opted_out=has_opted_out,
            device=read_id(headers.get(b"cookie"), cookie) if cookie else None,
        )
        lines = read_events(parse(content), sender, self._rules)
        try:
            await self._writer.append(client.source, lines.events, lines.rejected)
        except NotWritten as error:
            raise Unavailable("not_written", "the events could not be written", _RETRY_WRITE_S) from error
        self._metrics.accepted[client.source] += len(lines.events)
        self._metrics.rejected.update((client.source, answer["code"]) for answer in lines.answers)
        if cookie and lines.anonymous_id:
            shared = (*shared, *set_id(cookie, lines.anonymous_id, headers.get(b"x-forwarded-proto") == "https"))
        return answers.accepted(len(lines.events), lines.answers, shared, lines.anonymous_id)


class _Headers:
    """The headers of a request."""

    def __init__(self, pairs: Any) -> None:
        self._pairs, self._values = pairs, dict(pairs)

    def get(self, name: bytes) -> str:
        value = self._values.get(name)
        return value.decode("latin-1") if value else ""

    def all(self, name: bytes) -> list[str]:
        return [value.decode("latin-1") for key, value in self._pairs if key == name]


class _Body:
    """The body of a request as it arrives. Raises BadRequest where it is larger than the limit, or its client left."""

    def __init__(self, receive: Receive, limit: int) -> None:
        self._receive, self._limit = receive, limit
        self._chunks: list[bytes] = []
        self._n_bytes = 0
        self.has_more = True

    async def receive(self) -> int:
        """Receive and keep the next piece; how many bytes it has."""
        chunk = await self._next()
        self._n_bytes += len(chunk)
        if self._n_bytes > self._limit:
            raise too_large(self._limit)
        self._chunks.append(chunk)
        return len(chunk)

    def content(self) -> bytes:
        return self._chunks[0] if len(self._chunks) == 1 else b"".join(self._chunks)

    async def drain(self) -> None:
        """Receive the rest of a body that is refused, without keeping it."""
        self._chunks.clear()
        left = self._limit * _DRAINED
        while self.has_more and left > 0:
            try:
                left -= len(await self._next())
            except BadRequest:
                return

    async def _next(self) -> bytes:
        message = await self._receive()
        if message["type"] == "http.disconnect":
            self.has_more = False
            raise BadRequest(400, "cut_off", "the connection ended before the body did")
        self.has_more = message.get("more_body", False)
        return bytes(message.get("body", b""))


def _foreign(origin: str) -> BadRequest:
    return BadRequest(403, "origin", f"pages of {origin[:200] or 'no origin'} may not send: add it to `origins`")


def _refused(error: BadRequest, headers: Headers) -> Answer:
    if isinstance(error, Unavailable):
        headers = (*headers, *answers.retry_after(error.retry_s))
    return answers.refused(error, headers)
