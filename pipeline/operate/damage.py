"""Damage in what a night builds: the build database, published versions, predictions and the histories of runs.

Belongs here: finding it, setting the damaged file aside, what takes its place. Not here: the lake (`pipeline.ingest.lake.recovery`),
and telling a person (`pipeline.operate.doctor`).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from pipeline.build.user_history import FROM_VERSION
from pipeline.home.checksums import RecordDamaged, damage, digest, read_record
from pipeline.home.files import copy_to_parquet, write_text
from pipeline.home.memory import reading
from pipeline.home.paths import HomePaths
from pipeline.ingest import Lake, read_ledger
from pipeline.ingest.lake.recovery import damaged_files, ledger_problem, mark_damaged

SEAL = ".sha256"
_CORRUPT = (
    "corrupt database file",
    "not a valid duckdb database file",
    "checksum",
    "failed to deserialize",
    "serialization error",
)


def is_corruption(text: str) -> bool:
    """Whether DuckDB's words say that the file is not what it wrote."""
    return any(sign in text.lower() for sign in _CORRUPT)


def mend(paths: HomePaths) -> list[str]:
    """Set aside what is damaged and can be made anew; under the writer lock. Says what was found and what follows."""
    found = [f"{name} {problem}; {_replaced(paths, name)}" for name, problem in small_file_problems(paths)]
    if problem := build_problem(paths, full=False):
        found.append(set_build_aside(paths, problem))
    return found


def look_closely(paths: HomePaths) -> list[str]:
    """After a step failed over a damaged file: look into every one, set aside or mark what is found; says what."""
    found = mend(paths)
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
    """What is wrong with the build database: asked of its header and catalog, or of every value (`full`).

    DuckDB keeps a checksum of each block and looks at it when it reads the block.
    """
    if not paths.build_db.exists():
        return None
    try:
        with reading(paths.build_db) as con:
            for schema, table in con.execute("select schema_name, table_name from duckdb_tables()").fetchall():
                if full:
                    con.execute(f'select sum(hash(t)) from "{schema}"."{table}" as t').fetchall()
    except duckdb.Error as error:
        text = str(error).splitlines()[0]
        if is_corruption(text):
            return text
        if "lock" not in text.lower():
            raise
    return None


def set_build_aside(paths: HomePaths, problem: str) -> str:
    """Rename the damaged build database (only the latest such file is kept); the next night builds it in full."""
    for older in paths.build_db.parent.glob(f"{paths.build_db.name}.damaged-*"):
        older.unlink()
    aside = _aside(paths.build_db)
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
    """Set one small file aside and say what takes its place."""
    path = paths.home / name
    if not path.exists():
        return "it is written anew"
    aside = _aside(path).name
    published = {paths.quality_results: "select * from ops.quality_results", paths.user_history: FROM_VERSION}
    if path not in published:
        return f"it was set aside as {aside}, and the next night writes it anew"
    if paths.warehouse.exists():
        try:
            with reading(paths.warehouse.resolve()) as con:
                copy_to_parquet(con, published[path], path)
            return f"it was set aside as {aside} and restored from the published version"
        except duckdb.Error:
            path.unlink(missing_ok=True)
    return f"it was set aside as {aside}; what earlier nights wrote there is in the published versions only"


def _aside(path: Path) -> Path:
    aside = path.with_name(f"{path.name}.damaged-{datetime.now(UTC):%Y%m%dT%H%M%S}")
    path.rename(aside)
    return aside


def seal_version(file: Path, name: str) -> None:
    """Write the SHA-256 of a version beside the name it will get, as `sha256sum -c` reads it."""
    write_text(f"{digest(file).sha256}  {name}\n", file.with_name(name + SEAL))


def version_problem(version: Path) -> str | None:
    """What is wrong with a published version: its bytes against its seal; without one, whether every value can be read."""
    seal = version.with_name(version.name + SEAL)
    if seal.exists():
        wanted = seal.read_text(encoding="utf-8").split()[:1]
        return None if wanted == [digest(version).sha256] else f"is not as it was published ({seal.name})"
    try:
        with reading(version) as con:
            for schema, table in con.execute("select schema_name, table_name from duckdb_tables()").fetchall():
                con.execute(f'select sum(hash(t)) from "{schema}"."{table}" as t').fetchall()
    except duckdb.Error as error:
        return str(error).splitlines()[0]
    return None


def drop_lonely_seals(versions: Path) -> None:
    """Seals of versions that were pruned."""
    for seal in versions.glob(f"*{SEAL}"):
        if not seal.with_suffix("").exists():
            seal.unlink()


def versions(paths: HomePaths) -> list[Path]:
    """Published versions on disk, the newest first."""
    return sorted(paths.versions.glob("warehouse-*.duckdb"), reverse=True)


def fall_back(paths: HomePaths) -> Path | None:
    """Set the damaged current version aside and lead the link to the newest whole one; None where there is none."""
    damaged = paths.warehouse.resolve()
    good = next((file for file in versions(paths) if file != damaged and version_problem(file) is None), None)
    if good is None:
        return None
    link = paths.warehouse.with_name(f".{paths.warehouse.name}.next")
    link.unlink(missing_ok=True)
    link.symlink_to(os.path.relpath(good, paths.warehouse.parent))
    os.replace(link, paths.warehouse)
    if damaged.exists():
        _aside(damaged)
    return good
