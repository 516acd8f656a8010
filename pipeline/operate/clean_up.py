"""What a killed run leaves behind, and removing it. Only under the writer lock, when no other run can be active.

Not here: the lake, whose leftovers the next ingest clears because only the ledger identifies them (`pipeline.ingest`).
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from pipeline.home.paths import HomePaths
from pipeline.home.versions import SEAL, current_version, orphans, versions


def clean_up(paths: HomePaths) -> list[str]:
    """Remove what killed runs left; the removed paths, relative to the home."""
    removed = []
    for path in sorted(_leftovers(paths)):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
        removed.append(path.relative_to(paths.home).as_posix())
    return removed


def _leftovers(paths: HomePaths) -> Iterator[Path]:
    yield from paths.versions.glob(".unfinished-*")
    yield from paths.data.glob(f".{paths.warehouse.name}.next")
    # Files written beside the one they were to replace, and what DuckDB moved out of memory.
    for folder in (paths.ml, paths.quality_results.parent, paths.build_db.parent, paths.versions, paths.reports):
        yield from (file for file in folder.rglob("*.tmp"))
    yield from _never_published(paths)


def _never_published(paths: HomePaths) -> Iterator[Path]:
    """Versions later than the one the link leads to: finished, but the run died before analysts could see them.

    Where no version is linked, none is removed: the link may have been lost (`pipeline.publish.link`).
    """
    current = current_version(paths)
    yield from (file for file in versions(paths) if current is not None and file.name > current.name)
    # A seal is written just before its version gets its name.
    yield from (file for file in orphans(paths) if file.suffix == SEAL)
