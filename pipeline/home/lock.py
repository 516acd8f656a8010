"""The writer lock: one run at a time writes a home. The kernel releases it when the process ends, however it ends."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class WriterBusy(Exception):
    """Another run is writing this home."""


@contextmanager
def writer_lock(path: Path) -> Iterator[None]:
    """Hold the lock for the length of the block; raises WriterBusy, naming the holder, where another has it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            handle.seek(0)
            holder = handle.read().strip() or "unknown process"
            raise WriterBusy(f"another run is writing {path.parent} ({holder}); wait for it to end") from None
        handle.truncate(0)
        handle.write(f"process {os.getpid()}")
        handle.flush()
        yield
