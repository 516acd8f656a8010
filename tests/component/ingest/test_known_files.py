"""A correction under the same size and time: seen at once by its inode, within a week by its content, by doctor too."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest
from ingest_home import NOW, Home, jsonl, track

from pipeline.home.paths import HomePaths
from pipeline.ingest import known_files
from pipeline.operate.doctor_damage import damage

OLD = 1_700_000_000_000_000_000


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path)
    for name in ("a", "b"):
        path = made.put(f"{name}.jsonl", jsonl(track(user=f"{name}1")))
        os.utime(path, ns=(OLD, OLD))
    made.ingest()
    return made


def correct(home: Home) -> None:
    path = home.put("a.jsonl", jsonl(track(user="a2")))
    os.utime(path, ns=(OLD, OLD))


def test_it_is_seen_by_the_time_of_the_inode(home: Home) -> None:
    correct(home)
    night = home.ingest()
    assert night.n_files_new == 1 and "other content under the same size and time" in night.warnings[0]
    assert home.values("user_id") == ["a2", "b1"]


def without_inode_times(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a file system that does not keep them."""
    monkeypatch.setattr("pipeline.ingest.plan.has_new_inode_time", lambda row, stat: False)


def test_it_is_seen_within_a_week_by_its_content(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    without_inode_times(monkeypatch)
    correct(home)
    nights = [home.ingest(now=NOW + timedelta(days=day)) for day in range(1, 8)]
    (night,) = [night for night in nights if night.n_files_new]
    assert [file.file for file in night.files] == ["in/a.jsonl"]
    assert any("other content under the same size and time" in text for text in night.warnings)
    assert home.values("user_id") == ["a2", "b1"]


def test_doctor_sees_it_and_the_next_night_reads_it(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    without_inode_times(monkeypatch)
    paths = HomePaths(home.folder)
    sound = [finding.text for finding in damage(home.settings, paths, False, False)]
    assert "raw files: content of 2 files as it was read" in sound
    correct(home)
    (found,) = [finding for finding in damage(home.settings, paths, False, False) if "in/a.jsonl" in finding.text]
    assert found.level == "warn" and "the next run reads it" in found.text
    assert not any("in/a.jsonl" in finding.text for finding in damage(home.settings, paths, True, False))
    monkeypatch.setattr(known_files, "is_due", lambda name, day: False)
    assert home.ingest().n_files_new == 1
    assert home.values("user_id") == ["a2", "b1"]
    assert home.ingest().n_files_new == 0


def test_new_rights_are_no_new_content(home: Home) -> None:
    (home.folder / "in" / "a.jsonl").chmod(0o600)
    again = home.ingest()
    assert (again.n_files_new, again.n_files_known, again.warnings) == (0, 2, [])
