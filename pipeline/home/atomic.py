"""Replacing a file or a link in one step: a reader sees all of the new one or all of the old one.

Not here: what is written, and the checksums of folders (`pipeline.home.checksums`).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.home.failpoints import failpoint


def write_text(text: str, path: Path) -> None:
    """Write a text under a temporary name, fsync, rename."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
        failpoint("text_before_rename")


def write_private(text: str, path: Path) -> None:
    """The same for this user alone to read, with the rename synced too."""
    with replacing(path) as temporary:
        temporary.touch(mode=0o600)
        temporary.write_text(text, encoding="utf-8")
    fsync(path.parent)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """The temporary name to write `path` under; when the block ends it is synced and renamed.

    Where it fails, as on a full disk, nothing is left. A name that a killed process leaves behind ends in `.tmp` and is
    removed by the next night's clean-up.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        yield temporary
        fsync(temporary)
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def switch_link(link: Path, target: Path) -> None:
    """Make `link` a relative symbolic link to `target`: a reader sees the old target or the new one, never neither."""
    temporary = link.with_name(f".{link.name}.next")
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(os.path.relpath(target, link.parent))
    os.replace(temporary, link)


def fsync(path: Path) -> None:
    """Bring a file, or the names in a folder, to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
