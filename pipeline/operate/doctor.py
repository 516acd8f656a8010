"""`growthhouse doctor`: checks a deployment, reports what is wrong and what to do, and repairs what is safe.

Safe is what the next night would do by itself (leftovers, dead runs, damaged files that it rebuilds), and switching
analysts from a damaged version to the newest intact one. Not here: how damage is found (`pipeline.operate.damage`,
`pipeline.publish.seals`, `pipeline.ingest.lake.recovery`).
"""

from __future__ import annotations

import platform
import shutil
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

import duckdb

from pipeline.home.lock import WriterBusy, writer_lock
from pipeline.home.memory import reading
from pipeline.home.paths import HomePaths
from pipeline.home.permissions import make_private, privacy
from pipeline.home.versions import versions
from pipeline.ingest import IngestError, check_formats, describe_left_open, describe_sample, sample_source
from pipeline.operate.clean_up import clean_up
from pipeline.operate.doctor_damage import Finding, damage
from pipeline.publish.freshness import freshness
from pipeline.publish.link import restore_link
from pipeline.publish.seals import fall_back, version_problem
from pipeline.settings import ConfigError, Settings, Source, load_settings

MIN_FREE_BYTES = 2 * 1024**3
# A check of the packages that `operate` must not import: level and sentence, None where there is nothing to report.
Check = Callable[[HomePaths], tuple[str, str] | None]


def examine(
    config: Path,
    home: Path | None,
    *,
    quick: bool = False,
    accept_loss: bool = False,
    end_dead_runs: Callable[[HomePaths], list[str]] = lambda paths: [],
    further: Sequence[Check] = (),
) -> list[Finding]:
    """Check everything, repair what is safe. `quick` reads no file from end to end.

    `end_dead_runs` marks killed runs as failed and returns their ids; `further` checks come last.
    """
    findings = [_version()]
    try:
        settings = check_formats(load_settings(config, home))
    except (ConfigError, OSError) as error:
        return [*findings, Finding("error", f"configuration: {error}")]
    findings.append(Finding("ok", f"configuration {config} is valid"))
    for source in settings.sources:
        findings += [_source(settings, source), *_left_open(settings, source), *_sample(settings, source)]
    paths = HomePaths(settings.home)
    findings.append(_disk(settings.home))
    if problem := _not_writable(paths):
        return [*findings, problem, *_warehouse(paths, quick=quick, may_repair=False), *_others(paths, further)]
    try:
        with writer_lock(paths.writer_lock):
            findings.append(Finding("ok", "no run is writing"))
            findings += [Finding("warn", text) for text in filter(None, [restore_link(paths)])]
            findings += [*_leftovers(paths), *_dead_runs(end_dead_runs(paths))]
            findings += damage(settings, paths, quick, accept_loss)
            return [*findings, *_warehouse(paths, quick=quick, may_repair=True), *_others(paths, further)]
    except WriterBusy as busy:
        findings.append(Finding("warn", f"{busy}; the files it writes were not checked"))
        return [*findings, *_warehouse(paths, quick=quick, may_repair=False), *_others(paths, further)]


def _version() -> Finding:
    return Finding("ok", f"Python {platform.python_version()}, DuckDB {duckdb.__version__}")


def _disk(home: Path) -> Finding:
    existing = next(folder for folder in [home, *home.parents] if folder.exists())
    free = shutil.disk_usage(existing).free
    level = "ok" if free >= MIN_FREE_BYTES else "warn"
    return Finding(level, f"disk: {free / 1024**3:.1f} GiB free at {existing}")


def _source(settings: Settings, source: Source) -> Finding:
    files, pattern = settings.source_files(source), settings.source_pattern(source)
    if files:
        return Finding("ok", f"source {source.name}: {len(files)} files match {pattern}")
    folder = next(parent for parent in Path(pattern).parents if parent.is_dir())
    return Finding(
        "warn",
        f"source {source.name}: 0 files match {pattern} (nearest existing folder: {folder}); deliver files there, or "
        f"correct `path` in {settings.config_path}",
    )


def _left_open(settings: Settings, source: Source) -> list[Finding]:
    text = describe_left_open(settings, source)
    return [Finding("warn", f"source {source.name}: {text}")] if text else []


def _sample(settings: Settings, source: Source) -> list[Finding]:
    """What a night would find wrong with the files of a source, from the beginning of some of them."""
    try:
        sample = sample_source(settings, source)
    except IngestError as error:
        return [Finding("error", f"source {source.name}: {error}")]
    return [Finding(*found) for found in describe_sample(source, sample, settings.cleaning.max_rejected_rate)]


def _not_writable(paths: HomePaths) -> Finding | None:
    try:
        make_private(paths)
        with paths.writer_lock.open("a"):
            return None
    except OSError as error:
        return Finding(
            "error",
            f"{paths.data} cannot be written ({error.strerror}): make it writable for this user, "
            "or choose another --home",
        )


def _leftovers(paths: HomePaths) -> list[Finding]:
    """What a killed run left is never read, so removing it is safe while no run writes."""
    return [Finding("warn", f"removed {name}, left by a run that did not finish") for name in clean_up(paths)]


def _dead_runs(run_ids: list[str]) -> list[Finding]:
    return [
        Finding("warn", f"run {run_id} was killed; it is marked as failed, and the next night repeats its work")
        for run_id in run_ids
    ]


def _others(paths: HomePaths, further: Sequence[Check]) -> list[Finding]:
    checks: list[Check] = [freshness, privacy, *further]
    return [Finding(*found) for check in checks if (found := check(paths))]


def _warehouse(paths: HomePaths, *, quick: bool, may_repair: bool) -> list[Finding]:
    if not paths.warehouse.is_symlink():
        return [Finding("warn", "nothing published yet: `growthhouse run` publishes the first version")]
    current = paths.warehouse.resolve()
    problem = _unreadable(current) or (None if quick else version_problem(current))
    if problem:
        return [_fall_back(paths, current, problem, may_repair)]
    with reading(current) as con:
        row = con.execute(
            "select version, as_of_date, n_events, (select count(*) from marts.fct_events) "
            "from ops.published_versions order by 1 desc"
        ).fetchone()
    findings = [Finding("ok", _content(*row) if row else "empty")]
    for older in versions(paths):
        if older != current and not quick and (problem := version_problem(older)):
            findings.append(
                Finding("warn", f"older version {older.name} {problem}; it is not read, and later nights remove it")
            )
    return findings


def _content(version: str, as_of: date, n_published: int, n_events: int) -> str:
    since = "" if n_events == n_published else f" ({n_published:,} when it was published; the rest was erased since)"
    return f"published version {version} as of {as_of} with {n_events:,} events{since}"


def _unreadable(version: Path) -> str | None:
    if not version.exists():
        return "is missing"
    try:
        with reading(version) as con:
            con.execute("select count(*) from ops.published_versions").fetchall()
    except duckdb.Error as error:
        return f"cannot be read ({str(error).splitlines()[0]})"
    return None


def _fall_back(paths: HomePaths, damaged: Path, problem: str, may_repair: bool) -> Finding:
    what = f"the published version {damaged.name} {problem}"
    good = fall_back(paths) if may_repair else None
    if good is None:
        return Finding("error", f"{what}; `growthhouse run` publishes a new one")
    return Finding(
        "error",
        f"{what}: it was set aside, and analysts read {good.name} again; `growthhouse run` publishes a new one",
    )
