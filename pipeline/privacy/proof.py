"""What an erasure found, removed and searched, without the id itself: for the file that is kept and for a person to read."""

from __future__ import annotations

import json
import os
from collections import Counter
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pipeline.home.paths import HomePaths
from pipeline.ingest.lake.ledger import sync
from pipeline.publish.freshness import published_at

_COUNTED = ("lake", "version")  # kinds of places whose rows are in the totals of the published version


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

    @property
    def is_counted(self) -> bool:
        """Whether what went is still in the totals of the published version."""
        return any(entry["kind"] in _COUNTED for entry in self.removed)

    def write(self, folder: Path) -> Path:
        """Keep it as JSON."""
        folder.mkdir(parents=True, exist_ok=True)
        name = self.started_at.replace("-", "").replace(":", "")
        path = folder / f"{name}-{self.tombstone[:8]}.json"
        if path.exists() and not self.removed:  # asked again within the same second: what was removed stays told
            return path
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
            lines.append("0 persons found: nothing was erased, as no file of this home names this id")
        how = (
            "as bytes and in every text"
            if self.is_searchable
            else "in columns and keys of identities (not in free text, where an id this short or plain may be any word)"
        )
        lines.append(f"searched   {self.n_searched:,} files {how}: {sum(1 for _ in self.remaining)} still hold it")
        lines += [f"elsewhere  {place} was exported and moved away: look for it" for place in self.moved_exports]
        lines += [f"REMAINS    {place}: {what}" for place, what in self.remaining.items()]
        return "\n".join(lines)


def _kept(data_dir: Path) -> list[dict[str, Any]]:
    """The reports of earlier erasures that removed something."""
    files = sorted((data_dir / "erasures").glob("*Z-*.json"))
    return [report for report in (json.loads(file.read_text(encoding="utf-8")) for file in files) if report["removed"]]


def erased_before(data_dir: Path, report: Report) -> str | None:
    """When the same id was last found and erased."""
    return max((r["started_at"] for r in _kept(data_dir) if r["salted_sha256"] == report.salted_sha256), default=None)


def stale_totals(paths: HomePaths) -> tuple[str, str] | None:
    """Level and sentence where the totals of the published version still count an erased person.

    An erasure removes rows from the published version, but only a night computes its totals again.
    """
    published, erased = published_at(paths), _last_erased_at(paths.data)
    if published is None or erased is None or published >= erased:
        return None
    return (
        "warn",
        f"a person was erased at {erased:%Y-%m-%d %H:%M} UTC, after the last night: totals such as "
        "marts.channel_attribution still count them; `growthhouse run` now computes them again",
    )


def _last_erased_at(data_dir: Path) -> datetime | None:
    """When an erasure last took something out of what the totals count, naive UTC."""
    began = [r["started_at"] for r in _kept(data_dir) if any(entry["kind"] in _COUNTED for entry in r["removed"])]
    return datetime.fromisoformat(max(began)).astimezone(UTC).replace(tzinfo=None) if began else None
