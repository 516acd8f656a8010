"""What an erasure in progress has decided, so that it can be killed at any moment and finished by the next one.

The only place that keeps the ids in plain text; removed at the end. Renames that belong together (raw files and the
ledger) are listed here before they are done, so that a later erasure can do those that are left.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from pipeline.home.atomic import fsync, write_private
from pipeline.privacy.person import Person
from pipeline.privacy.replacement import Replacement


@dataclass
class Journal:
    """One erasure: who, since when, what was removed, and the renames that are due."""

    path: Path
    kind: str = ""
    given: str = ""
    users: list[str] = field(default_factory=list)
    devices: list[str] = field(default_factory=list)
    anonymous: list[str] = field(default_factory=list)
    started_at: str = ""
    removed: list[dict[str, Any]] = field(default_factory=list)
    renames: list[list[Any]] = field(default_factory=list)
    n_named: int = 0
    also: list[str] = field(default_factory=list)
    is_rest_left: bool = False
    failed: dict[str, str] = field(default_factory=dict)  # files that could not be rewritten, and why

    @staticmethod
    def place(data_dir: Path) -> Path:
        """The file of a home's journal."""
        return data_dir / "erasures" / ".under-way.json"

    @classmethod
    def read(cls, data_dir: Path) -> Journal | None:
        """The erasure that was not finished, if any."""
        path = cls.place(data_dir)
        return cls(path, **json.loads(path.read_text(encoding="utf-8"))) if path.exists() else None

    @property
    def person(self) -> Person:
        """Who is erased."""
        return Person(*map(frozenset, (self.users, self.devices, self.anonymous, self.also)))

    def write(self) -> None:
        """Save it in one step, readable for this user alone."""
        content = {name: value for name, value in asdict(self).items() if name != "path"}
        write_private(json.dumps(content), self.path)

    def note(self, place: str, kind: str, n: int, unit: str, is_done: bool = True) -> None:
        """Add what was removed from one place; saved now if it is done, else with the renames that will do it."""
        if n:
            self.removed.append({"place": place, "kind": kind, "removed": n, "unit": unit})
            if is_done:
                self.write()

    def rename_all(self) -> None:
        """Do the renames that are left. A file that was delivered again since then is left as it is."""
        for kept in self.renames:
            Replacement.read(kept).carry_out()
        self.renames = []
        self.write()

    def drop(self) -> None:
        """Give the erasure up, as far as it was not carried out."""
        for kept in self.renames:
            Replacement.read(kept).new.unlink(missing_ok=True)
        self.close()

    def close(self) -> None:
        """Delete the ids: the work is done."""
        self.path.unlink(missing_ok=True)
        fsync(self.path.parent)
