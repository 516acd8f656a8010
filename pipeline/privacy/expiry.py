"""What is older than the config keeps it (`privacy.raw_days`): out of the lake, and raw files that hold nothing newer deleted.

It goes by whole months of the lake, so that the tables are built anew once a month and not each night: an event stays at most 31
days longer than asked for. The ledger keeps what went as `n_expired`. Old published versions are pruned in `pipeline.publish.version`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta

import duckdb

from pipeline.home.checksums import digest
from pipeline.home.paths import HomePaths
from pipeline.ingest.lake.files import Lake, clear_orphans
from pipeline.ingest.lake.ledger import LedgerRow, read_ledger, write_ledger
from pipeline.ingest.plan import shown_path
from pipeline.privacy.lake import files_of, without_lines
from pipeline.settings import Settings

_MONTH = "event_month="


def expire(settings: Settings, as_of: date, say: Callable[[str], object] = print) -> bool:
    """Remove what is too old; whether anything was. Needs the writer lock; after a crash the next call goes on."""
    days, paths = settings.privacy.raw_days, HomePaths(settings.home)
    lake = Lake(paths.lake)
    ledger = read_ledger(lake.ledger)
    newest = max((row.max_event_at for row in ledger if row.status == "loaded" and row.max_event_at), default=None)
    if days is None or newest is None:
        return False
    # A date far ahead, asked for by mistake, must not empty the lake: age is counted from the data.
    first_kept = (min(as_of, newest.date()) - timedelta(days=days)).replace(day=1)
    with duckdb.connect() as con:
        rows = [_aged(con, lake, row, first_kept) for row in ledger]
    n_expired = sum(new.n_expired - old.n_expired for new, old in zip(rows, ledger, strict=True))
    if n_expired:
        for file in paths.build_db.parent.glob(f"{paths.build_db.name}*"):
            file.unlink()
        write_ledger(lake.ledger, rows)
        say(f"removed {n_expired:,} lines from before {first_kept}: privacy.raw_days is {days}")
    clear_orphans(lake, (f"{row.source}-{row.file_id}" for row in rows if row.is_active and row.status != "expired"))
    _delete_raw(settings, {(row.source, row.file): row for row in rows if row.status == "expired"})
    return n_expired > 0


def _aged(con: duckdb.DuckDBPyConnection, lake: Lake, row: LedgerRow, first_kept: date) -> LedgerRow:
    """The ledger's row once what is too old is gone: an expired one, or one of new files of the lake."""
    limit = datetime.combine(first_kept, datetime.min.time())
    if row.status != "loaded" or (row.min_event_at or row.ingested_at) >= limit:
        return row
    if (row.max_event_at or row.ingested_at) < limit:
        n_expired = row.n_expired + row.n_lines
        return replace(
            row, status="expired", n_lines=0, n_accepted=0, n_rejected=0, n_too_late=0, too_late_from=None,
            too_late_to=None, n_expired=n_expired,
        )  # fmt: skip
    month = f"{_MONTH}{first_kept:%Y-%m}"
    kept = [
        path for path in files_of(lake, row)
        if not path.parent.name.startswith(_MONTH) or path.parent.name >= month
    ]  # fmt: skip
    made = without_lines(con, lake, row, set(), files=kept)
    return replace(made, n_erased=row.n_erased, n_expired=row.n_expired + made.n_erased - row.n_erased)


def _delete_raw(settings: Settings, expired: dict[tuple[str, str], LedgerRow]) -> None:
    """A raw file with other content than was read is not touched."""
    for source in settings.sources if expired else ():
        for path in settings.source_files(source):
            known = expired.get((source.name, shown_path(settings.home, path)))
            if known and digest(path).sha256 == known.sha256:
                path.unlink()
