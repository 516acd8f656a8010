"""What may be missing in the middle of a night: disk, memory, write permission; and other processes at work."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest
from mounts import fill, mounted

from pipeline.build.plan import was_built_by_hand
from pipeline.home.paths import HomePaths
from pipeline.home.versions import published_at, version_file, version_name
from pipeline.publish.analyst import connect
from tests.faults.cases import Shop, differences, faults_of, leftovers
from tests.faults.warm import Nights, ended, night_of

TMPFS_MB = 400
GROWTHHOUSE = (sys.executable, "-m", "pipeline.cli")


def wait_for(log: Path, words: str, seconds: float = 60) -> None:
    """Until a night has printed these words."""
    end = time.monotonic() + seconds
    while words not in (log.read_text(encoding="utf-8") if log.exists() else ""):
        assert time.monotonic() < end, f"no '{words}' in {log}"
        time.sleep(0.05)


@pytest.fixture
def small_disk(shop: Shop, tmp_path: Path) -> Iterator[HomePaths]:
    """The home on a disk of its own, which a test can fill to the last byte."""
    disk = tmp_path / "disk"
    with mounted(disk, "-t", "tmpfs", "-o", f"size={TMPFS_MB}m", "tmpfs"):
        yield shop.copy(disk / "home")


@pytest.mark.parametrize("leave_kb", [60, 1_500, 4_000, 8_000, 12_000])
def test_a_full_disk_is_told_and_the_next_night_is_right(
    leave_kb: int, small_disk: HomePaths, undisturbed: HomePaths, nights: Nights, tmp_path: Path
) -> None:
    """From no room for the first file up to no room for the new version."""
    before, log = small_disk.warehouse.resolve(), tmp_path / "full.log"
    ballast = fill(small_disk.home.parent, leave_kb)
    code = nights.run(log, *night_of(small_disk))
    output = log.read_text(encoding="utf-8")
    if code == 0 and leave_kb >= 8_000:  # enough on some machines
        assert faults_of(small_disk, undisturbed) == []
        return
    assert code == 1
    assert "disk is full" in output.lower()
    assert "Free some space" in output
    assert small_disk.warehouse.resolve() == before
    with connect(small_disk) as con:
        assert con.execute("select count(*) > 0 from marts.fct_events").fetchone() == (True,)
    ballast.unlink()
    assert nights.run(tmp_path / "again.log", *night_of(small_disk)) == 0
    assert faults_of(small_disk, undisturbed) == []


@pytest.mark.parametrize("limit", ["8MiB", "40MiB"])
def test_too_little_memory_is_told_and_the_next_night_is_right(
    limit: str, home: HomePaths, undisturbed: HomePaths, nights: Nights, tmp_path: Path
) -> None:
    before, log = home.warehouse.resolve(), tmp_path / "small.log"
    code = nights.run(log, *night_of(home), GROWTH_MEMORY_LIMIT=limit)
    output = log.read_text(encoding="utf-8")
    if code == 0 and limit != "8MiB":  # enough on some machines
        assert faults_of(home, undisturbed) == []
        return
    assert code == 1, output[-2000:]
    assert "ran out of memory" in output
    assert f"GROWTH_MEMORY_LIMIT is {limit}: raise it" in output
    assert home.warehouse.resolve() == before
    assert nights.run(tmp_path / "again.log", *night_of(home)) == 0
    assert faults_of(home, undisturbed) == []


def test_a_home_that_cannot_be_written_is_told_before_anything_starts(
    home: HomePaths, nights: Nights, tmp_path: Path
) -> None:
    with mounted(home.home, "--bind", str(home.home)):
        subprocess.run(["mount", "-o", "remount,ro,bind", str(home.home)], check=True)
        code = nights.run(tmp_path / "ro.log", *night_of(home))
        doctor = nights.run(tmp_path / "doctor.log", "doctor", *night_of(home)[1:])
    output = (tmp_path / "ro.log").read_text(encoding="utf-8")
    assert code == 2
    assert f"{home.data} cannot be written (Read-only file system)" in output
    assert "Traceback" not in output
    assert doctor == 2
    assert "cannot be written" in (tmp_path / "doctor.log").read_text(encoding="utf-8")


def test_of_two_runs_at_once_the_second_names_the_first_and_leaves_it_alone(
    home: HomePaths, undisturbed: HomePaths, nights: Nights, tmp_path: Path
) -> None:
    first = nights.start(tmp_path / "first.log", *night_of(home))
    wait_for(tmp_path / "first.log", "dbt_sessions")
    assert nights.run(tmp_path / "second.log", *night_of(home)) == 1
    assert f"(process {first.pid})" in (tmp_path / "second.log").read_text(encoding="utf-8")
    assert ended(first) == 0
    assert faults_of(home, undisturbed) == []


def test_an_analyst_keeps_the_version_opened_for_as_long_as_it_is_open(
    home: HomePaths, undisturbed: HomePaths, nights: Nights, tmp_path: Path
) -> None:
    """Through so many nights that the file itself is pruned."""
    query = "select count(*), sum(hash(e)) from marts.fct_events as e"
    reader = connect(home)
    before = reader.execute(query).fetchone()
    opened = home.warehouse.resolve()
    for number in range(3):
        assert nights.run(tmp_path / f"{number}.log", *night_of(home)) == 0
        assert reader.execute(query).fetchone() == before
    assert not opened.exists()
    assert reader.execute(query).fetchone() == before
    with connect(home) as con:
        assert con.execute(query).fetchone() != before
    reader.close()
    assert faults_of(home, undisturbed) == []


def test_a_clock_set_back_between_two_nights_is_told_and_turns_nothing_around(
    home: HomePaths, undisturbed: HomePaths, nights: Nights, tmp_path: Path
) -> None:
    """The version published last is made one of tomorrow, which is what a clock set back by a day looks like."""
    last = home.warehouse.resolve()
    tomorrow = version_file(home, version_name(published_at(last) + timedelta(days=1)))
    last.rename(tomorrow)
    last.with_name(last.name + ".sha256").rename(tomorrow.with_name(tomorrow.name + ".sha256"))
    home.warehouse.unlink()
    home.warehouse.symlink_to(os.path.relpath(tomorrow, home.data))
    assert nights.run(tmp_path / "night.log", *night_of(home)) == 0
    assert "set back" in (tmp_path / "night.log").read_text(encoding="utf-8")
    assert home.warehouse.resolve().name > tomorrow.name
    assert differences(home, undisturbed) == []


def by_hand(home: HomePaths, *arguments: str) -> subprocess.CompletedProcess[str]:
    """dbt as a person starts it on a home."""
    command = [*GROWTHHOUSE, "dbt", "--home", str(home.home), "--", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_dbt_by_hand_between_two_nights_is_undone_by_the_next(
    home: HomePaths, undisturbed: HomePaths, nights: Nights, tmp_path: Path
) -> None:
    """With variables of its own, on the tables that nights only add to."""
    wrong = "{timezone: Asia/Shanghai, max_users_per_device: 5}"
    made = by_hand(home, "run", "--select", "int_person_days int_session_days", "--vars", wrong)
    assert made.returncode == 0, made.stdout[-2000:]
    assert was_built_by_hand(home)
    assert nights.run(tmp_path / "night.log", *night_of(home)) == 0
    assert faults_of(home, undisturbed, is_full=True) == []


def test_dbt_by_hand_while_a_layer_is_built_is_refused_by_the_lock(
    home: HomePaths, undisturbed: HomePaths, nights: Nights, tmp_path: Path
) -> None:
    holder = duckdb.connect(str(home.build_db))  # as a night holds it while dbt builds a layer
    made = by_hand(home, "run", "--select", "dim_identities")
    assert made.returncode != 0
    assert "lock" in made.stderr.lower()
    holder.close()
    assert nights.run(tmp_path / "night.log", *night_of(home)) == 0
    assert faults_of(home, undisturbed) == []
    assert leftovers(home) == []
