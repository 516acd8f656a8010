"""dbt inside this process: one parsed manifest for all layers of a night, the database file released after each.

Belongs here: parsing, invoking, the variables handed to dbt. Not here: Dagster (see `assets/dbt_layers.py`).
Starting dbt as a process costs about 4.5 s each time, a further invocation in process 0.3 s (docs/adr/0001).
"""

from __future__ import annotations

import gc
import json
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType
from typing import Any

import duckdb

from pipeline.home.memory import given_limit
from pipeline.home.paths import DBT_PROJECT, HomePaths

MANIFEST = DBT_PROJECT / "target" / "manifest.json"
_PARSED = "partial_parse.msgpack"
_BUILD_DB, _MEMORY = "GROWTH_BUILD_DB", "GROWTH_DBT_MEMORY"
_WATCHED = ("*.sql", "*.yml", "*.yaml", "*.csv")
os.environ.setdefault("DO_NOT_TRACK", "1")


class DbtError(Exception):
    """dbt could not start (a broken project or profile), as opposed to a model or test that failed."""


@dataclass(frozen=True)
class NodeOutcome:
    """Outcome of one dbt node: id, status (`success`, `pass`, `warn`, `fail`, `error`, `skipped`), seconds, message."""

    unique_id: str
    status: str
    seconds: float
    message: str | None
    failures: int | None

    @property
    def ok(self) -> bool:
        return self.status in ("success", "pass", "warn")


def ensure_manifest() -> Path:
    """Parse the project when a file of it is newer than the manifest; return the manifest's path."""
    if not MANIFEST.exists() or MANIFEST.stat().st_mtime < _newest_source():
        from dbt.cli.main import dbtRunner

        # Parsed elsewhere and renamed: every process loads this file, so a crash must not leave half of it.
        MANIFEST.parent.mkdir(exist_ok=True)
        with TemporaryDirectory(dir=MANIFEST.parent, prefix=".parsing-") as folder:
            with _no_home():
                result = dbtRunner().invoke(["parse", *folder_options(Path(folder)), "--quiet", "--no-partial-parse"])
            if not result.success:
                raise DbtError(f"dbt could not parse {DBT_PROJECT}: {result.exception}")
            for name in (_PARSED, MANIFEST.name):
                os.replace(Path(folder) / name, MANIFEST.parent / name)
    return MANIFEST


@contextmanager
def _no_home() -> Iterator[None]:
    """Without the variables of a home: dbt parses the project again when a variable of its profile changed."""
    of_home = {name: os.environ.pop(name) for name in (_BUILD_DB, _MEMORY) if name in os.environ}
    try:
        yield
    finally:
        os.environ |= of_home


def give_home(paths: HomePaths) -> None:
    """The variables of the environment that the profile reads: the build database and the memory limit of a home."""
    os.environ[_BUILD_DB] = str(paths.build_db)
    os.environ[_MEMORY] = given_limit() or _usual_memory()
    paths.build_db.parent.mkdir(parents=True, exist_ok=True)


def _newest_source() -> float:
    folders = ("models", "macros", "tests", "seeds", "snapshots")
    files = [DBT_PROJECT / "dbt_project.yml", DBT_PROJECT / "profiles.yml"]
    for folder in folders:
        for pattern in _WATCHED:
            files.extend((DBT_PROJECT / folder).rglob(pattern))
    return max((file.stat().st_mtime for file in files if file.exists()), default=0.0)


def folder_options(target: Path) -> list[str]:
    """dbt's options for its project and profile, and for the folder that it writes to."""
    return [
        "--project-dir",
        str(DBT_PROJECT),
        "--profiles-dir",
        str(DBT_PROJECT),
        "--target-path",
        str(target),
        "--log-path",
        str(target / "logs"),
    ]


@cache
def parsed_runner() -> Any:
    """dbt with the project parsed, once in a process: the values of a home reach dbt as variables at run time."""
    from dbt.cli.main import dbtRunner

    with _no_home():
        first = dbtRunner().invoke(["parse", *folder_options(MANIFEST.parent), "--quiet", "--no-write-json"])
    if not first.success:
        raise DbtError(f"dbt could not parse {DBT_PROJECT}: {first.exception}")
    manifest: Any = first.result
    # The manifest is never freed; walking it at each garbage collection took a tenth of the time of dbt.
    gc.collect()
    gc.freeze()
    return dbtRunner(manifest=manifest)


class DbtSession:
    """dbt for one home, invoked per layer, never left holding the database file."""

    def __init__(self, paths: HomePaths) -> None:
        self.paths = paths

    def build(self, selectors: list[str], variables: dict[str, Any]) -> list[NodeOutcome]:
        """Run and test the selected nodes; raises DbtError when dbt itself does not start.

        Incremental models are rebuilt where the variable `is_full` is true.
        """
        give_home(self.paths)
        arguments = [
            "build",
            *folder_options(self.paths.dbt_target),
            "--select",
            *selectors,
            "--indirect-selection",
            "buildable",
            "--vars",
            json.dumps({**variables, "is_night": True}),
            "--log-level",
            "none",
            "--log-level-file",
            "info",
            "--no-partial-parse",
            "--no-write-json",
            "--no-use-colors",
            "--exclude",
            "resource_type:unit_test",
            *(["--full-refresh"] if variables.get("is_full", True) else []),
        ]
        runner = parsed_runner()
        try:
            with _raising_keyboard_interrupt():
                result = runner.invoke(arguments)
        finally:
            release_database()
        if isinstance(result.exception, KeyboardInterrupt):  # dbt returns it; the step has to end with it
            raise result.exception
        if result.result is None:
            raise DbtError(str(result.exception))
        return [_outcome(row) for row in result.result.results]


@contextmanager
def _raising_keyboard_interrupt() -> Iterator[None]:
    """For SIGINT and SIGTERM: only on a KeyboardInterrupt does dbt end the queries of its threads."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    earlier = {number: signal.signal(number, _interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in earlier.items():
            signal.signal(number, handler)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _outcome(row: Any) -> NodeOutcome:
    return NodeOutcome(
        row.node.unique_id,
        str(row.status),
        float(row.execution_time or 0.0),
        row.message,
        getattr(row, "failures", None),
    )


def _usual_memory() -> str:
    """What DuckDB would take by itself: a share of the machine or the container."""
    with duckdb.connect() as con:
        return str(con.execute("select current_setting('memory_limit')").fetchall()[0][0])


def release_database() -> None:
    """dbt-duckdb keeps the file open after an invocation; other connections could not write then."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager

    DuckDBConnectionManager.close_all_connections()
