"""Who is told how a run ended, once: `growthhouse run` and the sensors of a Dagster daemon both ask here.

Belongs here: what is said, when, and that it is said once. Not here: how it is sent (`pipeline.operate.alert_channels`).
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import dagster as dg

from pipeline.home.paths import HomePaths
from pipeline.operate.alert_channels import deliver
from pipeline.operate.logs import redacted
from pipeline.orchestration.failures import REPORT_STEP, TELLING, Cause, explain
from pipeline.settings import Settings

_WAREHOUSE = dg.AssetKey(["published", "warehouse"])
_MAX_REMEMBERED = 500


@dataclass(frozen=True)
class Alert:
    """One message: what happened to which run of which home, why, and what a person does next."""

    kind: str  # failure, recovery or gate_warning
    home: str
    run_id: str
    status: str
    failed_step: str | None
    reason: str
    next_step: str

    @property
    def subject(self) -> str:
        """One line."""
        words = {
            "failure": "no report was made" if self.failed_step == REPORT_STEP else "the night failed",
            "recovery": "published again",
            "gate_warning": "published with warnings",
        }
        return f"growthhouse: {words[self.kind]} ({Path(self.home).name})".replace("\n", " ")

    @property
    def text(self) -> str:
        """The whole message for a person."""
        lines = [f"home: {self.home}", f"run: {self.run_id}", f"status: {self.status}"]
        if self.failed_step:
            lines.append(f"step: {self.failed_step}")
        return "\n".join([*lines, "", self.reason, "", f"next: {self.next_step}"])


def tell_how_it_ended(instance: dg.DagsterInstance, settings: Settings, run_id: str) -> list[str]:
    """Send the alert that the end of this run asks for, unless somebody did; returns what could not be delivered."""
    run = instance.get_run_by_id(run_id)
    if not settings.alerts.is_configured or run is None:
        return []
    kinds = {*TELLING, dg.DagsterEventType.ASSET_MATERIALIZATION}
    events = [entry.dagster_event for entry in instance.all_logs(run_id, of_type=kinds) if entry.dagster_event]
    paths = HomePaths(settings.home)
    if run.status == dg.DagsterRunStatus.FAILURE:
        return _tell_failure(settings, paths, run_id, explain(events))
    if run.status == dg.DagsterRunStatus.SUCCESS and any(event.asset_key == _WAREHOUSE for event in _built(events)):
        return _tell_success(settings, paths, run_id, _warnings(events))
    return []


def tell_failed_start(settings: Settings, error: BaseException) -> list[str]:
    """A night that broke before it was a run."""
    reason = redacted(f"the night could not start.\n  {type(error).__name__}: {error}")
    alert = Alert("failure", str(settings.home), "none", "failed", None, reason, "run `growthhouse doctor`")
    return _send(settings, alert) if settings.alerts.is_configured else []


def _tell_failure(settings: Settings, paths: HomePaths, run_id: str, cause: Cause) -> list[str]:
    with _memory(paths) as memory:
        if run_id in memory["told"]:
            return []
        memory["told"].append(run_id)
        memory["failing"] = True
    reason = redacted(cause.message)
    return _send(
        settings, Alert("failure", str(settings.home), run_id, cause.status, cause.step, reason, _next_step(cause))
    )


def _tell_success(settings: Settings, paths: HomePaths, run_id: str, warnings: list[str]) -> list[str]:
    with _memory(paths) as memory:
        if run_id in memory["told"]:
            return []
        memory["told"].append(run_id)
        has_recovered, memory["failing"] = memory["failing"], False
    if not has_recovered and not warnings:
        return []
    reason = redacted("\n".join(["a new version was published.", *(f"- warning: {warning}" for warning in warnings)]))
    kind = "recovery" if has_recovered else "gate_warning"
    if kind == "recovery" and kind not in settings.alerts.on and warnings:
        kind = "gate_warning"
    step = "look at ops.quality_results" if warnings else "nothing to do"
    return _send(settings, Alert(kind, str(settings.home), run_id, "published", None, reason, step))


def _send(settings: Settings, alert: Alert) -> list[str]:
    if alert.kind not in settings.alerts.on:
        return []
    return deliver(settings.alerts, alert.subject, alert.text, asdict(alert))


def _next_step(cause: Cause) -> str:
    if cause.status == "failed_gate":
        return "mend the cause the gate names, then `growthhouse run`; last night's version stays published"
    if cause.status == "killed":
        return "`growthhouse run` again: it starts from what is complete; was the machine out of memory?"
    if cause.is_report:
        return "mend what the reason names, then `growthhouse run --select 'key:\"published/report\"'`"
    if cause.is_input:
        return "correct growth.yaml or the file it names, then `growthhouse run`"
    return "`growthhouse doctor`, then `growthhouse run`; the whole trace is in the run's page of the UI"


def _built(events: Sequence[dg.DagsterEvent]) -> Iterator[dg.DagsterEvent]:
    return (event for event in events if event.is_step_materialization)


def _warnings(events: Sequence[dg.DagsterEvent]) -> list[str]:
    """Checks that did not hold and stopped nothing, each in its own words."""
    wanted = dg.DagsterEventType.ASSET_CHECK_EVALUATION.value
    checks = [event.asset_check_evaluation_data for event in events if event.event_type_value == wanted]
    return list(dict.fromkeys(check.description or check.check_name for check in checks if not check.passed))


@contextmanager
def _memory(paths: HomePaths) -> Iterator[dict[str, Any]]:
    """Which runs were told of, and whether the last one failed; one process at a time, written when the block ends."""
    file = paths.alerts
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.with_suffix(".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        memory: dict[str, Any] = {"told": [], "failing": False}
        if file.exists():
            memory |= json.loads(file.read_text(encoding="utf-8"))
        yield memory
        memory["told"] = memory["told"][-_MAX_REMEMBERED:]
        temporary = file.with_suffix(".tmp")
        temporary.write_text(json.dumps(memory), encoding="utf-8")
        os.replace(temporary, file)
