"""The time of a night: the wall clock, but never before the last published version.

Versions are named by time, and the raw gate judges what was read since the last one; a clock that was set back must turn
neither around.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from pipeline.home.paths import HomePaths

_NAME = "warehouse-%Y%m%dT%H%M%S%fZ"


def published_at(name: str) -> datetime:
    """When a version was published, as the stem of its file says."""
    return datetime.strptime(name, _NAME).replace(tzinfo=UTC)


def night_time(paths: HomePaths, now: datetime | None = None) -> tuple[datetime, str | None]:
    """The time to work with, and what to tell a person where the clock cannot be right."""
    now = now or datetime.now(UTC)
    versions = [published_at(file.stem) for file in paths.versions.glob("warehouse-*.duckdb")]
    last = max(versions, default=None)
    if last is None or now > last:
        return now, None
    return last + timedelta(microseconds=1), (
        f"the clock says {now:%Y-%m-%d %H:%M:%S} UTC, but a version was published at {last:%Y-%m-%d %H:%M:%S} UTC: it was "
        "set back, or was ahead then. Times of this night follow that version; check the clock of this machine"
    )
