"""A disk of its own for a test, to be filled to the last byte. Mounts need root; without it such tests are skipped."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def mounted(target: Path, *options: str) -> Iterator[None]:
    """A mount for the length of the block; skips where this user may not mount."""
    target.mkdir(exist_ok=True)
    made = subprocess.run(["mount", *options, str(target)], capture_output=True, text=True, check=False)
    if made.returncode:
        pytest.skip(f"needs the right to mount ({made.stderr.strip()})")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(target)], check=True)


def fill(disk: Path, leave_kb: int) -> Path:
    """Use up a disk but for so many kilobytes."""
    ballast = disk / "ballast"
    free = shutil.disk_usage(disk).free
    with ballast.open("wb") as out:
        os.posix_fallocate(out.fileno(), 0, free - leave_kb * 1024)
    return ballast
