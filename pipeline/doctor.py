"""`growthhouse doctor`: looks at a deployment and says what is wrong and what to do. First form: reports and tidies."""

from __future__ import annotations

import platform
import shutil
from dataclasses import dataclass
from pathlib import Path

import duckdb

from pipeline.freshness import freshness
from pipeline.paths import HomePaths
from pipeline.private import privacy
from pipeline.settings import ConfigError, load_settings

MIN_FREE_BYTES = 2 * 1024**3


@dataclass(frozen=True)
class Finding:
    """level: ok, warn or error."""

    level: str
    text: str


def examine(config: Path, home: Path | None) -> list[Finding]:
    """Check configuration, sources, disk, versions, the writer lock and what a killed run left behind."""
    findings = [_version()]
    try:
        settings = load_settings(config, home)
    except (ConfigError, OSError) as error:
        return [*findings, Finding("error", f"configuration: {error}")]
    findings.append(Finding("ok", f"configuration {config} is valid"))
    for source in settings.sources:
        files = settings.source_files(source)
        level = "ok" if files else "warn"
        findings.append(Finding(level, f"source {source.name}: {len(files)} files match {source.path}"))
    paths = HomePaths(settings.home)
    return [*findings, _disk(settings.home), _lock(paths), *_leftovers(paths), _warehouse(paths), *_age(paths)]


def _version() -> Finding:
    return Finding("ok", f"Python {platform.python_version()}, DuckDB {duckdb.__version__}")


def _disk(home: Path) -> Finding:
    existing = next(folder for folder in [home, *home.parents] if folder.exists())
    free = shutil.disk_usage(existing).free
    level = "ok" if free >= MIN_FREE_BYTES else "warn"
    return Finding(level, f"disk: {free / 1024**3:.1f} GiB free at {existing}")


def _lock(paths: HomePaths) -> Finding:
    from pipeline.locking import WriterBusy, writer_lock

    try:
        with writer_lock(paths.writer_lock):
            return Finding("ok", "no run is writing")
    except WriterBusy as busy:
        return Finding("warn", str(busy))


def _leftovers(paths: HomePaths) -> list[Finding]:
    """Unfinished versions are never published, so removing them is safe while no run writes."""
    from pipeline.locking import WriterBusy, writer_lock

    findings = []
    try:
        with writer_lock(paths.writer_lock):
            for file in paths.versions.glob(".unfinished-*"):
                file.unlink()
                findings.append(Finding("warn", f"removed {file.name}, left by a run that did not finish"))
    except WriterBusy:
        return []
    return findings


def _age(paths: HomePaths) -> list[Finding]:
    return [Finding(*told) for told in (freshness(paths), privacy(paths)) if told]


def _warehouse(paths: HomePaths) -> Finding:
    if not paths.warehouse.exists():
        return Finding("warn", "nothing published yet: `growthhouse run` publishes the first version")
    try:
        with duckdb.connect(str(paths.warehouse.resolve()), read_only=True) as con:
            row = con.execute(
                "select version, as_of_date, n_events from ops.published_versions order by 1 desc"
            ).fetchone()
    except duckdb.Error as error:
        return Finding(
            "error", f"the published warehouse does not open: {error}; `growthhouse run` publishes a new one"
        )
    return Finding("ok", f"published version {row[0]} as of {row[1]} with {row[2]:,} events" if row else "empty")
