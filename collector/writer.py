"""Group commit: lines of many requests are gathered for some milliseconds, written and synced together, then answered.

Belongs here: queue, groups, threads, the free disk. Not here: files (files.py), requests (app.py). Each source has a
group of its own, so that one whose folder cannot be written does not stop the others.
"""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from collector.files import EVENTS, REJECTED, Appender, Rotation, repair, write_canary
from collector.metrics import Metrics

_CHECK_S = 1.0  # how often files are looked at that may be due, and the free disk
_FULL_GROUP_BYTES = 1 << 20  # a group as large as this waits for no more
_MAX_THREADS = 8
_LOG_EVERY_S = 10.0
_Result = TypeVar("_Result")
_log = logging.getLogger("growthhouse.collector")


class NotWritten(Exception):
    """Lines are not on disk, and none of them will be."""


@dataclass(frozen=True)
class WriterRules:
    """How the writer is configured."""

    rotation: Rotation
    gather_s: float
    max_queue_bytes: int
    min_free_bytes: int


@dataclass
class _Group:
    done: asyncio.Future[None]
    started: float
    events: list[bytes] = field(default_factory=list)
    rejected: list[bytes] = field(default_factory=list)
    n_bytes: int = 0


class Writer:
    """Writes below one folder. Its methods belong to one event loop."""

    def __init__(self, raw: Path, sources: Sequence[str], rules: WriterRules, metrics: Metrics) -> None:
        self.raw, self.rules, self.metrics = raw, rules, metrics
        self.instance = secrets.token_hex(4)
        self.n_queued = 0  # bytes that wait for the disk
        self._free, self._free_at = 0, -_CHECK_S
        self._pool = ThreadPoolExecutor(min(_MAX_THREADS, len(sources) + 1), thread_name_prefix="collector")
        self._channels = {source: _Channel(self, source) for source in sources}
        self._tasks: list[asyncio.Task[None]] = []
        self._is_closing = False

    async def start(self) -> None:
        """Repair what killed processes left, then begin to write. Raises OSError where nothing can be written."""
        for sentence in await self.in_thread(self._prepare):
            _log.warning(sentence)
        self._tasks = [asyncio.create_task(channel.run()) for channel in self._channels.values()]

    async def append(self, source: str, events: list[bytes], rejected: list[bytes]) -> None:
        """Return once these lines are on disk. Raises NotWritten."""
        if self._is_closing:
            raise NotWritten("the collector is stopping")
        n_bytes = sum(map(len, events)) + sum(map(len, rejected))
        self.n_queued += n_bytes
        self._free -= n_bytes  # until free space is read again
        try:
            await self._channels[source].add(events, rejected, n_bytes)
        finally:
            self.n_queued -= n_bytes

    async def close(self) -> None:
        """Write what waits, and give all files their final names."""
        self._is_closing = True
        for channel in self._channels.values():
            channel.wake.set()
        await asyncio.gather(*self._tasks)
        self._pool.shutdown()

    @property
    def is_closing(self) -> bool:
        """Whether nothing more is taken."""
        return self._is_closing

    def free_bytes(self) -> int:
        """Free bytes of the disk, at most a second old; 0 where that cannot be read."""
        now = time.monotonic()
        if now - self._free_at >= _CHECK_S:
            try:
                found = os.statvfs(self.raw)
                self._free = found.f_bavail * found.f_frsize
            except OSError:
                self._free = 0
            self._free_at = now
        return self._free

    async def write_canary(self) -> None:
        """Write, sync and remove a small file. Raises OSError."""
        await self.in_thread(write_canary, self.raw, self.instance)

    async def in_thread(self, function: Callable[..., _Result], *arguments: object) -> _Result:
        """Call a function that waits for the disk."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, function, *arguments)

    def _prepare(self) -> list[str]:
        write_canary(self.raw, self.instance)
        return list(repair(self.raw))


class _Channel:
    """The groups and files of one source."""

    def __init__(self, writer: Writer, source: str) -> None:
        self._writer, self._source = writer, source
        folder, rotation = writer.raw / source, writer.rules.rotation
        self._events = Appender(folder, writer.instance, EVENTS, rotation)
        self._rejected = Appender(folder, writer.instance, REJECTED, rotation)
        self._group: _Group | None = None
        self._logged_at = -_LOG_EVERY_S
        self.wake = asyncio.Event()

    async def add(self, events: list[bytes], rejected: list[bytes], n_bytes: int) -> None:
        group = self._group
        if group is None:
            group = self._group = _Group(asyncio.get_running_loop().create_future(), time.monotonic())
            self.wake.set()
        group.events += events
        group.rejected += rejected
        group.n_bytes += n_bytes
        await group.done  # requests are cancelled only when the server is forced to end, and all of them then

    async def run(self) -> None:
        """Write group after group, until the writer closes and nothing waits."""
        while not (self._writer.is_closing and self._group is None):
            with suppress(TimeoutError):
                await asyncio.wait_for(self.wake.wait(), _CHECK_S)
            self.wake.clear()
            if self._group is None:
                await self._writer.in_thread(self._finish_due)
            else:
                await self._gather(self._group)
                await self._write(self._group)
        await self._writer.in_thread(self._finish)

    async def _gather(self, group: _Group) -> None:
        left = group.started + self._writer.rules.gather_s - time.monotonic()
        if left > 0 and group.n_bytes < _FULL_GROUP_BYTES and not self._writer.is_closing:
            await asyncio.sleep(left)

    async def _write(self, group: _Group) -> None:
        self._group = None
        try:
            seconds = await self._writer.in_thread(self._append, b"".join(group.events), b"".join(group.rejected))
        except Exception as error:  # whatever it is, nobody may wait for ever
            self._report(error)
            if not group.done.done():
                group.done.set_exception(NotWritten(str(error)))
                group.done.exception()  # seen, even where every client has gone
        else:
            self._writer.metrics.wrote(group.n_bytes, seconds)
            if not group.done.done():
                group.done.set_result(None)

    def _append(self, events: bytes, rejected: bytes) -> float:
        now, started = datetime.now(UTC), time.perf_counter()
        if rejected:
            self._rejected.append(rejected, now)
        if events:
            self._events.append(events, now)
        return time.perf_counter() - started

    def _finish_due(self) -> None:
        now = datetime.now(UTC)
        for files in (self._events, self._rejected):
            try:
                files.finish_if_due(now)
            except OSError as error:
                self._report(error)

    def _finish(self) -> None:
        self._events.finish()
        self._rejected.finish()

    def _report(self, error: Exception) -> None:
        self._writer.metrics.failed_writes += 1
        now = time.monotonic()
        if now - self._logged_at >= _LOG_EVERY_S:
            self._logged_at = now
            _log.error("events of source '%s' cannot be written: %s", self._source, error)
