"""The collector's files in ingest: open ones are left alone, rejected events are listed with their reason."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ingest_home import TRACKER, Home, jsonl, track

from pipeline.home.open_files import lock_open_file
from pipeline.ingest import IngestError

SOURCE = {**TRACKER, "path": "{home}/data/raw/shop/**/*.jsonl*"}
HOUR = "data/raw/shop/2026-01-05/10-0a1b2c3d-1"


def collected(tmp_path: Path, **files: bytes) -> Home:
    home = Home(tmp_path, SOURCE)
    for ending, content in files.items():
        path = tmp_path / f"{HOUR}.{ending.replace('_', '.')}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return home


def rejected(code: str, **event: object) -> dict[str, object]:
    return {"$rejectedByCollector": {"code": code, "field": "userId", "message": "why"}, **event}


def test_an_open_file_is_read_once_it_has_its_name(tmp_path: Path) -> None:
    home = collected(tmp_path, jsonl=jsonl(track(user="u1")), jsonl_part=jsonl(track(user="u2")) + b'{"torn')
    result = home.ingest()
    assert home.values("user_id") == ["u1"]
    assert not any(".part" in warning for warning in result.warnings)
    part = tmp_path / f"{HOUR}.jsonl.part"
    part.write_bytes(jsonl(track(user="u2")))
    part.rename(tmp_path / f"{HOUR[:-1]}2.jsonl")
    home.ingest()
    assert home.values("user_id") == ["u1", "u2"]


def test_a_first_night_beside_a_collector_says_when_its_events_come(tmp_path: Path) -> None:
    home = collected(tmp_path, jsonl_part=jsonl(track()))
    with pytest.raises(IngestError, match=r"read once it is finished \(collector\.max_open\)"):
        home.ingest()


def test_a_file_that_a_killed_collector_left_is_named(tmp_path: Path) -> None:
    home = collected(tmp_path, jsonl=jsonl(track()), jsonl_part=jsonl(track()))
    part = tmp_path / f"{HOUR}.jsonl.part"
    os.utime(part, (0, 0))
    descriptor = os.open(part, os.O_RDWR)
    assert lock_open_file(descriptor, part)
    assert not any(".part" in warning for warning in home.ingest().warnings)  # its collector is alive
    os.close(descriptor)
    (warning,) = (warning for warning in home.ingest().warnings if ".part" in warning)
    assert f"{HOUR}.jsonl.part" in warning and "`growthhouse collect` finishes" in warning


@pytest.mark.parametrize(
    ("code", "reason"),
    [("missing_identity", "missing_identity"), ("bad_json", "bad_json"), ("too_deep", "bad_row"), ("", "bad_row")],
)
def test_an_event_that_the_collector_rejected_is_listed_with_its_reason(tmp_path: Path, code: str, reason: str) -> None:
    line = rejected(code, **track(user="u9"))
    home = collected(tmp_path, jsonl=jsonl(track()), rejected_jsonl=jsonl(line))
    assert home.ingest().n_lines == 2
    (row,) = home.rejects()
    assert (row["file"], row["line_number"], row["reason"]) == (f"{HOUR}.rejected.jsonl", 1, reason)
    assert row["raw_line"] == jsonl(line).decode().rstrip()
    assert len(home.events()) == 1


def test_a_key_like_that_of_the_collector_rejects_no_line_of_another_batch(tmp_path: Path) -> None:
    home = collected(tmp_path, jsonl=jsonl(track(note="$rejectedByCollector"), track(rejected={"code": "bad_json"})))
    home.ingest()
    assert (len(home.events()), home.rejects()) == (2, [])
