"""The log of the nights: one JSON object per line, of bounded size, and nothing of the data in it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipeline.operate import logs
from pipeline.operate.logs import EventLog, redacted


def lines(path: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_each_event_is_one_line_with_time_run_step_level_and_message(tmp_path: Path) -> None:
    log = EventLog(tmp_path / "logs" / "growthhouse.log")
    log.note("info", "3 files", "r1", "ingest")
    log.note("error", "first\nsecond")
    log.close()
    first, second = lines(tmp_path / "logs" / "growthhouse.log")
    assert first.pop("time").endswith("Z")
    assert first == {"level": "info", "run": "r1", "step": "ingest", "message": "3 files"}
    assert second["message"] == "first\nsecond"


def test_the_log_does_not_grow_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "MAX_BYTES", 1_000)
    monkeypatch.setattr(logs, "KEPT_FILES", 2)
    log = EventLog(tmp_path / "growthhouse.log")
    for number in range(200):
        log.note("info", f"event {number}")
    log.close()
    files = sorted(file.name for file in tmp_path.iterdir())
    assert files == ["growthhouse.log", "growthhouse.log.1", "growthhouse.log.2"]
    assert all((tmp_path / name).stat().st_size <= 1_000 for name in files)
    assert lines(tmp_path / "growthhouse.log")[-1]["message"] == "event 199"


def test_a_log_that_cannot_be_written_stops_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "logs").write_text("a file where the folder should be")
    log = EventLog(tmp_path / "logs" / "growthhouse.log")
    log.note("error", "disk full")
    log.close()
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Source 'shop': a.jsonl is cut short", "Source 'shop': a.jsonl is cut short"),
        (
            "Conversion Error: Could not convert string 'u42' to INT64",
            "Conversion Error: Could not convert string '…' to INT64",
        ),
        ("Binder Error: 'it''s' is odd", "Binder Error: '…' is odd"),
        ("user ann.b+c@shop.example twice", "user …@… twice"),
        ("all is well\nRuntime Error in 'x'", "all is well\nRuntime Error in '…'"),
    ],
)
def test_values_of_the_data_stay_out(text: str, kept: str) -> None:
    assert redacted(text) == kept
