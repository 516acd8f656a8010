"""Nights as short as they can be, on a Dagster instance in memory. No expectations here."""

from collections.abc import Iterator
from typing import Any

import dagster as dg

RAW, WAREHOUSE = dg.AssetKey(["raw", "events"]), dg.AssetKey(["published", "warehouse"])


def night(gate_holds: bool = True, severity: dg.AssetCheckSeverity = dg.AssetCheckSeverity.ERROR) -> list[Any]:
    """Ingest, a gate on it, publish: as short as a night can be."""

    @dg.multi_asset(name="ingest", specs=[dg.AssetSpec(RAW)])
    def ingest() -> dg.MaterializeResult:
        new = {"new_files": 2, "new_lines_read": 30, "new_events": 28, "as_of": "2026-01-25"}
        return dg.MaterializeResult(asset_key=RAW, metadata=new)

    @dg.multi_asset_check(name="gate_raw", specs=[dg.AssetCheckSpec("gate_raw", asset=RAW, blocking=True)])
    def gate_raw() -> Iterator[dg.AssetCheckResult]:
        words = "rejected_rate 0.4, not 0.05"
        yield dg.AssetCheckResult(asset_key=RAW, passed=gate_holds, severity=severity, description=words)

    @dg.asset(key=WAREHOUSE, deps=[RAW])
    def publish() -> None: ...

    return [ingest, gate_raw, publish]


def run(instance: dg.DagsterInstance, assets: list[Any], **options: Any) -> str:
    return dg.materialize(assets, instance=instance, raise_on_error=False, **options).run_id


@dg.job
def empty() -> None: ...


def killed_run(instance: dg.DagsterInstance) -> str:
    """A run that began, and of which nothing more was heard."""
    run = instance.create_run_for_job(dg.Definitions(jobs=[empty]).resolve_job_def("empty"))
    event = dg.DagsterEvent(event_type_value="PIPELINE_START", job_name="empty")
    instance.report_dagster_event(event, run.run_id)
    return run.run_id
