"""Whether a published version is as it was written, and what analysts read where it is not.

Belongs here: the seal (SHA-256) beside a version, checking a version, falling back to an older one. Not here: damage of
anything else (`pipeline.operate.damage`, `pipeline.ingest.lake.recovery`).
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import duckdb

from pipeline.home.atomic import switch_link, write_text
from pipeline.home.checksums import digest, line_of
from pipeline.home.memory import reading
from pipeline.home.paths import HomePaths
from pipeline.home.versions import seal_of, versions


def seal_version(file: Path, final: Path) -> None:
    """Write the SHA-256 of a version beside the name it will get, for `sha256sum -c`."""
    write_text(line_of(digest(file).sha256, final.name) + "\n", seal_of(final))


def version_problem(version: Path) -> str | None:
    """What is wrong with a version: its bytes against its seal; without a seal, whether every value can be read."""
    seal = seal_of(version)
    if seal.exists():
        expected = seal.read_text(encoding="utf-8").split()[:1]
        return None if expected == [digest(version).sha256] else f"is not as it was published ({seal.name})"
    try:
        with reading(version) as con:
            read_every_value(con)
    except duckdb.Error as error:
        return str(error).splitlines()[0]
    return None


def read_every_value(con: duckdb.DuckDBPyConnection) -> None:
    """Read all tables: DuckDB compares each block with its checksum when it reads it, and raises where they differ."""
    for schema, table in con.execute("select schema_name, table_name from duckdb_tables()").fetchall():
        con.execute(f'select sum(hash(t)) from "{schema}"."{table}" as t').fetchall()


def set_aside(path: Path) -> Path:
    """Rename a damaged file to `<name>.damaged-<time>`; the new path."""
    aside = path.with_name(f"{path.name}.damaged-{datetime.now(UTC):%Y%m%dT%H%M%S}")
    path.rename(aside)
    return aside


def fall_back(paths: HomePaths) -> Path | None:
    """Set the damaged current version aside and link the newest intact one; None where there is none."""
    damaged = paths.warehouse.resolve()
    good = next((file for file in versions(paths) if file != damaged and version_problem(file) is None), None)
    if good is None:
        return None
    switch_link(paths.warehouse, good)
    if damaged.exists():
        set_aside(damaged)
    return good
