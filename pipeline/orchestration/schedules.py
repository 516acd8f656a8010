"""Nights that start at a time of day. Not here: nights that start for another reason (`sensors.py`)."""

from typing import Any

import dagster as dg

from pipeline.home.paths import HomePaths
from pipeline.orchestration.dead_runs import end_dead_runs_if_idle
from pipeline.orchestration.resources import GrowthHome, settings_of

NIGHTLY_CRON = "30 2 * * *"


def build_nightly_schedule(job: Any, growth: GrowthHome) -> dg.ScheduleDefinition:
    """02:30 in the site's timezone, when yesterday is over for every visitor."""
    at_start = settings_of(growth)

    @dg.schedule(
        name="nightly",
        job=job,
        cron_schedule=NIGHTLY_CRON,
        execution_timezone=at_start.site.timezone if at_start else "UTC",
        description="One night at 02:30 in the site's timezone, while `dagster dev` or a Dagster daemon runs.",
        default_status=dg.DefaultScheduleStatus.RUNNING,
    )
    def nightly(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        settings = settings_of(growth)
        if settings is None:
            return dg.SkipReason("no valid growth.yaml")
        end_dead_runs_if_idle(context.instance, HomePaths(settings.home))
        return dg.RunRequest()

    return nightly
