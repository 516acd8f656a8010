"""Expiry: what is removed, what stays, what the ledger counts, and that a killed one is completed."""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from ingest_home import TRACKER, Home, jsonl, track

from pipeline.home.paths import HomePaths
from pipeline.privacy import expire
from pipeline.publish.version import publish

LATER = datetime(2026, 4, 2, 12, tzinfo=UTC)


def quiet(text: str) -> None:
    """Say nothing."""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Three months of files; one of them reaches from January into March, one has only rejected lines."""
    home = Home(tmp_path_factory.mktemp("built"), TRACKER, privacy={"raw_days": 31})
    home.put("jan.jsonl.gz", jsonl(track(user="u1", at="2026-01-31T23:59:59Z"), "broken"))
    home.put("both.jsonl", jsonl(*(track(user="u2", at=f"2026-0{m}-01T00:00:00Z") for m in (1, 2, 3)), "broken"))
    home.put("mar.jsonl", jsonl(track(user="u3", at="2026-03-31T10:00:00Z")))
    home.put("bad.jsonl", b"broken\n")
    home.ingest(now=LATER)
    build = HomePaths(home.folder).build_db
    build.parent.mkdir(parents=True)
    build.write_bytes(b"tables built from all of it")
    return home


@pytest.fixture
def home(built: Home, tmp_path: Path) -> Home:
    return built.copy(tmp_path)


def users(home: Home) -> list[Any]:
    return sorted(home.values("user_id"))


def test_whole_months_before_the_limit_go_and_the_ledger_keeps_the_counts(home: Home) -> None:
    # 31 days before the last event is the 28th of February: what is from before the 1st of February goes.
    assert expire(home.settings, date(2026, 4, 1), quiet)
    assert users(home) == ["u2", "u2", "u3"]
    rows = home.active()
    counts = {n: (row.status, row.n_lines, row.n_accepted, row.n_rejected, row.n_expired) for n, row in rows.items()}
    assert counts == {
        "jan.jsonl.gz": ("expired", 0, 0, 0, 2),
        "both.jsonl": ("loaded", 3, 2, 1, 1),
        "mar.jsonl": ("loaded", 1, 1, 0, 0),
        "bad.jsonl": ("loaded", 1, 0, 1, 0),
    }
    assert rows["both.jsonl"].min_event_at == datetime(2026, 2, 1)
    assert sorted(path.name for path in (home.folder / "in").iterdir()) == ["bad.jsonl", "both.jsonl", "mar.jsonl"]
    assert not HomePaths(home.folder).build_db.exists()


def test_the_next_nights_find_nothing_new_and_nothing_damaged(home: Home) -> None:
    expire(home.settings, date(2026, 4, 1), quiet)
    for day in range(8):  # within a week every file of the lake is checked
        report = home.ingest(now=LATER + timedelta(days=day))
        assert (report.n_files_new, report.warnings) == (0, [])
        assert not expire(home.settings, date(2026, 4, 1), quiet)
    assert users(home) == ["u2", "u2", "u3"]


def test_nothing_goes_unless_the_config_asks(home: Home) -> None:
    home.configure(TRACKER)
    assert not expire(home.settings, date(2026, 4, 1), quiet)
    assert users(home) == ["u1", "u2", "u2", "u2", "u3"]


def test_a_date_far_ahead_does_not_empty_the_lake(home: Home) -> None:
    expire(home.settings, date(2036, 1, 1), quiet)
    assert users(home) == ["u2", "u2", "u3"]


def test_a_raw_file_that_was_changed_since_is_not_deleted(home: Home) -> None:
    home.put("jan.jsonl.gz", jsonl(track(user="u1"), track(user="u8", at="2026-03-30T10:00:00Z")))
    expire(home.settings, date(2026, 4, 1), quiet)
    home.ingest(now=LATER)
    assert users(home) == ["u1", "u2", "u2", "u3", "u8"]
    expire(home.settings, date(2026, 4, 1), quiet)
    assert users(home) == ["u2", "u2", "u3", "u8"]


def test_files_that_are_read_again_do_not_bring_old_months_back(home: Home) -> None:
    expire(home.settings, date(2026, 4, 1), quiet)
    home.ingest(now=LATER, full_refresh=True)
    assert expire(home.settings, date(2026, 4, 1), quiet)
    assert users(home) == ["u2", "u2", "u3"]
    assert home.active()["both.jsonl"].n_expired == 1


def test_a_file_behind_a_link_is_not_deleted_but_named(home: Home, tmp_path_factory: pytest.TempPathFactory) -> None:
    archive = tmp_path_factory.mktemp("archive")
    link = home.folder / "in" / "jan.jsonl.gz"
    link.rename(archive / "jan.jsonl.gz")
    link.symlink_to(archive / "jan.jsonl.gz")
    told: list[str] = []
    assert expire(home.settings, date(2026, 4, 1), told.append)
    assert link.is_symlink() and (archive / "jan.jsonl.gz").exists() and users(home) == ["u2", "u2", "u3"]
    assert f"a link leads to {archive / 'jan.jsonl.gz'}" in told[-1]


def test_a_file_that_another_source_still_reads_is_not_deleted(home: Home) -> None:
    other = {**TRACKER, "name": "other", "path": "in/jan*"}
    home.configure(TRACKER, other, privacy={"raw_days": 31})
    expire(home.settings, date(2026, 4, 1), quiet)
    assert (home.folder / "in" / "jan.jsonl.gz").exists()
    home.ingest(now=LATER)
    expire(home.settings, date(2026, 4, 1), quiet)
    assert not (home.folder / "in" / "jan.jsonl.gz").exists()
    assert users(home) == ["u2", "u2", "u3"]


class Killed(BaseException):
    """Not an error that anything could catch."""


@pytest.mark.parametrize("call", ["replace", "unlink"])
@pytest.mark.parametrize("n", range(4))
def test_killed_on_the_way_the_next_night_ends_where_it_would_have(
    home: Home, call: str, n: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner: Any = os if call == "replace" else Path
    original, left = getattr(owner, call), n

    def killing(*args: Any, **options: Any) -> Any:
        nonlocal left
        left -= 1
        if left < 0:
            raise Killed
        return original(*args, **options)

    with monkeypatch.context() as patch:
        patch.setattr(owner, call, killing)
        with suppress(Killed):
            expire(home.settings, date(2026, 4, 1), quiet)
    assert (left < 0) == ((call, n) != ("replace", 3))  # it replaces three files
    report = home.ingest(now=LATER)
    expire(home.settings, date(2026, 4, 1), quiet)
    assert report.warnings == []
    assert users(home) == ["u2", "u2", "u3"]
    assert sum(row.n_expired for row in home.active().values()) == 3
    assert not HomePaths(home.folder).build_db.exists()
    assert not (home.folder / "in" / "jan.jsonl.gz").exists()


def test_versions_go_by_number_and_by_age_but_never_the_current_one(tmp_path: Path) -> None:
    paths = HomePaths(tmp_path)
    paths.build_db.parent.mkdir(parents=True)
    with duckdb.connect(str(paths.build_db)) as con:
        con.execute("create schema marts; create table marts.fct_events as select 1 as event_id")

    def night(day: int, **kept: Any) -> list[int]:
        now = datetime(2026, 3, day, 12, tzinfo=UTC)
        publish(paths, as_of=date(2026, 3, day), run_id=f"r{day}", now=now, **kept)
        return [int(path.name[16:18]) for path in sorted(paths.versions.glob("*.duckdb"))]

    for day in (1, 2, 3, 4):
        left = night(day, kept_versions=4)
    assert left == [1, 2, 3, 4]
    assert night(5, kept_versions=2) == [4, 5]
    assert night(20, kept_versions=5, max_version_days=15) == [5, 20]
    assert night(28, kept_versions=1) == [28]
