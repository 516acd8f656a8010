"""The time of a night: the wall clock, but never before the last published version.

Versions are named by time, and the raw gate checks what was read since the last one: neither may run backwards when the
clock is set back.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from pipeline.home.paths import HomePaths
from pipeline.home.versions import published_at, versions


def night_time(paths: HomePaths, now: datetime | None = None) -> tuple[datetime, str | None]:
    """The time to work with, and a warning where the clock cannot be right."""
    now = now or datetime.now(UTC)
    last = max((published_at(file) for file in versions(paths)), default=None)
    if last is None or now > last:
        return now, None
    return last + timedelta(microseconds=1), (
        f"the clock says {now:%Y-%m-%d %H:%M:%S} UTC, but a version was published at {last:%Y-%m-%d %H:%M:%S} UTC: "
        "it was set back, or was ahead then. Times of this night follow that version; check the clock of this machine"
    )
