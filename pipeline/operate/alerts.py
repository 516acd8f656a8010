"""Alerts of how a run ended, each sent once: `growthhouse run` and the sensors of a Dagster daemon both send from here.

Belongs here: the text of an alert, when it is sent, and that it is sent once. Not here: the channels
(`pipeline.operate.alert_channels`) and reading Dagster's records (`pipeline.orchestration.run_alerts`).
"""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pipeline.home.atomic import write_text
from pipeline.home.paths import HomePaths
from pipeline.operate.alert_channels import deliver
from pipeline.operate.causes import REPORT_STEP, Cause
from pipeline.operate.logs import redacted
from pipeline.settings import Settings

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


def send_failed_start(settings: Settings, error: BaseException) -> list[str]:
    """Send the alert of a night that failed before it became a run; returns what could not be delivered."""
    reason = redacted(f"the night could not start.\n  {type(error).__name__}: {error}")
    alert = Alert("failure", str(settings.home), "none", "failed", None, reason, "run `growthhouse doctor`")
    return _send(settings, alert) if settings.alerts.is_configured else []


def send_failure(settings: Settings, run_id: str, cause: Cause) -> list[str]:
    """Send the alert of a failed run, unless it was sent; returns what could not be delivered."""
    with _memory(HomePaths(settings.home)) as memory:
        if run_id in memory["reported"]:
            return []
        memory["reported"].append(run_id)
        memory["failing"] = True
    reason = redacted(cause.message)
    return _send(
        settings, Alert("failure", str(settings.home), run_id, cause.status, cause.step, reason, _next_step(cause))
    )


def send_success(settings: Settings, run_id: str, warnings: list[str]) -> list[str]:
    """Send the alert of a published version where one is due (a recovery, or warnings), unless it was sent."""
    with _memory(HomePaths(settings.home)) as memory:
        if run_id in memory["reported"]:
            return []
        memory["reported"].append(run_id)
        has_recovered, memory["failing"] = memory["failing"], False
    if not has_recovered and not warnings:
        return []
    reason = redacted("\n".join(["a new version was published.", *(f"- warning: {warning}" for warning in warnings)]))
    kind = "recovery" if has_recovered else "gate_warning"
    if kind == "recovery" and kind not in settings.alerts.on and warnings:
        kind = "gate_warning"
    step = "see ops.quality_results" if warnings else "nothing to do"
    return _send(settings, Alert(kind, str(settings.home), run_id, "published", None, reason, step))


def _send(settings: Settings, alert: Alert) -> list[str]:
    if alert.kind not in settings.alerts.on:
        return []
    return deliver(settings.alerts, alert.subject, alert.text, asdict(alert))


def _next_step(cause: Cause) -> str:
    if cause.status == "failed_gate":
        return "fix the cause that the gate names, then `growthhouse run`; last night's version stays published"
    if cause.status == "killed":
        return "`growthhouse run` again: it starts from what is complete"
    if cause.is_report:
        return "fix what the reason names, then `growthhouse run --select 'key:\"published/report\"'`"
    if cause.is_input:
        return "correct growth.yaml or the file it names, then `growthhouse run`"
    return "`growthhouse doctor`, then `growthhouse run`; the whole trace is in the run's page of the UI"


@contextmanager
def _memory(paths: HomePaths) -> Iterator[dict[str, Any]]:
    """Runs that were reported, and whether the last one failed; one process at a time, written when the block ends."""
    file = paths.alerts
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.with_suffix(".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        stored = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
        # growthhouse 0.1 called the runs `told`.
        memory = {"reported": stored.get("reported", stored.get("told", [])), "failing": stored.get("failing", False)}
        yield memory
        memory["reported"] = memory["reported"][-_MAX_REMEMBERED:]
        write_text(json.dumps(memory), file)
