"""Where reports lie and which belongs to which version. Paths only; what is in them is written by `write.py`."""

from __future__ import annotations

from pathlib import Path

from pipeline.home.paths import HomePaths

_REPORT, _VERSION = "report-", "warehouse-"


def report_of(paths: HomePaths, version_file: Path) -> Path:
    """The report of a published file (`versions/warehouse-<version>.duckdb`), whether there is one or not."""
    return paths.reports / f"{_REPORT}{version_of(version_file)}.html"


def version_of(version_file: Path) -> str:
    """The version's name in the name of its file.

    >>> version_of(Path("versions/warehouse-20260106T023000000000Z.duckdb"))
    '20260106T023000000000Z'
    """
    return version_file.stem.removeprefix(_VERSION)


def latest_report(paths: HomePaths) -> Path | None:
    """The report of the published version; where that has none, the newest there is; None without any."""
    if paths.warehouse.exists():
        of_current = report_of(paths, paths.warehouse.resolve())
        if of_current.exists():
            return of_current
    return max(paths.reports.glob(f"{_REPORT}*.html"), default=None)


def drop_lonely_reports(paths: HomePaths) -> None:
    """Remove the reports of versions that were pruned."""
    for report in paths.reports.glob(f"{_REPORT}*.html"):
        if not (paths.versions / f"{_VERSION}{report.stem.removeprefix(_REPORT)}.duckdb").exists():
            report.unlink(missing_ok=True)
