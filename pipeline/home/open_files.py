"""Files that a process is still writing: their names end in `.part`, and a lock says whether it is alive.

The kernel releases the lock when the process ends, however it ends. Not here: what is written (`collector/`).
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

OPEN_ENDING = ".part"


def has_open_name(path: Path) -> bool:
    """Whether a file is called as one that is still written, by a process that may have ended."""
    return path.name.endswith(OPEN_ENDING)


def lock_open_file(descriptor: int, path: Path) -> bool:
    """Take the lock of a writer; False where another process has it, or has renamed or removed the file meanwhile."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return os.path.samestat(os.fstat(descriptor), os.stat(path))
    except (BlockingIOError, FileNotFoundError):
        return False


def is_being_written(path: Path) -> bool:
    """Whether the process that writes an open file is alive."""
    if not has_open_name(path):
        return False
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False
