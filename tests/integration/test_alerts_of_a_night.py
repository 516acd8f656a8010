"""`growthhouse run` tells of a night that failed: once, in the words it prints, and whatever becomes of the message."""

from __future__ import annotations

from pathlib import Path

import pytest
from alert_sinks import WebSink, serving

from pipeline.cli.night import NightError, run_night
from pipeline.settings import load_settings


def failing_night(home: Path) -> tuple[str, list[str]]:
    """A night without any data: the error, and everything it printed."""
    messages: list[str] = []
    with pytest.raises(NightError) as caught:
        run_night(home / "growth.yaml", load_settings(home / "growth.yaml"), say=messages.append)
    assert caught.value.exit_code == 2
    return str(caught.value), messages


def test_a_failed_night_is_told_once_and_a_dead_webhook_changes_nothing(tmp_path: Path) -> None:
    with serving(WebSink()) as web:
        (tmp_path / "growth.yaml").write_text(
            f"site: {{}}\nsources: [{{name: shop, path: 'raw/*'}}]\nalerts: {{webhook: {{url: '{web.url}'}}}}\n"
        )
        error, _ = failing_night(tmp_path)
        (message,) = web.received
    assert (message["status"], message["failed_step"], message["reason"]) == ("failed", "ingest", error)
    again, messages = failing_night(tmp_path)
    assert again == error
    assert any("webhook: no connection" in line for line in messages)
    log = (tmp_path / "data" / "logs" / "growthhouse.log").read_text(encoding="utf-8")
    assert log.count('"level": "error"') >= 2
    assert "No source has any data" in log
