"""The proof of an erasure: what it removed and searched, and what remains, without the id itself."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from pipeline.home.atomic import write_private
from pipeline.home.calendar import naive_utc
from pipeline.home.paths import HomePaths
from pipeline.ingest import Tombstones, listed
from pipeline.privacy.files import FoundFile
from pipeline.privacy.journal import Journal
from pipeline.privacy.search import KINDS, Found
from pipeline.privacy.words import HOW, NOT_SEARCHED
from pipeline.publish.freshness import published_at

_COUNTED = ("lake", "version")  # kinds of places whose rows the totals of the published version count
_MAX_PLACES = 100  # that a proof keeps of one longer word


@dataclass
class Longer:
    """A longer word that contains the id, in lines that are not the person's: how often, and where."""

    n: int = 0
    places: list[str] = field(default_factory=list)


@dataclass
class Searched:
    """What a search of all files found. `remaining` says what could not be searched or rewritten, and why."""

    remaining: dict[str, str]
    moved_exports: list[str]
    found: dict[str, int] = field(default_factory=dict)
    longer: dict[str, Longer] = field(default_factory=dict)
    others: set[str] = field(default_factory=set)  # longer words that are taken for other ids
    kinds: Counter[str] = field(default_factory=Counter)

    def add(self, file: FoundFile, kind: str, found: Found) -> None:
        """Note what one file has."""
        self.kinds[KINDS[kind]] += 1
        if found.n:
            self.found[file.name] = found.n
        for word, places in found.longer.items():
            longer = self.longer.setdefault(word, Longer())
            longer.n += found.n_longer[word]
            longer.places += [f"{file.name}{place}" for place in places]
        self.others |= found.others

    def longer_text(self) -> list[str]:
        """The longer words, for a person to decide about."""
        return [f"{longer.n:>9,} {word:<24} {listed(longer.places)}" for word, longer in sorted(self.longer.items())]


@dataclass(frozen=True)
class Proof:
    """`remaining` is what is left of the person, by file: empty if nothing was found in any of the `n_searched`.

    Its file has no word that contains the id, so of longer words it keeps the places.
    """

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
    searched: dict[str, int]  # files by how they were searched
    searched_for: str
    not_searched: str
    n_also: int  # longer words that were erased too, because they were named
    longer_words: list[list[str]]  # the places of each that is left
    is_rest_left: bool  # somebody decided that these are not the person
    n_other_ids: int  # longer words that go on with one more digit or letter
    _words: tuple[str, ...] = ()

    @staticmethod
    def of(journal: Journal, stones: Tombstones, searched: Searched) -> Proof:
        """What an erasure did, and what a search after it found."""
        left = {
            name: ": ".join([f"{n} left", *filter(None, [searched.remaining.get(name)])])
            for name, n in searched.found.items()
        }
        return Proof(
            kind=journal.kind,
            salted_sha256=hashlib.sha256(stones.salt + journal.given.encode()).hexdigest(),
            tombstone=stones.hash(journal.given),
            n_devices=len(journal.devices),
            is_searchable=journal.person.is_searchable,
            started_at=journal.started_at,
            removed=journal.removed,
            n_named=journal.n_named,
            n_searched=sum(searched.kinds.values()),
            remaining={**searched.remaining, **left},
            moved_exports=searched.moved_exports,
            searched=dict(sorted(searched.kinds.items())),
            searched_for=HOW,
            not_searched=NOT_SEARCHED,
            n_also=len(journal.also),
            longer_words=[longer.places[:_MAX_PLACES] for _, longer in sorted(searched.longer.items())],
            is_rest_left=journal.is_rest_left,
            n_other_ids=len(searched.others),
            _words=tuple(searched.longer_text()),
        )

    @property
    def is_undecided(self) -> bool:
        """Whether longer words are left that nobody has decided about."""
        return bool(self.longer_words) and not self.is_rest_left

    @property
    def is_clean(self) -> bool:
        """Whether nothing remains, and nothing may."""
        return not self.remaining and not self.is_undecided

    @property
    def is_counted(self) -> bool:
        """Whether the totals of the published version still count what was removed."""
        return any(entry["kind"] in _COUNTED for entry in self.removed)

    def write(self, folder: Path) -> Path:
        """Save it as JSON."""
        name = self.started_at.replace("-", "").replace(":", "")
        path = folder / f"{name}-{self.tombstone[:8]}.json"
        if self.removed or not path.exists():  # the same again within a second must not replace what was removed
            content = {name: value for name, value in asdict(self).items() if name != "_words"}
            write_private(json.dumps({**content, "is_clean": self.is_clean}, indent=1), path)
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
        lines += self._search_text()
        lines += [
            f"elsewhere  {place} was exported and is gone: remove the person from it" for place in self.moved_exports
        ]
        if self._words:
            whose = "are not the person" if self.is_rest_left else "MAY BE the person"
            lines.append(f"longer     {len(self._words)} longer words with the id {whose}, in lines of others:")
            lines += self._words
        lines += [f"REMAINS    {place}: {what}" for place, what in self.remaining.items()]
        return "\n".join(lines)

    def _search_text(self) -> list[str]:
        where = (
            "as bytes and in every text"
            if self.is_searchable
            else "in columns and keys of identities (not in free text, where an id this short or plain can be any word)"
        )
        lines = [f"searched   {self.n_searched:,} files {where}: {len(self.remaining)} still contain it"]
        lines += [f"{n:>9,} {kind}" for kind, n in self.searched.items()]
        if self.is_searchable:
            lines.append(f"           for the id {self.searched_for}")
        if self.n_other_ids:
            lines.append(
                f"           {self.n_other_ids} longer words go on with a digit or a letter: taken for other ids"
            )
        return [*lines, f"not        {self.not_searched}"]


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
