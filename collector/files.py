"""The files that events are appended to: `<source>/<date>/<hour>-<instance>-<n>.jsonl`, `.part` while they are open.

Belongs here: creating, appending durably, finishing, and repairing what a killed process left. Several processes write
beside each other: each has an instance of its own in its names, and a lock on each open file. Not here: which lines
(events.py), and when (writer.py).
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pipeline.home.atomic import fsync
from pipeline.home.open_files import OPEN_ENDING, lock_open_file

EVENTS, REJECTED = ".jsonl", ".rejected.jsonl"
_OPEN_NAME = re.compile(r"\d\d-[0-9a-f]{8}-\d+(\.rejected)?\.jsonl\.part")
_READ_BYTES = 1 << 16
_MODE = 0o666  # of which the umask takes its part
_log = logging.getLogger("growthhouse.collector")


@dataclass(frozen=True)
class Rotation:
    """When a file is finished, besides at the end of its hour."""

    max_bytes: int
    max_seconds: float


@dataclass
class _OpenFile:
    descriptor: int
    path: Path  # with `.part`
    opened_at: datetime
    n_durable: int = 0  # bytes that are certainly on disk

    @property
    def final(self) -> Path:
        return self.path.with_name(self.path.name.removesuffix(OPEN_ENDING))


class Appender:
    """Appends to the newest file of one source. One thread at a time."""

    def __init__(self, folder: Path, instance: str, ending: str, rotation: Rotation) -> None:
        self._folder, self._instance, self._ending, self._rotation = folder, instance, ending, rotation
        self._file: _OpenFile | None = None
        self._n_files = 0

    def append(self, lines: bytes, now: datetime) -> None:
        """Write complete lines and sync them. After an OSError none of them counts, and earlier ones still do."""
        self.finish_if_due(now)
        file = self._file = self._file or self._create(now)
        try:
            _write_all(file.descriptor, lines)
        except OSError:
            self._take_back(file, is_sound=True)
            raise
        try:
            os.fdatasync(file.descriptor)
        except OSError:  # the kernel may have dropped what it could not write: nothing more goes into this file
            self._take_back(file, is_sound=False)
            raise
        file.n_durable += len(lines)

    def finish_if_due(self, now: datetime) -> None:
        """Finish a file that is large or old enough, or of another hour; one that cannot be renamed stays open."""
        file = self._file
        if file is None:
            return
        is_other_hour = (now.date(), now.hour) != (file.opened_at.date(), file.opened_at.hour)
        age = (now - file.opened_at).total_seconds()
        if not os.fstat(file.descriptor).st_nlink:  # somebody removed it: nothing more must go there
            self._close(file)
        elif is_other_hour or age >= self._rotation.max_seconds or file.n_durable >= self._rotation.max_bytes:
            self.finish()

    def finish(self) -> None:
        """Give the file its final name: from now on a night reads it."""
        file = self._file
        if file is None:
            return
        try:
            _publish(file.path, file.final, file.n_durable)
        except OSError as error:
            _log.error("%s cannot be renamed (%s); the next start of the collector does it", file.path, error)
        self._close(file)

    def _take_back(self, file: _OpenFile, is_sound: bool) -> None:
        """Cut off what was not acknowledged, so that a client that sends it again is not counted twice."""
        try:
            os.ftruncate(file.descriptor, file.n_durable)
        except OSError:
            self._close(file)  # it stays `.part`, and is repaired at the next start
            return
        if not is_sound or not file.n_durable:
            self.finish()

    def _close(self, file: _OpenFile) -> None:
        self._file = None
        with suppress(OSError):
            os.close(file.descriptor)

    def _create(self, now: datetime) -> _OpenFile:
        folder = self._folder / f"{now:%Y-%m-%d}"
        _make_folder(folder)
        while True:
            self._n_files += 1
            path = folder / f"{now:%H}-{self._instance}-{self._n_files}{self._ending}{OPEN_ENDING}"
            descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC, _MODE)
            try:
                if lock_open_file(descriptor, path):  # else a collector that starts now took it for a dead one's
                    fsync(folder)
                    return _OpenFile(descriptor, path, now)
            except BaseException:
                os.close(descriptor)
                path.unlink(missing_ok=True)
                raise
            os.close(descriptor)


def _write_all(descriptor: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(descriptor, left) :]


def _make_folder(folder: Path) -> None:
    """Create a folder and those above it, each of which is then in its parent on disk."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for path in reversed(missing):
        fsync(path.parent)


def _publish(path: Path, final: Path, n_bytes: int) -> None:
    if n_bytes:
        os.rename(path, final)
    else:
        path.unlink()
    fsync(path.parent)


def write_canary(raw: Path, instance: str) -> None:
    """Write, sync and remove a small file. Raises OSError where events could not be written either."""
    raw.mkdir(parents=True, exist_ok=True)
    path = raw / f".canary-{instance}"  # hidden, so that no source reads it
    descriptor = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        os.write(descriptor, b"canary\n")
        os.fdatasync(descriptor)
    finally:
        os.close(descriptor)
        with suppress(OSError):
            path.unlink()


def repair(raw: Path) -> Iterator[str]:
    """Finish the open files of processes that have ended; yields a sentence for each.

    Whatever follows the last line end was never acknowledged: an answer is given after the sync of whole lines.
    """
    for path in sorted(raw.glob(f"*/*/*{OPEN_ENDING}")):
        if _OPEN_NAME.fullmatch(path.name):
            try:
                yield from _repair_file(path)
            except FileNotFoundError:
                continue  # another process did it
            except OSError as error:
                yield f"{path} was left open and cannot be repaired: {error.strerror or error}"


def _repair_file(path: Path) -> Iterator[str]:
    descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        if not lock_open_file(descriptor, path):
            return  # its writer is alive
        size = os.fstat(descriptor).st_size
        n_whole = _end_of_last_line(descriptor, size)
        if n_whole < size:
            os.ftruncate(descriptor, n_whole)
        os.fsync(descriptor)
        _publish(path, path.with_name(path.name.removesuffix(OPEN_ENDING)), n_whole)
        yield f"{path} was left open: finished with {n_whole:,} bytes, {size - n_whole:,} of a torn line cut off"
    finally:
        os.close(descriptor)


def _end_of_last_line(descriptor: int, size: int) -> int:
    """The position after the last line end."""
    end = size
    while end:
        start = max(0, end - _READ_BYTES)
        found = os.pread(descriptor, end - start, start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        end = start
    return 0
