"""Damage in what a night builds: the build database, predictions and the histories of runs.

Belongs here: finding it, setting the damaged file aside, what takes its place. Not here: the lake
(`pipeline.ingest.lake.recovery`), published versions (`pipeline.publish.seals`), reporting (`pipeline.operate.doctor`).
"""

from __future__ import annotations

from collections.abc import Iterator

import duckdb

from pipeline.build.user_history import FROM_VERSION
from pipeline.home.checksums import RecordDamaged, damage, read_record
from pipeline.home.error_advice import is_database_damage
from pipeline.home.memory import reading
from pipeline.home.parquet import copy_to_parquet
from pipeline.home.paths import HomePaths
from pipeline.ingest import Lake, read_ledger
from pipeline.ingest.lake import damaged_files, ledger_problem, mark_damaged
from pipeline.publish.seals import read_every_value, set_aside


def repair(paths: HomePaths) -> list[str]:
    """Set aside what is damaged and can be rebuilt; under the writer lock. Returns what was found and what follows."""
    found = [f"{name} {problem}; {_replaced(paths, name)}" for name, problem in small_file_problems(paths)]
    if problem := build_problem(paths, full=False):
        found.append(set_build_aside(paths, problem))
    return found


def inspect_everything(paths: HomePaths) -> list[str]:
    """Read every file after a step failed on a damaged one; set aside or mark what is damaged, and return it."""
    found = repair(paths)
    if problem := build_problem(paths, full=True):
        found.append(set_build_aside(paths, problem))
    lake = Lake(paths.lake)
    if ledger_problem(lake) is None:
        damaged = damaged_files(lake, read_ledger(lake.ledger), day=None)
        found += [f"{text}; the next night reads its raw file again" for texts in damaged.values() for text in texts]
        if damaged:
            mark_damaged(lake)
    return found


def build_problem(paths: HomePaths, *, full: bool) -> str | None:
    """What is wrong with the build database: by its header and catalog, or by reading every value (`full`)."""
    if not paths.build_db.exists():
        return None
    try:
        with reading(paths.build_db) as con:
            con.execute("select count(*) from duckdb_tables()").fetchall()
            if full:
                read_every_value(con)
    except duckdb.Error as error:
        text = str(error).splitlines()[0]
        if is_database_damage(text):
            return text
        if "lock" not in text.lower():
            raise
    return None


def set_build_aside(paths: HomePaths, problem: str) -> str:
    """Rename the damaged build database (only the latest such file is kept); the next night builds it in full."""
    for older in paths.build_db.parent.glob(f"{paths.build_db.name}.damaged-*"):
        older.unlink()
    aside = set_aside(paths.build_db)
    paths.build_db.with_name(paths.build_db.name + ".wal").unlink(missing_ok=True)
    return (
        f"the build database is damaged ({problem}) and was set aside as {aside.relative_to(paths.home)}; "
        "the next whole night builds it in full from the lake"
    )


def small_file_problems(paths: HomePaths) -> Iterator[tuple[str, str]]:
    """Damaged predictions and histories: their path relative to the home, and what is wrong."""
    for folder in (paths.ml, paths.quality_results.parent):
        try:
            record = read_record(folder)
        except RecordDamaged as error:
            (folder / "checksums.txt").unlink()
            yield str((folder / "checksums.txt").relative_to(paths.home)), f"is damaged ({error})"
            continue
        for name, sums in record.items():
            if (folder / name).exists() and (problem := damage(folder, name, sums, by_hash=True)):
                yield str((folder / name).relative_to(paths.home)), problem


def _replaced(paths: HomePaths, name: str) -> str:
    """Set one small file aside; returns a sentence on what takes its place."""
    path = paths.home / name
    if not path.exists():
        return "the next night writes it again"
    aside = set_aside(path).name
    published = {paths.quality_results: "select * from ops.quality_results", paths.user_history: FROM_VERSION}
    if path not in published:
        return f"it was set aside as {aside}, and the next night writes it again"
    if paths.warehouse.exists():
        try:
            with reading(paths.warehouse.resolve()) as con:
                copy_to_parquet(con, published[path], path)
            return f"it was set aside as {aside} and restored from the published version"
        except duckdb.Error:
            path.unlink(missing_ok=True)
    return f"it was set aside as {aside}; what earlier nights wrote there is in the published versions only"
