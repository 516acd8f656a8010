"""The alert that is due at the end of a run, from Dagster's records of the run.

Not here: the text of an alert and sending it (`pipeline.operate.alerts`).
"""

from __future__ import annotations

from collections.abc import Sequence

import dagster as dg

from pipeline.operate.alerts import send_failure, send_success
from pipeline.orchestration.failures import EXPLAINED_BY, explain
from pipeline.settings import Settings

_WAREHOUSE = dg.AssetKey(["published", "warehouse"])


def send_alert_of(instance: dg.DagsterInstance, settings: Settings, run_id: str) -> list[str]:
    """Send the alert of this run's end, unless it was sent; returns what could not be delivered."""
    run = instance.get_run_by_id(run_id)
    if not settings.alerts.is_configured or run is None:
        return []
    kinds = {*EXPLAINED_BY, dg.DagsterEventType.ASSET_MATERIALIZATION}
    events = [entry.dagster_event for entry in instance.all_logs(run_id, of_type=kinds) if entry.dagster_event]
    if run.status in (dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED):
        return send_failure(settings, run_id, explain(events))
    is_published = any(event.is_step_materialization and event.asset_key == _WAREHOUSE for event in events)
    if run.status == dg.DagsterRunStatus.SUCCESS and is_published:
        return send_success(settings, run_id, _warnings(events))
    return []


def _warnings(events: Sequence[dg.DagsterEvent]) -> list[str]:
    """Descriptions of checks that did not hold and stopped nothing."""
    wanted = dg.DagsterEventType.ASSET_CHECK_EVALUATION.value
    checks = [event.asset_check_evaluation_data for event in events if event.event_type_value == wanted]
    return list(dict.fromkeys(check.description or check.check_name for check in checks if not check.passed))
