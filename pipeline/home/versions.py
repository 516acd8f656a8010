"""Published versions on disk: their names, the files that belong to each, and which one is current.

A version is named by the UTC time of its publication; what has another name there is somebody's copy, which is neither
counted nor removed. Not here: what is in a version, and publishing one
(`pipeline.publish`).
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from pipeline.home.paths import HomePaths

SEAL = ".sha256"
_TIME = "%Y%m%dT%H%M%S%fZ"
_FILE, _REPORT = "warehouse-", "report-"


def version_name(published_at: datetime) -> str:
    """The name of a version published at that time (UTC).

    >>> version_name(datetime(2026, 1, 6, 2, 30))
    '20260106T023000000000Z'
    """
    return f"{published_at:{_TIME}}"


def version_file(paths: HomePaths, version: str) -> Path:
    """The DuckDB file of a version, whether it exists or not."""
    return paths.versions / f"{_FILE}{version}.duckdb"


def version_of(file: Path) -> str:
    """The version in the name of its file.

    >>> version_of(Path("versions/warehouse-20260106T023000000000Z.duckdb"))
    '20260106T023000000000Z'
    """
    return file.stem.removeprefix(_FILE)


def published_at(file: Path) -> datetime:
    """When a version was published (UTC), from the name of its file; of a copy, when it was last written to."""
    return _time_in(version_of(file)) or datetime.fromtimestamp(file.stat().st_mtime, UTC)


def _time_in(version: str) -> datetime | None:
    """The time that a version is named by; None where it is no name that `version_name` gives."""
    try:
        time = datetime.strptime(version, _TIME).replace(tzinfo=UTC)
    except ValueError:
        return None
    return time if version_name(time) == version else None


def seal_of(file: Path) -> Path:
    """The file with the SHA-256 of a version, for `sha256sum -c`."""
    return file.with_name(file.name + SEAL)


def report_of(paths: HomePaths, file: Path) -> Path:
    """The report of a version, whether it exists or not."""
    return paths.reports / f"{_REPORT}{version_of(file)}.html"


def reports(paths: HomePaths) -> list[Path]:
    """Reports on disk, the newest first."""
    found = paths.reports.glob(f"{_REPORT}*.html")
    return sorted((file for file in found if _time_in(file.stem.removeprefix(_REPORT))), reverse=True)


def versions(paths: HomePaths) -> list[Path]:
    """Versions on disk, the newest first."""
    found = paths.versions.glob(f"{_FILE}*.duckdb")
    return sorted((file for file in found if _time_in(version_of(file)) and file.is_file()), reverse=True)


def current_version(paths: HomePaths) -> Path | None:
    """The file that the link `warehouse.duckdb` leads to, or None before the first night."""
    return paths.warehouse.resolve() if paths.warehouse.exists() else None


def orphans(paths: HomePaths) -> list[Path]:
    """Seals and reports whose version is gone."""
    seals = [seal for seal in paths.versions.glob(f"*{SEAL}") if not seal.with_suffix("").exists()]
    kept = {version_of(file) for file in versions(paths)}
    return seals + [report for report in reports(paths) if report.stem.removeprefix(_REPORT) not in kept]
