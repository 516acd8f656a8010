"""Dates to read and build again: requested by a person, done by the next night.

Belongs here: the list of requests below `data/build`, and which dates can be requested. Not here: reading files again
(run.py).
"""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

from pipeline.home.atomic import write_text
from pipeline.home.calendar import ONE_DAY, local_date
from pipeline.home.checksums import digest
from pipeline.home.paths import HomePaths
from pipeline.ingest.lake.ledger import LedgerRow, read_ledger
from pipeline.ingest.plan import stat_of
from pipeline.ingest.present import shown_path
from pipeline.settings import Settings

Span = tuple[date, date]


def requested(paths: HomePaths) -> list[Span]:
    """First and last date of every span that was requested since the last published night."""
    if not paths.backfill.exists():
        return []
    return [
        (date.fromisoformat(first), date.fromisoformat(last)) for first, last in json.loads(paths.backfill.read_text())
    ]


def request(paths: HomePaths, span: Span) -> None:
    """Add a span."""
    spans = sorted({*requested(paths), span})
    write_text(json.dumps([[first.isoformat(), last.isoformat()] for first, last in spans]), paths.backfill)


def mark_done(paths: HomePaths) -> None:
    """Remove all requests: a night that read them was published."""
    paths.backfill.unlink(missing_ok=True)


def why_nothing_to_read(settings: Settings, span: Span) -> str | None:
    """Why a backfill of that span would read nothing: no known file has events of it, and no file is new."""
    rows = {(row.source, row.file): row for row in read_ledger(HomePaths(settings.home).ledger) if row.is_active}
    for source in settings.sources:
        for path in settings.source_files(source):
            row = rows.get((source.name, shown_path(settings.home, path)))
            if row is None or _is_changed(path, row):  # its events are unknown
                return None
    timezone, spans = settings.site.timezone, []
    for row in rows.values():
        if row.min_event_at and row.max_event_at:
            spans.append((local_date(row.min_event_at, timezone), local_date(row.max_event_at, timezone)))
        if row.too_late_from and row.too_late_to:
            spans.append((row.too_late_from, row.too_late_to))
    if any(first <= span[1] and span[0] <= last for first, last in spans):
        return None
    dates = ", ".join(f"{first} to {last}" for first, last in _merged(spans)) or "no date at all"
    return f"no file has events of {span[0]} to {span[1]}; files have events of {dates}"


def _is_changed(path: Path, row: LedgerRow) -> bool:
    stat = stat_of(path)
    if stat is None or (row.size_bytes, row.mtime_ns) == (stat.st_size, stat.st_mtime_ns):
        return False
    return row.size_bytes != stat.st_size or digest(path).sha256 != row.sha256


def _merged(spans: list[Span]) -> list[Span]:
    merged: list[Span] = []
    for first, last in sorted(spans):
        if merged and first <= merged[-1][1] + ONE_DAY:
            merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
        else:
            merged.append((first, last))
    return merged
