"""Everything Dagster loads: assets, gates, the nightly job, its schedule and the sensor for new files.

`build_defs(growth=…)` is the one seam for tests and for the command line.
"""

from collections.abc import Mapping

import dagster as dg

from pipeline.orchestration.assets.customer_value import estimate_customer_value
from pipeline.orchestration.assets.dbt_layers import LAYERS, build_layer
from pipeline.orchestration.assets.event_days import EVENT_DAYS, build_event_days
from pipeline.orchestration.assets.ingest import ingest_events, night_config
from pipeline.orchestration.assets.predictions import train_and_score
from pipeline.orchestration.assets.recommendations import recommend
from pipeline.orchestration.assets.report import report
from pipeline.orchestration.assets.survival import estimate_survival
from pipeline.orchestration.assets.warehouse import build_warehouse
from pipeline.orchestration.gates import GATES, build_gate
from pipeline.orchestration.resources import GrowthHome, home_from_environment, settings_of
from pipeline.orchestration.schedules import build_nightly_schedule
from pipeline.orchestration.sensors import build_alert_sensors, build_backfill_sensor, build_new_files_sensor

JOB_NAME = "nightly"


def build_defs(
    growth: GrowthHome | None = None, loggers: Mapping[str, dg.LoggerDefinition] | None = None
) -> dg.Definitions:
    """All definitions for one home (default: the one the environment names)."""
    growth = growth or home_from_environment()
    # DuckDB has one writing process, so every step of a run shares this one.
    job = dg.define_asset_job(
        JOB_NAME,
        selection=dg.AssetSelection.all() - dg.AssetSelection.assets(EVENT_DAYS),
        executor_def=dg.in_process_executor,
        config=night_config(),  # shown in the launchpad, for a person to fill in
        description="One night: ingest, sessions, marts, models, activation, publish, report; gates between them.",
    )
    warehouse = build_warehouse(lambda: defs.resolve_asset_graph())
    defs = dg.Definitions(
        assets=[
            build_event_days(settings_of(growth)),
            ingest_events,
            *[build_layer(layer) for layer in LAYERS],
            train_and_score,
            estimate_customer_value,
            estimate_survival,
            recommend,
            warehouse,
            report,
        ],
        asset_checks=[build_gate(stage) for stage in GATES],
        jobs=[job],
        schedules=[build_nightly_schedule(job, growth)],
        sensors=[build_new_files_sensor(job, growth), build_backfill_sensor(job, growth), *build_alert_sensors(growth)],
        resources={"growth": growth},
        loggers=loggers,
        executor=dg.in_process_executor,
    )
    return defs


defs = build_defs()
