"""Events that come too late (`cleaning.days_late_allowed`): the dates of a file that are held back, and their lines.

This is decided once, when a file arrives, by what earlier nights had read of its source, and kept in the file's row of
the ledger: reading the file again, for whatever reason, gives the same. A file arrives when its content or its name is
first seen, so a renamed, copied or corrected file keeps its limit. What a backfill takes in stays in.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import NamedTuple

from duckdb import DuckDBPyConnection

from pipeline.home.calendar import ONE_DAY, local_date, start_of
from pipeline.home.sql_text import quote
from pipeline.ingest.lake.ledger import LedgerRow
from pipeline.settings import Settings

TOO_LATE = "too_late"
Span = tuple[date, date]

_BEGINNING = date(1900, 1, 1)  # no event is older: 1970 is the first year of a good timestamp


@dataclass(frozen=True)
class LateRule:
    """Dates of the site before `before` are held back, except those taken in. None: nothing is held back."""

    before: date | None = None
    taken_in: tuple[Span, ...] = ()  # disjoint, sorted, all of them before `before`

    @staticmethod
    def of(before: date | None, days_taken_in: str | None) -> LateRule:
        """The rule as a row of the ledger keeps it: dates as `2026-01-05/2026-01-07`, separated by blanks."""
        spans = (span.split("/") for span in (days_taken_in or "").split())
        return LateRule(before, tuple((date.fromisoformat(first), date.fromisoformat(last)) for first, last in spans))

    @property
    def days_taken_in(self) -> str:
        """The dates taken in, as the ledger keeps them."""
        return " ".join(f"{first}/{last}" for first, last in self.taken_in)

    @property
    def mark(self) -> str:
        """Part of the id of a file, since the rule decides which of its lines are accepted; empty without a limit."""
        return f"\n{self.before} {self.days_taken_in}" if self.before else ""

    def with_days(self, requested: Iterable[Span]) -> LateRule:
        """The rule with further dates taken in."""
        if self.before is None:
            return self
        end, merged = self.before - ONE_DAY, list[Span]()
        spans = ((max(first, _BEGINNING), min(last, end)) for first, last in requested)
        for first, last in sorted([*self.taken_in, *(span for span in spans if span[0] <= span[1])]):
            if merged and first <= merged[-1][1] + ONE_DAY:
                merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
            else:
                merged.append((first, last))
        return replace(self, taken_in=tuple(merged))

    def held_back(self) -> list[Span]:
        """The spans that are held back: the first date, and the date after the last."""
        if self.before is None:
            return []
        taken = [edge for first, last in self.taken_in for edge in (first, last + ONE_DAY)]
        edges = [_BEGINNING, *taken, self.before]
        return [(start, end) for start, end in zip(edges[::2], edges[1::2], strict=True) if start < end]


class Arrival(NamedTuple):
    """What is known of a file that counts; the names are those of the ledger and of raw.ingested_files."""

    source: str
    file: str
    sha256: str
    late_before: date | None
    days_taken_in: str | None
    max_event_at: datetime | None
    ingested_at: datetime

    @property
    def rule(self) -> LateRule:
        return LateRule.of(self.late_before, self.days_taken_in)


def arrival_of(row: LedgerRow) -> Arrival:
    """The same from a row of the ledger."""
    return Arrival(*(getattr(row, name) for name in Arrival._fields))


class Arrivals:
    """What earlier nights have read, which gives the rule of every file of tonight."""

    def __init__(self, settings: Settings, known: Iterable[Arrival], requested: Sequence[Span]) -> None:
        self._days, self._requested = settings.cleaning.days_late_allowed, requested
        self._by_name: dict[tuple[str, str], Arrival] = {}
        self._by_content: dict[tuple[str, str], Arrival] = {}
        newest: dict[str, datetime] = {}
        for file in known:
            self._by_name[file.source, file.file] = file
            self._by_content.setdefault((file.source, file.sha256), file)
            if file.max_event_at is not None:
                # One device whose clock is ahead must not make everybody late.
                last = min(file.max_event_at, file.ingested_at)
                newest[file.source] = max(last, newest.get(file.source, last))
        self._newest = {source: local_date(last, settings.site.timezone) for source, last in newest.items()}

    def rule_of(self, source: str, file: str, sha256: str, contents: Collection[str]) -> LateRule:
        """The rule of a file with this content; `contents` are those of all files of its source read tonight."""
        named = self._by_name.get((source, file))
        first = named if named and named.sha256 == sha256 else self._by_content.get((source, sha256))
        # Content that has another name tonight is a rotated log: then this is a new file under the old name.
        if first is None and named and named.sha256 not in contents:
            first = named
        return (first.rule if first else self._new_rule(source)).with_days(self._requested)

    def _new_rule(self, source: str) -> LateRule:
        newest = self._newest.get(source)
        if self._days is None or newest is None:
            return LateRule()
        return LateRule(newest - timedelta(days=self._days))


def prepare(con: DuckDBPyConnection, settings: Settings, rules: dict[str, LateRule]) -> bool:
    """Create the table of what is held back, by file_id, for `mark_late`. Returns whether anything can be."""
    held = [
        (file_id, *(start_of(day, settings.site.timezone) for day in span))
        for file_id, rule in rules.items()
        for span in rule.held_back()
    ]
    con.execute("create or replace temp table held_back (file_id varchar, start_at timestamp, end_at timestamp)")
    if held:
        con.executemany("insert into held_back values (?, ?, ?)", held)
    return bool(held)


def mark_late(con: DuckDBPyConnection) -> None:
    """Reject the good lines of `staged` that are held back."""
    con.execute(
        f"""update staged set reason = {quote(TOO_LATE)} from held_back
        where staged.file_id = held_back.file_id and reason is null and event_at >= start_at and event_at < end_at"""
    )


def describe_late(n_late: int, first: date, last: date, days: int | None) -> str:
    """How many events are held back, and the command that takes them in."""
    how = "too late" if days is None else f"more than {days} day{'s' * (days != 1)} late"
    return (
        f"{n_late:,} events of {first} to {last} came {how} and are held back: "
        f"`growthhouse backfill --from {first} --to {last}` takes them in"
    )
