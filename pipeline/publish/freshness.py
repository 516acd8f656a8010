"""How old the published version is. One late or failed night is tolerated, more are not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from pipeline.home import versions
from pipeline.home.paths import HomePaths

WARN_AFTER = timedelta(hours=26)
FAIL_AFTER = timedelta(hours=36)


def published_at(paths: HomePaths) -> datetime | None:
    """When the current version was published (naive UTC), from its file name; None before the first."""
    version = versions.current_version(paths)
    return versions.published_at(version).replace(tzinfo=None) if version else None


def freshness(paths: HomePaths, now: datetime | None = None) -> tuple[str, str] | None:
    """Level (ok, warn, error) and a sentence; None before the first version."""
    published = published_at(paths)
    if published is None:
        return None
    age = (now or datetime.now(UTC)).replace(tzinfo=None) - published
    hours = age.total_seconds() / 3600
    age_text = f"published {hours:.1f} h ago" if hours >= 0 else f"published {-hours:.1f} h in the future"
    if age >= FAIL_AFTER:
        return (
            "error",
            f"{age_text}: more than one night is missing; ops.runs and data/logs show why, `growthhouse run` publishes",
        )
    if age >= WARN_AFTER:
        return (
            "warn",
            f"{age_text}: last night has not published; ops.runs and data/logs show why, `growthhouse run` publishes",
        )
    if hours < 0:
        return "warn", f"{age_text}: was the clock set back?"
    return "ok", age_text
