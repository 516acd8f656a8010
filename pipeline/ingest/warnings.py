"""What an ingest warns of, as texts for a person. Not here: files that are skipped or odd (plan.py)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from pipeline.ingest.canonical import EVENT_COLUMNS
from pipeline.ingest.lake.ledger import LedgerRow
from pipeline.ingest.late import describe_late
from pipeline.settings import Settings, Source

_MANY_FILES, _TINY_BYTES = 2000, 1 << 14


def of_unconfigured_sources(settings: Settings, keys: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Sources of the lake, by the keys of the ledger (source and file), that the config does not name."""
    configured = {source.name for source in settings.sources}
    for name in sorted({source for source, _ in keys} - configured):
        yield f"The lake holds events of a source '{name}' that the config no longer names; they still count."


def of_fewer_events(old: LedgerRow, new: LedgerRow) -> str:
    """New content replaces the old. If it has fewer events, it may be another delivery under a name used before."""
    return (
        f"Source '{new.source}': {new.file} has new content, and its {new.n_accepted:,} events replace the "
        f"{old.n_accepted:,} it had. If these should still count, deliver them under a name of their own."
    )


def of_tiny_files(source: Source, sizes: Collection[int]) -> Iterator[str]:
    """Very many small files: each costs some milliseconds tonight and in every full build, whatever is in it."""
    if len(sizes) > _MANY_FILES and sum(sizes) < len(sizes) * _TINY_BYTES:
        yield (
            f"Source '{source.name}': {len(sizes):,} new files of {sum(sizes) // len(sizes):,} bytes on average. "
            "Reading them takes about 5 ms each, much longer than their content: deliver fewer, larger ones."
        )


def of_unreadable(source: str, file: str, problem: str) -> str:
    """A file is left out, and every later night tries it again."""
    return (
        f"Source '{source}': {file} cannot be read ({problem}). It is left out until it can, and events it gave "
        "before stay: deliver it again, or move it away."
    )


def of_truncation(row: LedgerRow, compression: str) -> str:
    """A compressed file ends early."""
    return (
        f"Source '{row.source}': {row.file} is truncated or damaged ({compression}). The lines before the damage are "
        "kept; deliver the complete file under the same name to replace them."
    )


def of_empty_columns(source: Source, n_events: int, filled: Collection[str]) -> Iterator[str]:
    """Columns that the config maps and that no event has: their name in the config may be wrong."""
    if not n_events:
        return
    for column, theirs in source.event_columns.items():
        if column in EVENT_COLUMNS and column not in filled:
            yield (
                f"Source '{source.name}': {column} has no readable value in any of {n_events:,} events: `columns` "
                f"takes it from {theirs!r}. Is that its name in the files? A value inside an object is object.key."
            )


def of_late_events(settings: Settings, late: list[LedgerRow]) -> Iterator[str]:
    """Events that are held back, by source."""
    for source in settings.sources:
        rows = [row for row in late if row.source == source.name]
        if days := [day for row in rows for day in (row.too_late_from, row.too_late_to) if day]:
            n_late, allowed = sum(row.n_too_late for row in rows), settings.cleaning.days_late_allowed
            yield f"Source '{source.name}': {describe_late(n_late, min(days), max(days), allowed)}."


def of_late_events_out_of_reach(gone: Iterable[LedgerRow]) -> Iterator[str]:
    """A backfill cannot take in events whose raw file is gone."""
    for row in gone:
        yield (
            f"Source '{row.source}': {row.file} is missing, so its {row.n_too_late:,} events of {row.too_late_from} to "
            f"{row.too_late_to} stay held back. Put it back and run the backfill of these dates again."
        )
