"""When a night starts by itself: the nightly schedule and, off by default, a sensor for new files."""


import hashlib
from pathlib import Path
from typing import Any

import dagster as dg

from pipeline.resources import GrowthHome
from pipeline.settings import ConfigError, Settings, load_settings

NIGHTLY_CRON = "30 2 * * *"


def _settings(growth: GrowthHome) -> Settings | None:
    """The settings, or None where there are none yet: definitions must load for a newcomer too."""
    try:
        return load_settings(Path(growth.config_path), Path(growth.home_path) if growth.home_path else None)
    except (ConfigError, OSError):
        return None


def build_nightly_schedule(job: Any, growth: GrowthHome) -> dg.ScheduleDefinition:
    """02:30 in the site's timezone, when yesterday is over for every visitor."""
    settings = _settings(growth)
    return dg.ScheduleDefinition(
        name="nightly",
        job=job,
        cron_schedule=NIGHTLY_CRON,
        execution_timezone=settings.site.timezone if settings else "UTC",
        description="One night after midnight of the site's timezone.",
    )


def build_new_files_sensor(job: Any, growth: GrowthHome) -> dg.SensorDefinition:
    """Starts a night when the set of source files (path, size, time) differs from the last one seen."""

    @dg.sensor(name="new_files", job=job, minimum_interval_seconds=300, default_status=dg.DefaultSensorStatus.STOPPED)
    def new_files(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        settings = _settings(growth)
        if settings is None:
            return dg.SkipReason("no valid growth.yaml")
        digest = hashlib.sha256()
        for source in settings.sources:
            for file in settings.source_files(source):
                status = file.stat()
                digest.update(f"{file}\0{status.st_size}\0{status.st_mtime_ns}\n".encode())
        seen = digest.hexdigest()
        if seen == context.cursor:
            return dg.SkipReason("no new files")
        return dg.SensorResult(run_requests=[dg.RunRequest(run_key=seen)], cursor=seen)

    return new_files
