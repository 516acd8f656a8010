"""The days of the lake as partitions: a person selects some and materializes them, to have them read and built again.

Event tables have rows of many days in one file, and a change of one day can reach into later sessions; so a partition
is not a file. Materializing it records the request, and the next night (a sensor starts it) takes in all requested
days.
"""

import warnings
from datetime import date

import dagster as dg

from pipeline.build.variables import RunContext
from pipeline.home.paths import HomePaths
from pipeline.ingest import backfill
from pipeline.orchestration.assets.ingest import OWNERS
from pipeline.orchestration.resources import GrowthHome
from pipeline.settings import Settings

EVENT_DAYS = dg.AssetKey(["lake", "event_days"])
_FIRST_DATE = "2026-01-01"  # shown until there are data


def build_event_days(settings: Settings | None) -> dg.AssetsDefinition:
    """The asset with one partition per date since the first of the data (held back or not), in the site's timezone."""
    with warnings.catch_warnings():  # a range in one run is a beta feature; the warning helps no one who runs a command
        warnings.simplefilter("ignore", dg.BetaWarning)
        return _event_days(settings)


def _event_days(settings: Settings | None) -> dg.AssetsDefinition:
    @dg.asset(
        key=EVENT_DAYS,
        partitions_def=dg.DailyPartitionsDefinition(
            start_date=_first_date(settings), timezone=settings.site.timezone if settings else "UTC"
        ),
        backfill_policy=dg.BackfillPolicy.single_run(),
        group_name="backfill",
        kinds={"python"},
        owners=OWNERS,
        description="Dates (site timezone) to read and build again: select partitions and materialize them. The raw "
        "files with events of those dates are read again by a night that starts by itself within a minute. Each "
        "published night shows the dates of the events it loaded (new, late or corrected) as materialized; a date "
        "without any "
        "event stays missing.",
    )
    def event_days(context: dg.AssetExecutionContext, growth: GrowthHome) -> dg.MaterializeResult:
        days = context.partition_key_range
        span = (date.fromisoformat(days.start), date.fromisoformat(days.end))
        backfill.request(growth.paths, span)
        context.log.info(f"{span[0]} to {span[1]} will be read and built again by the next night")
        return dg.MaterializeResult(metadata={"from": days.start, "to": days.end})

    return event_days


def _first_date(settings: Settings | None) -> str:
    context = HomePaths(settings.home).run_context if settings else None
    if context is None or not context.exists():
        return _FIRST_DATE
    night = RunContext.read(context)
    return min(night.first_date, night.first_held_date or night.first_date)
