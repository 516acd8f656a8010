"""Starts the collector: uvicorn with its limits, one process or several on one socket. Not here: the command line."""

from __future__ import annotations

import asyncio
import os
import socket
from contextlib import suppress
from functools import lru_cache
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.supervisors import Multiprocess

from collector.app import Collector, Limits
from collector.events import Rules
from collector.files import Rotation
from collector.metrics import Metrics
from collector.policy import read_policy
from collector.writer import Writer, WriterRules
from pipeline.settings import PLACEHOLDERS, Settings, load_settings, trimmed

_HOST_VARIABLE = "GROWTH_COLLECTOR_HOST"  # for processes that are started with the config alone
_HEADER_S, _MAX_HEADER_BYTES = 10.0, 1 << 16
_GRACE_S = 30
_CACHED_IDS = 1 << 16


def create_app(settings: Settings, host: str) -> Collector:
    """The application of one process. Raises ConfigError."""
    config, policy, metrics = settings.collector, read_policy(settings, host), Metrics()
    writer_rules = WriterRules(
        rotation=Rotation(config.max_file_bytes, config.max_open),
        gather_s=config.gather_ms / 1000,
        max_queue_bytes=config.max_queue_bytes,
        min_free_bytes=config.min_free_bytes,
    )
    rules = Rules(
        max_event_bytes=config.max_event_bytes,
        max_line_bytes=settings.cleaning.max_line_bytes,
        max_nesting=config.max_nesting,
        max_keys=config.max_keys,
        is_id=lru_cache(_CACHED_IDS)(settings.identity.is_valid_id),
        is_text=lru_cache(_CACHED_IDS)(_is_text),
    )
    limits = Limits(
        path=config.path,
        script_path=config.script_path,
        id_cookie=config.id_cookie,
        trusted=tuple(ip_network(network) for network in config.trusted_proxies),
        max_request_bytes=config.max_request_bytes,
        timeout_s=config.request_timeout,
        max_queue_bytes=config.max_queue_bytes,
        min_free_bytes=config.min_free_bytes,
        per_key=config.rate.per_key,
        per_address=config.rate.per_address,
    )
    writer = Writer(settings.data_dir / "raw", policy.sources, writer_rules, metrics)
    return Collector(policy, rules, limits, writer, metrics)


def _is_text(given: str) -> bool:
    return trimmed(given).lower() not in ("", *PLACEHOLDERS)


def app_of_environment() -> Collector:
    """The application of a process that was started for the config in the environment."""
    settings = load_settings(Path(os.environ["GROWTH_CONFIG"]), Path(os.environ["GROWTH_HOME"]))
    return create_app(settings, os.environ[_HOST_VARIABLE])


def listen(host: str, port: int) -> socket.socket:
    """The socket of all processes. Raises OSError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    opened = socket.create_server((host, port), family=family, backlog=2048)
    opened.set_inheritable(True)
    return opened


def serve(opened: socket.socket, host: str, n_workers: int) -> None:
    """Answer requests until a signal ends it; what was accepted is then on disk."""
    os.environ[_HOST_VARIABLE] = host
    config = uvicorn.Config(
        "collector.serve:app_of_environment",
        factory=True,
        http=ImpatientProtocol,
        ws="none",
        lifespan="on",
        workers=n_workers,
        proxy_headers=False,  # policy and addresses are ours to judge
        server_header=False,
        access_log=False,  # it would hold whole addresses
        log_level="warning",
        timeout_graceful_shutdown=_GRACE_S,
    )
    server = uvicorn.Server(config)
    with suppress(KeyboardInterrupt):  # uvicorn sends the signal that ended it once more
        if n_workers > 1:
            Multiprocess(config, sockets=[opened]).run()
        else:
            server.run(sockets=[opened])
            if not server.started:
                raise NotStarted("the collector could not start; the reason is above")


class NotStarted(Exception):
    """No request was answered."""


class ImpatientProtocol(HttpToolsProtocol):
    """Closes a connection whose headers take too long or too much; for bodies, app.py has limits."""

    _timer: asyncio.TimerHandle | None = None
    _n_bytes = 0

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._expect_headers()

    def data_received(self, data: bytes) -> None:
        if self._timer is None and (self.cycle is None or self.cycle.response_complete):
            self._expect_headers()
        super().data_received(data)
        self._n_bytes += len(data)
        if self._timer is not None and self._n_bytes > _MAX_HEADER_BYTES:
            self.transport.close()

    def on_headers_complete(self) -> None:
        self._forget_timer()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        self._forget_timer()
        super().connection_lost(exc)

    def _expect_headers(self) -> None:
        self._n_bytes = 0
        self._timer = self.loop.call_later(_HEADER_S, self.transport.close)

    def _forget_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
