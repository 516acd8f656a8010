"""A collector without a server or a disk: requests as ASGI messages, and a writer that keeps lines in memory."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from collector import serve
from collector.app import Collector
from collector.writer import NotWritten
from pipeline.settings import Settings, parse_settings

CONFIG: dict[str, Any] = {
    "site": {},
    "sources": [
        {"name": "shop", "path": "{home}/data/raw/shop/**/*.jsonl*"},
        {"name": "app", "path": "{home}/data/raw/app/**/*.jsonl*"},
    ],
    "collector": {
        "keys": [
            {"key": "web-key-1", "source": "shop", "origins": ["https://shop.example"]},
            {"key": "server-key-1", "source": "app", "client": "server"},
        ],
    },
}
WEB, SERVER = {"X-Write-Key": "web-key-1"}, {"X-Write-Key": "server-key-1"}
JSON = {"Content-Type": "application/json"}
EVENT: dict[str, Any] = {"event": "page_view", "timestamp": "2026-01-05T10:00:00Z", "userId": "u1"}


def settings_of(**collector: Any) -> Settings:
    """The config with other values of its section `collector`."""
    return parse_settings(json.dumps({**CONFIG, "collector": {**CONFIG["collector"], **collector}}))


@dataclass
class MemoryWriter:
    """What the application asks of a writer."""

    raw: Path = Path("data/raw")
    n_queued: int = 0
    free: int = 1 << 40
    is_closing: bool = False
    fails: bool = False
    events: dict[str, list[Any]] = field(default_factory=dict)
    rejected: dict[str, list[Any]] = field(default_factory=dict)

    async def start(self) -> None: ...

    async def close(self) -> None: ...

    async def write_canary(self) -> None:
        if self.fails:
            raise OSError("no canary")

    def free_bytes(self) -> int:
        return self.free

    async def append(self, source: str, events: list[bytes], rejected: list[bytes]) -> None:
        if self.fails:
            raise NotWritten("broken")
        self.events.setdefault(source, []).extend(map(json.loads, events))
        self.rejected.setdefault(source, []).extend(map(json.loads, rejected))


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Client:
    """Sends requests to an application in this process."""

    def __init__(self, settings: Settings, address: str = "203.0.113.77") -> None:
        self.app: Collector = serve.create_app(settings, "0.0.0.0" if settings.collector.keys else "127.0.0.1")
        self.writer = MemoryWriter()
        self.app._writer = self.writer  # type: ignore[assignment]
        self.address = address

    def post(self, body: Any, headers: dict[str, str] | None = None, **more: Any) -> Answer:
        """An event, or bytes as they are; as JSON and with the key of the web, unless `headers` say otherwise."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.request("POST", "/api/track", {**JSON, **WEB, **(headers or {})}, [content], **more)

    def request(
        self,
        method: str,
        path: str,
        headers: dict[str, str] | None = None,
        chunks: list[bytes] | None = None,
        query: str = "",
        is_slow: bool = False,
    ) -> Answer:
        return asyncio.run(self._request(method, path, headers or {}, chunks or [b""], query, is_slow))

    async def _request(
        self, method: str, path: str, headers: dict[str, str], chunks: list[bytes], query: str, is_slow: bool
    ) -> Answer:
        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "query_string": query.encode(),
            "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()],
            "client": (self.address, 50000),
        }
        waiting, sent = list(chunks), []

        async def receive() -> dict[str, Any]:
            if is_slow and len(waiting) == 1:
                await asyncio.sleep(3600)
            return {"type": "http.request", "body": waiting.pop(0), "more_body": bool(waiting)}

        async def send(message: Any) -> None:
            sent.append(message)

        await self.app(scope, receive, send)
        fields = {name.decode(): value.decode("latin-1") for name, value in sent[0]["headers"]}
        return Answer(sent[0]["status"], fields, sent[1]["body"])
