"""What an erasure found, removed and searched, without the id itself: for the file that is kept and for a person to read."""

from __future__ import annotations

import json
import os
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pipeline.ingest.ledger import sync


@dataclass(frozen=True)
class Report:
    """`remaining` says where the person still is, by file; empty means that nothing was found in any of `n_searched`."""

    kind: str
    salted_sha256: str  # of the salt in tombstones.json and the id
    tombstone: str
    n_devices: int
    is_searchable: bool
    started_at: str
    removed: list[dict[str, Any]]
    n_named: int  # of the lake's rows: events of others that name the person
    n_searched: int
    remaining: dict[str, str]
    moved_exports: list[str]  # exported once and no longer there: copies elsewhere are out of reach

    @property
    def is_clean(self) -> bool:
        """Whether nothing remains."""
        return not self.remaining

    def write(self, folder: Path) -> Path:
        """Keep it as JSON."""
        folder.mkdir(parents=True, exist_ok=True)
        name = self.started_at.replace("-", "").replace(":", "")
        path = folder / f"{name}-{self.tombstone[:8]}.json"
        made = path.with_suffix(".tmp")
        made.write_text(json.dumps({**asdict(self), "is_clean": self.is_clean}, indent=1), encoding="utf-8")
        sync(made)
        os.replace(made, path)
        sync(folder)
        return path

    def text(self) -> str:
        """For the terminal."""
        totals: Counter[str] = Counter()
        places: Counter[str] = Counter()
        for entry in self.removed:
            totals[entry["kind"]] += entry["removed"]
            places[entry["kind"]] += 1
        lines = [f"{entry['removed']:>9,} {entry['unit']:<24} {entry['place']}" for entry in self.removed]
        lines += [f"removed    {kind}: {totals[kind]:,} in {places[kind]} places" for kind in totals]
        if self.n_named:
            lines.append(f"           {self.n_named:,} of them in the lake were events of others that name the person")
        if not self.removed:
            lines.append("removed    nothing: no file of this home names this id")
        how = (
            "as bytes and in every text"
            if self.is_searchable
            else "in columns and keys of identities (it is too common a text)"
        )
        lines.append(f"searched   {self.n_searched:,} files {how}: {sum(1 for _ in self.remaining)} still hold it")
        lines += [f"elsewhere  {place} was exported and moved away: look for it" for place in self.moved_exports]
        lines += [f"REMAINS    {place}: {what}" for place, what in self.remaining.items()]
        return "\n".join(lines)
