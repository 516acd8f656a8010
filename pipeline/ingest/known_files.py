"""Whether a raw file is still the one that was read: by size and times each night, and now and then by its content.

A correction can keep size and time of change (`cp -p`, `rsync -t` of a file edited within its second); its inode's
time changes all the same, but not on every file system. Not here: what is done about a changed file (plan.py).
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from pipeline.home.checksums import digest, is_due
from pipeline.ingest.lake.files import Lake
from pipeline.ingest.lake.ledger import LedgerRow


def check_rule(lake: Lake, now: datetime) -> Callable[[LedgerRow], bool]:
    """Which raw files are compared by content tonight, of those not read today; all of them after damage was found."""
    if lake.suspicion.exists():
        return lambda row: True
    day = now.toordinal()
    return lambda row: row.ingested_at.toordinal() != day and is_due(row.file, day)


def has_same_time(row: LedgerRow, stat: os.stat_result) -> bool:
    """Whether size and time of change are those of the file that was read."""
    return (row.size_bytes, row.mtime_ns) == (stat.st_size, stat.st_mtime_ns)


def has_new_inode_time(row: LedgerRow, stat: os.stat_result) -> bool:
    """Whether anything was done to the file since then, if only to its rights."""
    return row.ctime_ns not in (0, stat.st_ctime_ns)


def checked(row: LedgerRow, path: Path, stat: os.stat_result) -> LedgerRow | None:
    """The row of a file whose content is still that of the row, with its inode's time; None if it is another."""
    try:
        is_same = digest(path).sha256 == row.sha256
    except OSError:  # whoever reads it says why it cannot be read
        return row
    return replace(row, ctime_ns=stat.st_ctime_ns) if is_same else None


def other_content(row: LedgerRow, path: Path) -> bool:
    """Whether a file has other content under the size and time that were read."""
    try:
        stat = path.stat()
    except OSError:
        return False
    return has_same_time(row, stat) and checked(row, path, stat) is None
