"""The link `data/warehouse.duckdb`, where a home was restored without it: put back from what is in `data/versions`.

Tools that copy or back up a folder may leave links out, or replace each by a copy of its file. Needs the writer lock.
Not here: a version that is damaged (`seals.py`).
"""

from __future__ import annotations

import filecmp

import duckdb

from pipeline.home.atomic import switch_link
from pipeline.home.memory import reading
from pipeline.home.paths import HomePaths
from pipeline.home.versions import version_file, versions
from pipeline.publish.seals import seal_version, version_problem


def restore_link(paths: HomePaths) -> str | None:
    """Restore the link if it is missing, is a file, or leads nowhere; what was done, None where nothing was."""
    if paths.warehouse.is_symlink() and paths.warehouse.exists():
        return None
    was = "led nowhere" if paths.warehouse.is_symlink() else "was missing"
    if paths.warehouse.is_file():
        _take_in_copy(paths)
        was = "was a file, not a link"
    newest = next((file for file in versions(paths) if version_problem(file) is None), None)
    if newest is None or paths.warehouse.is_file():
        return None
    switch_link(paths.warehouse, newest)
    return (
        f"data/{paths.warehouse.name} {was}, as in a home restored without its links: it leads to {newest.name} again"
    )


def _take_in_copy(paths: HomePaths) -> None:
    """Give a copy of a version the place and name of that version, unless this is still there."""
    try:
        with reading(paths.warehouse) as con:
            row = con.execute("select max(version) from ops.published_versions").fetchone()
    except duckdb.Error:
        return
    if row is None or row[0] is None:
        return
    place = version_file(paths, row[0])
    if not place.exists():
        place.parent.mkdir(parents=True, exist_ok=True)
        seal_version(paths.warehouse, place)
        paths.warehouse.rename(place)
    elif filecmp.cmp(paths.warehouse, place, shallow=False):
        paths.warehouse.unlink()
