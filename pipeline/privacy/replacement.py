"""New content in the place of a file, unless the file is not the one any more that the new content was made from.

A file that was delivered again or written to in between is left alone: nothing of it may be lost. Not here: the new
content (rewrite.py).
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.home.atomic import fsync
from pipeline.home.checksums import RecordDamaged, accept, digest, read_record

State = tuple[int, ...]


def state_of(path: Path) -> State | None:
    """What changes with every write to a file and every other file under its name; None if there is none."""
    try:
        stat = path.stat()
    except FileNotFoundError:
        return None
    return stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns


@dataclass(frozen=True)
class Replacement:
    """A complete copy beside a file, and the file that it was made from: by its state, or by its content (`sha256`)."""

    new: Path
    final: Path
    state: State | None
    sha256: str = ""

    @staticmethod
    def read(kept: Any) -> Replacement:
        """From a journal; one of an older version does not know the file, so it replaces none."""
        new, final, *known = kept
        state, sha256 = known or (None, "")
        return Replacement(Path(new), Path(final), tuple(state) if state else None, sha256)

    def kept(self) -> list[Any]:
        """As a journal keeps it."""
        return [str(self.new), str(self.final), self.state, self.sha256]

    def carry_out(self) -> bool:
        """Put the new content in place; False if the file is another one by now, and was left as it is."""
        if not self.new.exists():
            return True  # done before
        if not self._is_same_file():
            self.new.unlink()
            return False
        if _is_recorded(self.final):
            accept(self.final.parent, {self.final.name: digest(self.new)})
        os.replace(self.new, self.final)
        fsync(self.final.parent)
        return True

    def _is_same_file(self) -> bool:
        state = state_of(self.final)
        if state is None or self.state is None:
            return False
        # A changed right or a restored backup has another state and the same content.
        return state == self.state or (state[2] == self.state[2] and digest(self.final).sha256 == self.sha256)


def _is_recorded(path: Path) -> bool:
    """Whether the folder keeps our checksums, and this one; a file of that name may be anybody's."""
    try:
        return path.name in read_record(path.parent)
    except RecordDamaged:
        return False


def take_over_owner(path: Path, new: Path) -> None:
    """Give a copy the rights and, where this user may, the owner of the file it replaces."""
    stat = path.stat()
    os.chmod(new, stat.st_mode & 0o7777)
    if (stat.st_uid, stat.st_gid) != (os.geteuid(), os.getegid()):
        with suppress(PermissionError):
            os.chown(new, stat.st_uid, stat.st_gid)
            os.chmod(new, stat.st_mode & 0o7777)  # a change of owner clears some bits
