"""What an erasure under way has decided, so that it can be killed at any moment and finished by the next one.

The only place that holds the ids in plain text while the work goes on; removed at its end. Renames that belong together (raw
files and the ledger) are listed here first and then done: whoever comes later does those that are left.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from pipeline.ingest.lake.ledger import sync
from pipeline.privacy.person import Person


@dataclass
class Journal:
    """One erasure: who, since when, what was found and removed, and the renames that are due."""

    path: Path
    kind: str = ""
    given: str = ""
    users: list[str] = field(default_factory=list)
    devices: list[str] = field(default_factory=list)
    anonymous: list[str] = field(default_factory=list)
    started_at: str = ""
    removed: list[dict[str, Any]] = field(default_factory=list)
    renames: list[list[str]] = field(default_factory=list)
    n_named: int = 0

    @staticmethod
    def place(data_dir: Path) -> Path:
        """Where the journal of a home lies."""
        return data_dir / "erasures" / ".under-way.json"

    @classmethod
    def read(cls, data_dir: Path) -> Journal | None:
        """The erasure that was not finished, if there is one."""
        path = cls.place(data_dir)
        return cls(path, **json.loads(path.read_text(encoding="utf-8"))) if path.exists() else None

    @property
    def person(self) -> Person:
        """Who is erased."""
        return Person(frozenset(self.users), frozenset(self.devices), frozenset(self.anonymous))

    def write(self) -> None:
        """Keep it in one step; readable for this user alone."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        made = self.path.with_suffix(".tmp")
        made.touch(mode=0o600)
        content = {name: value for name, value in asdict(self).items() if name != "path"}
        made.write_text(json.dumps(content), encoding="utf-8")
        sync(made)
        os.replace(made, self.path)
        sync(self.path.parent)

    def note(self, place: str, kind: str, n: int, unit: str, is_done: bool = True) -> None:
        """What was taken out of one place: kept at once where it is done, else with the renames that will do it."""
        if n:
            self.removed.append({"place": place, "kind": kind, "removed": n, "unit": unit})
            if is_done:
                self.write()

    def rename_all(self) -> None:
        """Do the renames that are left."""
        for made, final in self.renames:
            if Path(made).exists():
                os.replace(made, final)
                sync(Path(final).parent)
        self.renames = []
        self.write()

    def close(self) -> None:
        """Forget the ids: the work is done."""
        self.path.unlink(missing_ok=True)
        sync(self.path.parent)
