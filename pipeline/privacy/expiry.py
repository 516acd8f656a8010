"""Expiry (`privacy.raw_days`): old events are removed from the lake, and raw files without newer ones deleted.

The lake loses complete months, so that the tables are rebuilt once a month and not each night: an event stays up to 31
days longer than configured. The ledger counts what was removed as `n_expired`. Not here: pruning published versions
(`pipeline.publish.version`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from glob import has_magic
from pathlib import Path

import duckdb

from pipeline.home.checksums import digest
from pipeline.home.paths import HomePaths
from pipeline.ingest import shown_path
from pipeline.ingest.lake import Lake, LedgerRow, clear_orphans, read_ledger, write_ledger
from pipeline.privacy.lake import files_of, without_lines
from pipeline.privacy.replacement import state_of
from pipeline.settings import Settings, Source

_MONTH = "event_month="


def expire(settings: Settings, as_of: date, say: Callable[[str], object] = print) -> bool:
    """Remove what is too old; returns whether anything was. Needs the writer lock; completes a killed one."""
    days, paths = settings.privacy.raw_days, HomePaths(settings.home)
    lake = Lake(paths.lake)
    ledger = read_ledger(lake.ledger)
    newest = max((row.max_event_at for row in ledger if row.status == "loaded" and row.max_event_at), default=None)
    if days is None or newest is None:
        return False
    # An as_of far ahead, given by mistake, must not empty the lake: the newest event limits it.
    first_kept = (min(as_of, newest.date()) - timedelta(days=days)).replace(day=1)
    with duckdb.connect() as con:
        rows = [_aged(con, lake, row, first_kept) for row in ledger]
    n_expired = sum(new.n_expired - old.n_expired for new, old in zip(rows, ledger, strict=True))
    if n_expired:
        for file in paths.build_db.parent.glob(f"{paths.build_db.name}*"):
            file.unlink()
        write_ledger(lake.ledger, rows)
        say(f"removed {n_expired:,} lines from before {first_kept}: privacy.raw_days is {days}")
    clear_orphans(lake, rows)
    _delete_raw(settings, rows, say)
    return n_expired > 0


def _aged(con: duckdb.DuckDBPyConnection, lake: Lake, row: LedgerRow, first_kept: date) -> LedgerRow:
    """The ledger's row without what is too old: an expired one, or one of new files of the lake."""
    limit = datetime.combine(first_kept, datetime.min.time())
    if row.status != "loaded" or (row.min_event_at or row.ingested_at) >= limit:
        return row
    if (row.max_event_at or row.ingested_at) < limit:
        n_expired = row.n_expired + row.n_lines
        empty = replace(row, n_lines=0, n_accepted=0, n_rejected=0, n_too_late=0, too_late_from=None, too_late_to=None)
        return replace(empty, status="expired", n_expired=n_expired)
    month = f"{_MONTH}{first_kept:%Y-%m}"
    folders = {path: path.parent.name for path in files_of(lake, row)}
    kept = [path for path, folder in folders.items() if not folder.startswith(_MONTH) or folder >= month]
    new = without_lines(con, lake, row, set(), files=kept)
    return replace(new, n_erased=row.n_erased, n_expired=row.n_expired + new.n_erased - row.n_erased)


def _delete_raw(settings: Settings, rows: list[LedgerRow], say: Callable[[str], object]) -> None:
    """Delete the raw files of which every source that reads them has only expired lines.

    A file that was changed since it was read is left alone. So is one behind a link that leads elsewhere: it may be
    somebody's archive, and deleting the link alone would only hide it.
    """
    known = {(row.source, row.file): row for row in rows if row.is_active}
    readers: dict[Path, list[tuple[Source, Path]]] = {}
    for source in settings.sources if any(row.status == "expired" for row in rows) else ():
        for path in settings.source_files(source):
            readers.setdefault(path.resolve(), []).append((source, path))
    for real, names in readers.items():
        read = [known.get((source.name, shown_path(settings.home, path))) for source, path in names]
        expired = [row for row in read if row is not None and row.status == "expired"]
        state = state_of(real)
        if (
            state is None
            or not expired
            or len(expired) < len(read)
            or {row.sha256 for row in expired} != {digest(real).sha256}
        ):
            continue
        if any(path.is_symlink() or not real.is_relative_to(_root(settings, source)) for source, path in names):
            say(f"{expired[0].file} is older than privacy.raw_days, but a link leads to {real}: delete it there")
        elif state_of(real) == state:
            real.unlink()


def _root(settings: Settings, source: Source) -> Path:
    """The folder below which a source looks for its files."""
    parents = Path(settings.source_pattern(source)).parents
    return next(folder for folder in parents if not has_magic(str(folder))).resolve()
