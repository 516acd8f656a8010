"""`data/logs/growthhouse.log`: one JSON line per event of `growthhouse run`, for grep and for log shippers.

Each line has time (UTC), level, run, step and message. No raw line and no value of the data is written: messages of the
database engine quote the value they stumbled over, so what they quote is left out.
"""

from __future__ import annotations

import json
import logging
import re
from contextlib import suppress
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path

MAX_BYTES = 5_000_000
KEPT_FILES = 5
_MAX_MESSAGE = 2_000
_ENGINE_ERROR = re.compile(r"\bError\b")
_QUOTED = re.compile(r"'(?:[^'\n]|'')*'|\"[^\"\n]*@[^\"\n]*\"")
_ADDRESS = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")


def redacted(text: str) -> str:
    """Without what errors of the engine quote, and without mail addresses; our own words stay."""
    lines = (_QUOTED.sub("'…'", line) if _ENGINE_ERROR.search(line) else line for line in text.splitlines())
    return _ADDRESS.sub("…@…", "\n".join(lines))


class _QuietFile(RotatingFileHandler):
    """The night itself reports a full disk or a read-only home; the log adds no second error."""

    def handleError(self, record: logging.LogRecord) -> None:
        pass


class EventLog(logging.Handler):
    """Writes lines itself (`note`), and those of a Dagster run as a handler of its logger."""

    def __init__(self, path: Path) -> None:
        super().__init__(logging.DEBUG)
        with suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
        self._out = _QuietFile(path, maxBytes=MAX_BYTES, backupCount=KEPT_FILES, encoding="utf-8", delay=True)

    def note(self, level: str, message: str, run: str = "", step: str = "") -> None:
        """Write one line."""
        time = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        entry = {"time": time, "level": level, "run": run, "step": step, "message": redacted(message)[:_MAX_MESSAGE]}
        line = json.dumps(entry, ensure_ascii=False)
        self._out.handle(logging.LogRecord("growthhouse", logging.INFO, "", 0, line, None, None))

    def emit(self, record: logging.LogRecord) -> None:
        details = getattr(record, "dagster_meta", {})
        event, run, step = details.get("dagster_event"), details.get("run_id") or "", details.get("step_key") or ""
        if event is None:
            if record.levelno >= logging.INFO:
                self.note(record.levelname.lower(), str(details.get("orig_message", record.getMessage())), run, step)
        elif found := _level_and_text(event):
            self.note(*found, run, step)

    def close(self) -> None:
        self._out.close()
        super().close()


def _level_and_text(event) -> tuple[str, str] | None:  # type: ignore[no-untyped-def]
    """Level and words of the Dagster events worth a line."""
    kind = event.event_type_value
    if event.is_step_start:
        return "info", "started"
    if event.is_step_success:
        return "info", f"done in {event.step_success_data.duration_ms / 1000:.1f} s"
    if event.is_step_up_for_retry:
        return "warning", "failed, trying again"
    if kind == "ASSET_CHECK_EVALUATION" and not event.asset_check_evaluation_data.passed:
        check = event.asset_check_evaluation_data
        level = "error" if check.blocking and check.severity.value == "ERROR" else "warning"
        return level, f"{check.check_name} on {check.asset_key.to_user_string()}: {check.description or 'did not hold'}"
    if event.is_step_failure:
        return "error", "failed"
    words = {"PIPELINE_START": "run started", "PIPELINE_SUCCESS": "run ended", "PIPELINE_FAILURE": "run failed"}
    return ("error" if kind == "PIPELINE_FAILURE" else "info", words[kind]) if kind in words else None
