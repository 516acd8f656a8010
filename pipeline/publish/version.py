"""Write–audit–publish: a finished build becomes a new immutable version and the link switches to it.

Belongs here: copying published schemas, verifying the copy, switching, pruning old versions. Not here: deciding
whether a night may publish (the gates do) and anything of Dagster.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import duckdb

from pipeline.build.tables import published_schemas
from pipeline.home.atomic import fsync, switch_link
from pipeline.home.clock import night_time
from pipeline.home.error_advice import is_database_damage
from pipeline.home.failpoints import failpoint
from pipeline.home.memory import memory_limit, reading
from pipeline.home.paths import HomePaths
from pipeline.home.sql_text import quote
from pipeline.home.versions import current_version, orphans, version_file, version_name, version_of, versions
from pipeline.publish.copy import disagreements, fill
from pipeline.publish.seals import seal_version, version_problem

KEPT_VERSIONS = 3
_VERSIONS_COLUMNS = (
    "version varchar, as_of_date date, published_at timestamp, run_id varchar, n_events bigint, schema_sha256 varchar"
)
_VERSIONS_COMMENTS = {
    "version": "Name of the version: UTC time of publication.",
    "as_of_date": "Last calendar date (site timezone) the version covers.",
    "published_at": "When the version was published, UTC.",
    "run_id": "Dagster run that built the version.",
    "n_events": "Rows of marts.fct_events in the version.",
    "schema_sha256": "SHA-256 over every table, column and type of the version.",
}


class PublishError(Exception):
    """The copy did not hold what the build holds; nothing was published."""


@dataclass(frozen=True)
class Published:
    """What was published: version name, file, rows per table."""

    version: str
    path: Path
    row_counts: dict[str, int]


def publish(
    paths: HomePaths,
    *,
    as_of: date,
    run_id: str,
    now: datetime | None = None,
    kept_versions: int = KEPT_VERSIONS,
    max_version_days: int | None = None,
    base_version: str | None = None,
) -> Published:
    """Copy the published schemas of the build database into a new version and switch `warehouse.duckdb` to it.

    Where `base_version` (the version that the build's changes are counted from) is the current one, its file is copied
    and only what changed is replaced; where that does not come out equal to the build, everything is copied after all.

    Of earlier versions the last `kept_versions` stay, as long as they are no older than `max_version_days`.

    Raises PublishError when the copy and the build disagree; duckdb.Error or OSError (a full disk) leave the
    previous version in place and remove the unfinished file.
    """
    now, _ = night_time(paths, now)
    version = version_name(now)
    paths.versions.mkdir(parents=True, exist_ok=True)
    unfinished = paths.versions / f".unfinished-{version}.duckdb"
    try:
        counts = _filled(paths, unfinished, version, as_of, run_id, now, base_version)
        failpoint("publish_copied")
        _verify(unfinished, counts)
        failpoint("publish_verified")
        fsync(unfinished)
        final = version_file(paths, version)
        seal_version(unfinished, final)
        failpoint("publish_before_rename")
        os.replace(unfinished, final)
    finally:
        for leftover in (unfinished, unfinished.with_name(unfinished.name + ".wal")):
            leftover.unlink(missing_ok=True)
    failpoint("publish_before_switch")
    switch_link(paths.warehouse, final)
    failpoint("publish_switched")
    fsync(paths.data)
    failpoint("publish_before_prune")
    oldest = version_name(now - timedelta(days=max_version_days)) if max_version_days else ""
    _prune(paths, final, kept_versions, oldest)
    return Published(version, final, counts)


def _filled(
    paths: HomePaths, target: Path, version: str, as_of: date, run_id: str, now: datetime, base_version: str | None
) -> dict[str, int]:
    current = current_version(paths)
    if current is not None and version_of(current) == base_version and version_problem(current) is None:
        shutil.copyfile(current, target)
        failpoint("publish_cloned")
        try:
            return _copy(paths, target, version, as_of, run_id, now, is_clone=True)
        except PublishError:
            target.unlink()
    return _copy(paths, target, version, as_of, run_id, now, is_clone=False)


def _copy(
    paths: HomePaths, target: Path, version: str, as_of: date, run_id: str, now: datetime, *, is_clone: bool
) -> dict[str, int]:
    con = duckdb.connect(str(target), config={**memory_limit()})
    try:
        con.execute("set preserve_insertion_order = false")
        con.execute(f"attach {quote(paths.build_db)} as build (read_only)")
        tables = _tables(con, "build")
        counts = fill(con, tables, is_clone=is_clone)
        if is_clone and (different := disagreements(con, tables)):
            raise PublishError(f"{', '.join(different)}: the changes did not come out equal to the build")
        _copy_comments(con)
        con.execute("drop table if exists ops.published_versions")
        _record_version(con, paths, version, as_of, run_id, now, counts.get("marts.fct_events", 0))
        con.execute("detach build")
        con.execute("checkpoint")
    finally:
        con.close()
    return counts


def _tables(con: duckdb.DuckDBPyConnection, database: str) -> list[tuple[str, str]]:
    return con.execute(
        "select table_schema, table_name from information_schema.tables "
        "where table_catalog = ? and list_contains(?, table_schema) and table_name not like '%__dbt_%' order by 1, 2",
        [database, published_schemas()],
    ).fetchall()


def _copy_comments(con: duckdb.DuckDBPyConnection) -> None:
    """A table copy loses comments; analysts read them with DESCRIBE and in every client."""
    marks = ", ".join(map(quote, published_schemas()))
    where = f"database_name = 'build' and schema_name in ({marks}) and comment is not null"
    relations = con.execute(
        f"select schema_name, table_name, comment from duckdb_tables() where {where} "
        f"union all select schema_name, view_name, comment from duckdb_views() where {where}"
    ).fetchall()
    for schema, table, comment in relations:
        con.execute(f'comment on table "{schema}"."{table}" is {quote(comment)}')
    for schema, table, column, comment in con.execute(
        f"select schema_name, table_name, column_name, comment from duckdb_columns() where {where}"
    ).fetchall():
        con.execute(f'comment on column "{schema}"."{table}"."{column}" is {quote(comment)}')


def _record_version(
    con: duckdb.DuckDBPyConnection,
    paths: HomePaths,
    version: str,
    as_of: date,
    run_id: str,
    now: datetime,
    n_events: int,
) -> None:
    con.execute(f"create schema if not exists ops; create table ops.published_versions ({_VERSIONS_COLUMNS})")
    _copy_history(con, paths)
    fingerprint = con.execute(
        "select sha256(string_agg(table_schema || '.' || table_name || '.' || column_name || ' ' || data_type, chr(10) "
        "order by table_schema, table_name, ordinal_position)) from information_schema.columns "
        "where table_catalog = current_database()"
    ).fetchone()
    con.execute(
        "insert into ops.published_versions values (?, ?, ?, ?, ?, ?)",
        [version, as_of, now.replace(tzinfo=None), run_id, n_events, fingerprint[0] if fingerprint else None],
    )
    con.execute("comment on table ops.published_versions is 'One row per published version, oldest first.'")
    for column, comment in _VERSIONS_COMMENTS.items():
        con.execute(f"comment on column ops.published_versions.{column} is {quote(comment)}")


def _copy_history(con: duckdb.DuckDBPyConnection, paths: HomePaths) -> None:
    """The list of versions from the current one; where that is damaged, from the newest that can be read."""
    for number, previous in enumerate(dict.fromkeys(filter(None, (current_version(paths), *versions(paths))))):
        try:
            con.execute(f"attach {quote(previous)} as previous_{number} (read_only)")
            con.execute(
                f"insert into ops.published_versions by name select * from previous_{number}.ops.published_versions"
            )
            con.execute(f"detach previous_{number}")
            return
        except duckdb.Error as error:
            if not is_database_damage(str(error)):
                raise


def _verify(path: Path, counts: dict[str, int]) -> None:
    con = reading(path)
    try:
        for table, wanted in counts.items():
            schema, name = table.split(".")
            row = con.execute(f'select count(*) from "{schema}"."{name}"').fetchone()
            found = row[0] if row else None
            if found != wanted:
                raise PublishError(f"{table}: the build has {wanted} rows, the copy {found}; nothing was published")
    finally:
        con.close()


def _prune(paths: HomePaths, current: Path, n_kept: int, oldest: str) -> None:
    """Remove all but the newest versions, those older than `oldest`, and the seals and reports of removed ones."""
    for place, old in enumerate(versions(paths)):
        if old != current and (place >= n_kept or version_of(old) < oldest):
            old.unlink(missing_ok=True)
    for orphan in orphans(paths):
        orphan.unlink(missing_ok=True)
