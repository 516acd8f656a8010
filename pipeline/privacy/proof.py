"""The proof of an erasure: what it removed and searched, and what remains, without the id itself."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from pipeline.home.atomic import write_private
from pipeline.home.calendar import naive_utc
from pipeline.home.paths import HomePaths
from pipeline.publish.freshness import published_at

_COUNTED = ("lake", "version")  # kinds of places whose rows the totals of the published version count


@dataclass(frozen=True)
class Proof:
    """`remaining` is what is left of the person, by file: empty if nothing was found in any of the `n_searched`."""

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
    moved_exports: list[str]  # were exported and are gone: copies elsewhere are out of reach

    @property
    def is_clean(self) -> bool:
        """Whether nothing remains."""
        return not self.remaining

    @property
    def is_counted(self) -> bool:
        """Whether the totals of the published version still count what was removed."""
        return any(entry["kind"] in _COUNTED for entry in self.removed)

    def write(self, folder: Path) -> Path:
        """Save it as JSON."""
        name = self.started_at.replace("-", "").replace(":", "")
        path = folder / f"{name}-{self.tombstone[:8]}.json"
        if self.removed or not path.exists():  # the same again within a second must not replace what was removed
            write_private(json.dumps({**asdict(self), "is_clean": self.is_clean}, indent=1), path)
        return path

    def text(self) -> str:
        """As the terminal shows it."""
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
            lines.append("0 persons found: nothing was erased, because no file of this home names this id")
        how = (
            "as bytes and in every text"
            if self.is_searchable
            else "in columns and keys of identities (not in free text, where an id this short or plain can be any word)"
        )
        lines.append(f"searched   {self.n_searched:,} files {how}: {len(self.remaining)} still contain it")
        lines += [
            f"elsewhere  {place} was exported and is gone: remove the person from it" for place in self.moved_exports
        ]
        lines += [f"REMAINS    {place}: {what}" for place, what in self.remaining.items()]
        return "\n".join(lines)


def _kept(data_dir: Path) -> list[dict[str, Any]]:
    """The proofs of earlier erasures that removed something."""
    files = sorted((data_dir / "erasures").glob("*Z-*.json"))
    return [proof for proof in (json.loads(file.read_text(encoding="utf-8")) for file in files) if proof["removed"]]


def erased_before(data_dir: Path, proof: Proof) -> str | None:
    """When the same id was last found and erased."""
    same = [kept for kept in _kept(data_dir) if kept["salted_sha256"] == proof.salted_sha256]
    return max((kept["started_at"] for kept in same), default=None)


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
    """When an erasure last removed something that the totals count, naive UTC."""
    counted = [kept for kept in _kept(data_dir) if any(entry["kind"] in _COUNTED for entry in kept["removed"])]
    last = max((kept["started_at"] for kept in counted), default=None)
    return naive_utc(datetime.fromisoformat(last)) if last else None
