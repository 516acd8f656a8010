"""Writes the simulated files to a staging folder, and moves them to the raw folder when all are complete.

Belongs here: paths, never overwriting, the daily file with its counts. Not here: the content of lines (lines.py).
"""

from __future__ import annotations

import gzip
import shutil
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from types import TracebackType

import numpy as np

from pipeline.simulate.delivery import MALFORMED_KINDS, MALFORMED_SHARE, break_line
from pipeline.simulate.world import BoolArray, IntArray

TABLES = {
    "orders": ("raw/orders/orders.csv", "order_id,user_id,ordered_at,revenue,items\n"),
    "access": ("raw/access/access.log", ""),
    "survey": ("raw/survey/survey.csv", "response_id,user_id,submitted_at,score,category,comment\n"),
}
TRUTH = "simulated_truth.json"
STAGING = ".simulating"
_CUT = "bad_json"


class SimulationError(Exception):
    """An error to show to the user of `growthhouse simulate`."""


@dataclass
class FileCounts:
    """The content of one tracker file: lines = events + duplicates + malformed.

    Late lines (queued offline for a day or more) and skewed ones (from a device with a wrong clock) are included in
    events and duplicates. A malformed line is an additional broken copy: the valid line arrives too.
    """

    file: str
    n_lines: int = 0
    n_events: int = 0
    n_duplicates: int = 0
    n_malformed: int = 0
    n_late: int = 0
    n_skewed: int = 0
    malformed_kinds: dict[str, int] = field(default_factory=dict)


@dataclass
class Batch:
    """Lines to write on the day they are received, with their flags."""

    received_ms: IntArray
    lines: list[str]
    is_duplicate: BoolArray
    is_late: BoolArray
    is_skewed: BoolArray
    may_break: BoolArray


def refuse_to_overwrite(data: Path) -> None:
    """Raise if there already is simulated or real raw data."""
    for folder in ("shop", "orders", "access", "survey"):
        found = next((p for p in sorted((data / "raw" / folder).rglob("*")) if p.is_file()), None)
        if found is not None:
            raise SimulationError(f"{found} exists; raw data is never overwritten. Choose another --home.")
    if (data / TRUTH).exists():
        raise SimulationError(f"{data / TRUTH} exists. Choose another --home.")


class RawWriter:
    """Collects lines by day of receipt, writes each day's file once, and moves all files into place at the end."""

    def __init__(self, data: Path, start: date, translate: Callable[[str], str] | None = None) -> None:
        refuse_to_overwrite(data)
        self._data, self._start, self._staging = data, start, data / STAGING
        self._translate = translate  # a tracker line as another tool writes it; such lines break by being cut only
        self._waiting: dict[int, list[Batch]] = defaultdict(list)
        self.files: list[FileCounts] = []
        self.table_rows = dict.fromkeys(TABLES, 0)

    def __enter__(self) -> RawWriter:
        shutil.rmtree(self._staging, ignore_errors=True)
        for path, header in TABLES.values():
            (self._staging / path).parent.mkdir(parents=True, exist_ok=True)
            (self._staging / path).write_text(header, encoding="utf-8", newline="")
        (self._staging / "raw/shop").mkdir(parents=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # An interrupted simulation must leave nothing that looks like data.
        shutil.rmtree(self._staging, ignore_errors=True)

    def append(self, table: str, lines: list[str]) -> None:
        """Add rows to the order log, the access log or the survey."""
        self.table_rows[table] += len(lines)
        with (self._staging / TABLES[table][0]).open("a", encoding="utf-8", newline="") as out:
            out.write("".join(lines))

    def hold(self, day: int, batch: Batch) -> None:
        """Keep lines that are received on `day`."""
        self._waiting[day].append(batch)

    def close_day(self, day: int, rng: np.random.Generator) -> None:
        """Write the tracker file of one day, in order of receipt, with a few broken copies of lines in between."""
        counts = FileCounts(f"raw/shop/events-{self._start + timedelta(days=day)}.jsonl.gz")
        batches = self._waiting.pop(day, [])
        received = np.concatenate([b.received_ms for b in batches] or [np.zeros(0, dtype=np.int64)])
        everything = [line for b in batches for line in b.lines]
        order = np.argsort(received, kind="stable")
        lines = [everything[i] for i in order.tolist()]
        if self._translate is not None:
            lines = list(map(self._translate, lines))
        may_break = np.flatnonzero(
            np.concatenate([b.may_break for b in batches] or [np.zeros(0, dtype=np.bool_)])[order]
        )
        for b in batches:
            counts.n_duplicates += int(b.is_duplicate.sum())
            counts.n_late += int(b.is_late.sum())
            counts.n_skewed += int(b.is_skewed.sum())
        counts.n_events = len(lines) - counts.n_duplicates
        # No name and no time in the gzip header, so that the same seed gives the same bytes.
        with (
            (self._staging / counts.file).open("wb") as raw,
            gzip.GzipFile(filename="", mode="wb", compresslevel=3, fileobj=raw, mtime=0) as out,
        ):
            done = 0
            for i in may_break[rng.random(may_break.size) < MALFORMED_SHARE].tolist():
                kind = MALFORMED_KINDS[int(rng.integers(len(MALFORMED_KINDS)))] if self._translate is None else _CUT
                out.write("".join(lines[done : i + 1]).encode() + break_line(lines[i], kind, rng.random()))
                counts.malformed_kinds[kind] = counts.malformed_kinds.get(kind, 0) + 1
                done = i + 1
            out.write("".join(lines[done:]).encode())
        counts.n_malformed = sum(counts.malformed_kinds.values())
        counts.n_lines = len(lines) + counts.n_malformed
        self.files.append(counts)

    def publish(self, truth: str) -> Path:
        """Move the finished files into the raw folder; the truth is last and marks the simulation as complete."""
        refuse_to_overwrite(self._data)  # nothing may have been delivered there meanwhile
        for source in sorted(p for p in (self._staging / "raw").rglob("*") if p.is_file()):
            target = self._data / source.relative_to(self._staging)
            target.parent.mkdir(parents=True, exist_ok=True)
            source.rename(target)
        written = self._staging / TRUTH
        written.write_text(truth, encoding="utf-8", newline="")
        written.rename(self._data / TRUTH)
        return self._data / TRUTH
