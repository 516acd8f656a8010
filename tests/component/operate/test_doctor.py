"""What doctor finds in a home without a night: damage is named, mended where that is safe, and errors are errors."""

from __future__ import annotations

import os
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from ingest_home import Home, jsonl, track
from lake_damage import file_of, flip, lake_of

from pipeline.home.atomic import switch_link
from pipeline.home.clock import night_time
from pipeline.home.parquet import write_parquet
from pipeline.home.paths import HomePaths
from pipeline.home.versions import versions
from pipeline.operate.clean_up import clean_up
from pipeline.operate.damage import build_problem, repair
from pipeline.operate.doctor import examine
from pipeline.privacy import stale_totals
from pipeline.publish.analyst import connect
from pipeline.publish.seals import version_problem
from pipeline.publish.version import KEPT_VERSIONS, publish

AS_OF = date(2026, 1, 7)


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Three ingested files, and two versions of a build database of 20,000 rows."""
    home = Home(tmp_path_factory.mktemp("published"))
    for day in (5, 6, 7):
        home.put(f"d{day}.jsonl", jsonl(track(at=f"2026-01-0{day}T10:00:00Z"), track(user=f"u{day}")))
    home.ingest()
    paths = paths_of(home)
    paths.build_db.parent.mkdir(parents=True)
    with duckdb.connect(str(paths.build_db)) as con:
        con.execute(
            "create schema marts; create table marts.fct_events as select hash(range) as event_id from range(20000)"
        )
    for run in ("r1", "r2"):
        publish(paths, as_of=AS_OF, run_id=run)
    return home


@pytest.fixture
def home(published: Home, tmp_path: Path) -> Home:
    """A copy, to be damaged."""
    return published.copy(tmp_path)


def paths_of(home: Home) -> HomePaths:
    return HomePaths(home.folder)


def findings(home: Home, level: str, **options: bool) -> list[str]:
    findings = examine(home.folder / "growth.yaml", None, further=[stale_totals], **options)
    return [finding.text for finding in findings if finding.level == level]


def test_a_whole_home_has_no_error_and_no_damage(home: Home) -> None:
    assert findings(home, "error") == []
    assert any("content of 4 files as written" in text for text in findings(home, "ok"))
    assert findings(home, "warn") == findings(home, "warn", quick=True)


def test_a_damaged_lake_file_is_named_with_the_raw_file_that_mends_it(home: Home) -> None:
    file = file_of(home, "d6.jsonl")
    flip(file)
    (text,) = [text for text in findings(home, "warn") if file.name in text]
    assert "in/d6.jsonl" in text
    assert home.ingest().n_files_new == 1  # doctor has marked it, so its turn is now
    assert not [text for text in findings(home, "warn") if file.name in text]


def test_quick_looks_at_sizes_only(home: Home) -> None:
    flip(paths_of(home).warehouse.resolve())
    file = file_of(home, "d6.jsonl")
    file.write_bytes(file.read_bytes() + b"more")
    assert any(file.name in text for text in findings(home, "warn", quick=True))


def test_where_the_raw_file_is_gone_it_is_an_error_until_the_loss_is_accepted(home: Home) -> None:
    flip(file_of(home, "d6.jsonl"))
    (home.folder / "in" / "d6.jsonl").unlink()
    (text,) = findings(home, "error")
    assert "in/d6.jsonl is missing" in text
    assert "--accept-loss" in text
    assert any("2 events of in/d6.jsonl no longer count" in text for text in findings(home, "warn", accept_loss=True))
    assert findings(home, "error") == []
    home.ingest()
    assert len(home.events()) == 4


def test_a_damaged_ledger_is_an_error_that_the_next_run_mends(home: Home) -> None:
    flip(lake_of(home).ledger)
    (text,) = findings(home, "error")
    assert "ledger.parquet" in text
    home.ingest()
    assert findings(home, "error") == []


def test_a_damaged_version_is_set_aside_and_analysts_get_the_last_whole_one(home: Home) -> None:
    paths = paths_of(home)
    damaged = paths.warehouse.resolve()
    flip(damaged)
    (text,) = findings(home, "error")
    assert damaged.name in text
    assert paths.warehouse.resolve().name in text
    assert paths.warehouse.resolve() != damaged
    with connect(paths) as con:
        assert con.execute("select count(*) from marts.fct_events").fetchone() == (20000,)
    publish(paths, as_of=AS_OF, run_id="r3")
    with connect(paths) as con:
        assert con.execute("select list(run_id order by version) from ops.published_versions").fetchone() == (
            ["r1", "r3"],
        )
    assert findings(home, "error") == []


def test_a_new_version_is_published_over_a_damaged_one(home: Home) -> None:
    """Every byte of the header turned: the list of versions cannot be copied from it, and comes from the one before."""
    paths = paths_of(home)
    for at in range(4096, 4196):
        flip(paths.warehouse.resolve(), at)
    publish(paths, as_of=AS_OF, run_id="r3")
    with connect(paths) as con:
        assert con.execute("select list(run_id order by version) from ops.published_versions").fetchone() == (
            ["r1", "r3"],
        )


def test_a_damaged_build_database_is_set_aside(home: Home) -> None:
    paths = paths_of(home)
    with paths.build_db.open("r+b") as handle:  # a byte of every block, so that one of them is read
        for at in range(12_288 + 1000, paths.build_db.stat().st_size, 4096):
            handle.seek(at)
            handle.write(b"\x5a\xa5")
    assert build_problem(paths, full=True) is not None
    assert any("growth.duckdb.damaged-" in text and "in full" in text for text in findings(home, "warn"))
    assert not paths.build_db.exists()


def test_damaged_predictions_and_gate_results_are_set_aside_and_results_restored(home: Home) -> None:
    import pandas as pd

    paths = paths_of(home)
    results = pd.DataFrame({"run_id": ["r1"], "passed": [True]})
    write_parquet(pd.DataFrame({"p": [0.5]}), paths.ml / "churn_scores.parquet")
    write_parquet(results, paths.quality_results)
    with duckdb.connect(str(paths.build_db)) as con:
        con.execute(f"create schema ops; create table ops.quality_results as from '{paths.quality_results}'")
    publish(paths, as_of=AS_OF, run_id="r3")
    assert repair(paths) == []
    for file in (paths.ml / "churn_scores.parquet", paths.quality_results):
        flip(file)
    first, second = repair(paths)
    assert "data/ml/churn_scores.parquet" in first
    assert "restored from the published version" in second
    assert duckdb.execute(f"select run_id, passed from '{paths.quality_results}'").fetchall() == [("r1", True)]
    assert not (paths.ml / "churn_scores.parquet").exists()
    assert repair(paths) == []


def test_leftovers_of_killed_runs_go_and_nothing_else(home: Home) -> None:
    paths = paths_of(home)
    later = paths.versions / "warehouse-29990101T000000000000Z.duckdb"
    for file in (
        later,
        paths.versions / ".unfinished-1.duckdb",
        paths.ml / ".x.parquet.tmp",
        paths.data / ".warehouse.duckdb.next",
    ):
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(b"half")
    kept = {file for file in home.folder.rglob("*") if file.is_file()} - {later}
    assert len(clean_up(paths)) == 4
    assert {file for file in home.folder.rglob("*") if file.is_file()} == {
        f for f in kept if not f.name.startswith(".")
    }
    assert clean_up(paths) == []


@pytest.mark.parametrize(
    "name", ["warehouse-backup", "warehouse-20260106-before-refunds", "warehouse-99991231T240000Z"]
)
def test_somebodys_copy_of_a_version_is_neither_counted_nor_removed(home: Home, name: str) -> None:
    """By name it would be the newest version, and one that was never published."""
    paths = paths_of(home)
    first = publish(paths, as_of=AS_OF, run_id="r1").path
    copies = [paths.versions / f"{name}.duckdb", paths.reports / f"report-{name}.html"]
    copies[0].write_bytes(first.read_bytes())
    paths.reports.mkdir(exist_ok=True)
    copies[1].write_text("kept")
    for number in range(2, 6):
        assert clean_up(paths) == []
        publish(paths, as_of=AS_OF, run_id=f"r{number}")
    assert all(copy.exists() for copy in copies)
    assert not first.exists() and len(versions(paths)) == KEPT_VERSIONS
    # a backup that somebody linked by hand is what analysts read, and the next night goes on from it
    switch_link(paths.warehouse, copies[0])
    assert findings(home, "error") == []
    publish(paths, as_of=AS_OF, run_id="r6")
    assert paths.warehouse.resolve() != copies[0] and copies[0].exists()


def test_a_source_without_files_shows_the_path_it_was_looked_for_at(home: Home) -> None:
    home.configure({"name": "other", "format": "tracker", "path": "{home}/raw/*.jsonl"})
    (text,) = [text for text in findings(home, "warn") if "source other" in text]
    assert f"{home.folder}/raw/*.jsonl" in text
    assert "{home}" not in text


def test_a_file_that_a_dead_collector_left_is_named_with_what_finishes_it(home: Home) -> None:
    home.configure({"name": "other", "format": "tracker", "path": "{home}/raw/*.jsonl*"})
    left, fresh = (home.folder / "raw" / name for name in ("00-a-1.jsonl.part", "01-a-2.jsonl.part"))
    for file in (left, fresh):
        file.parent.mkdir(exist_ok=True)
        file.write_text("{}\n", encoding="utf-8")
    two_hours_ago = time.time() - 7200
    os.utime(left, (two_hours_ago, two_hours_ago))
    (text,) = [text for text in findings(home, "warn") if "still written" in text]
    assert "raw/00-a-1.jsonl.part" in text and "01-a-2" not in text and "growthhouse collect" in text


def test_versions_stay_in_order_when_the_clock_goes_back(home: Home) -> None:
    paths = paths_of(home)
    last = paths.warehouse.resolve()
    _, warning = night_time(paths)
    assert warning is None
    yesterday = datetime.now(UTC) - timedelta(days=1)
    moment, warning = night_time(paths, yesterday)
    assert warning is not None and "set back" in warning
    assert moment > yesterday
    for number in range(KEPT_VERSIONS):
        made = publish(paths, as_of=AS_OF, run_id=f"back{number}", now=yesterday + timedelta(minutes=number)).path
        assert made.name > last.name
        assert paths.warehouse.resolve() == made
        last = made
    assert len(list(paths.versions.glob("*.duckdb"))) == KEPT_VERSIONS
    with connect(paths) as con:
        times = con.execute("select published_at from ops.published_versions order by version").fetchall()
    assert times == sorted(set(times))


def test_a_seal_is_what_sha256sum_reads(home: Home) -> None:
    import hashlib

    version = paths_of(home).warehouse.resolve()
    wanted = f"{hashlib.sha256(version.read_bytes()).hexdigest()}  {version.name}\n"
    assert version.with_name(version.name + ".sha256").read_text() == wanted
    assert version_problem(version) is None


def test_totals_count_an_erased_person_until_a_version_is_published(home: Home) -> None:
    from pipeline.privacy import erase

    assert any("with 20,000 events" in text and "when it was" not in text for text in findings(home, "ok"))
    erase(home.settings, "user", "nobody", say=lambda text: None)
    assert not [text for text in findings(home, "warn") if "still count" in text]
    later = datetime.now(UTC) + timedelta(seconds=2)
    assert erase(home.settings, "user", "u6", now=later, say=lambda text: None).is_clean
    (text,) = [text for text in findings(home, "warn") if "still count" in text]
    assert "`growthhouse run` now" in text
    with duckdb.connect(str(paths_of(home).build_db)) as con:
        con.execute("create schema marts; create table marts.fct_events as select range as event_id from range(7)")
    publish(paths_of(home), as_of=AS_OF, run_id="r3", now=later + timedelta(seconds=1))
    assert not [text for text in findings(home, "warn") if "still count" in text]


def test_events_of_the_version_are_counted_and_not_only_remembered(home: Home) -> None:
    version = paths_of(home).warehouse.resolve()
    with duckdb.connect(str(version)) as con:
        con.execute("delete from marts.fct_events using range(3) as r(n) where event_id = hash(n)")
    (text,) = [text for text in findings(home, "ok", quick=True) if text.startswith("published version")]
    assert "19,997 events (20,000 when it was published" in text
