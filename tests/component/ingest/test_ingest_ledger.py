"""What the ledger remembers: nothing is read twice, nothing is lost, and a crash leaves no trace."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from ingest_home import NOW, TRACKER, Home, jsonl, track

from pipeline.ingest import IngestError
from pipeline.ingest import plan as plan_module
from pipeline.ingest import run as run_module


def lake_files(home: Home) -> dict[str, bytes]:
    lake = home.folder / "data" / "lake"
    return {str(path.relative_to(lake)): path.read_bytes() for path in sorted(lake.rglob("*")) if path.is_file()}


def age(path: Path, seconds: int = 3600) -> None:
    """Make a file look as if it had been lying there for a while."""
    then = path.stat().st_mtime_ns - seconds * 10**9
    os.utime(path, ns=(then, then))


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = Home(tmp_path_factory.mktemp("built"))
    age(home.put("a.jsonl", jsonl(track(user="u1"), track(user="u2"), "broken")))
    age(home.put("b.jsonl", jsonl(track(user="u3"))))
    home.ingest()
    return home


@pytest.fixture
def home(built: Home, tmp_path: Path) -> Home:
    return built.copy(tmp_path)


def test_every_line_is_accounted_for(home: Home) -> None:
    for row in home.ledger():
        assert row.n_lines == row.n_accepted + row.n_rejected
    first, second = home.active()["a.jsonl"], home.active()["b.jsonl"]
    assert (first.n_lines, first.n_accepted, first.n_rejected) == (3, 2, 1)
    assert (second.n_lines, second.n_accepted, second.n_rejected) == (1, 1, 0)
    assert (first.min_event_at, first.max_event_at) == (datetime(2026, 1, 5, 10), datetime(2026, 1, 5, 10))
    assert first.event_names == ("page_view",)


def test_the_same_files_again_change_not_a_byte_and_are_not_even_opened(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.ingest()  # a copy of a home has inodes of its own, which are noted once
    before = lake_files(home)
    monkeypatch.setattr(plan_module, "inspect_file", lambda *args, **options: pytest.fail("a known file was opened"))
    report = home.ingest(now=NOW + timedelta(days=1))
    assert (report.n_files_new, report.n_files_known) == (0, 2)
    assert lake_files(home) == before


def test_a_file_that_was_touched_is_known_by_its_content(home: Home) -> None:
    age(home.folder / "in" / "a.jsonl", -60)
    report = home.ingest()
    assert (report.n_files_new, report.n_files_known) == (0, 2)
    assert home.values("user_id") == ["u1", "u2", "u3"]


def test_a_change_that_keeps_size_and_time_is_seen_in_a_file_just_written(tmp_path: Path) -> None:
    """The clock of a file system ticks coarsely: a write right after the reading may leave the time as it was."""
    home = Home(tmp_path)
    path = home.put("a.jsonl", jsonl(track(user="u1")))
    stat = path.stat()
    home.ingest()
    path.write_bytes(jsonl(track(user="u2")))
    os.utime(path, ns=(stat.st_mtime_ns, stat.st_mtime_ns))
    home.ingest()
    assert home.values("user_id") == ["u2"]


def test_new_content_under_the_same_name_replaces_the_old(home: Home) -> None:
    home.put("a.jsonl", jsonl(track(user="u1"), track(user="u2"), track(user="u4")))
    report = home.ingest()
    assert report.n_files_new == 1
    assert home.values("user_id") == ["u1", "u2", "u4", "u3"]
    assert home.rejects() == []
    assert sorted(row.status for row in home.ledger()) == ["loaded", "loaded", "superseded"]
    assert report.warnings == []


def test_new_content_that_holds_less_is_remarked_on(home: Home) -> None:
    home.put("a.jsonl", jsonl(track(user="u9")))
    (warning,) = home.ingest().warnings
    assert "in/a.jsonl has new content" in warning and "1 events replace the 2" in warning
    assert home.values("user_id") == ["u9", "u3"]


def test_content_that_comes_back_counts_once(home: Home) -> None:
    old = (home.folder / "in" / "a.jsonl").read_bytes()
    for content in (jsonl(track(user="u8"), track(user="u9")), old):
        home.put("a.jsonl", content)
        home.ingest()
    assert home.values("user_id") == ["u1", "u2", "u3"]
    ids = [row.file_id for row in home.ledger()]
    assert len(ids) == len(set(ids))


def test_a_renamed_file_is_the_same_file(home: Home) -> None:
    (home.folder / "in" / "a.jsonl").rename(home.folder / "in" / "z.jsonl")
    report = home.ingest()
    assert (report.n_files_new, report.n_files_known) == (0, 2)
    assert sorted(home.active()) == ["b.jsonl", "z.jsonl"]
    assert sorted(home.values("user_id")) == ["u1", "u2", "u3"]
    assert home.ingest().n_files_new == 0


def test_a_name_that_is_used_again_after_a_renaming_is_another_file(home: Home) -> None:
    folder = home.folder / "in"
    old = (folder / "a.jsonl").read_bytes()
    (folder / "a.jsonl").rename(folder / "z.jsonl")
    home.ingest()
    home.put("a.jsonl", old)
    home.ingest()
    assert sorted(home.active()) == ["a.jsonl", "b.jsonl", "z.jsonl"]
    assert sorted(home.values("user_id")) == ["u1", "u1", "u2", "u2", "u3"]  # copies, to be collapsed as duplicates
    assert len({row.file_id for row in home.ledger()}) == 3


def test_a_rotated_log_keeps_both_contents(home: Home) -> None:
    folder = home.folder / "in"
    (folder / "a.jsonl").rename(folder / "a.jsonl.1")
    home.put("a.jsonl", jsonl(track(user="u5")))
    home.ingest()
    assert sorted(home.values("user_id")) == ["u1", "u2", "u3", "u5"]


def test_a_copy_is_read_and_its_events_carry_the_same_ids(home: Home) -> None:
    home.put("copy.jsonl", (home.folder / "in" / "a.jsonl").read_bytes())
    assert home.ingest().n_accepted == 2
    ids = [event["event_id"] for event in home.events() if event["user_id"] == "u1"]
    assert len(ids) == 2 and len(set(ids)) == 1


def test_files_that_are_gone_still_count(home: Home) -> None:
    for path in (home.folder / "in").iterdir():
        path.unlink()
    (warning,) = home.ingest().warnings
    assert "Events ingested before stay" in warning
    assert home.values("user_id") == ["u1", "u2", "u3"]


def test_a_file_without_an_event_is_forgotten_when_it_is_gone(home: Home) -> None:
    junk = home.put("junk.jsonl", b"no\njson\n")
    home.ingest()
    assert home.active()["junk.jsonl"].n_rejected == 2
    junk.unlink()
    home.ingest()
    assert sorted(home.active()) == ["a.jsonl", "b.jsonl"]
    assert [row["file"] for row in home.rejects()] == ["in/a.jsonl"]


def test_a_config_that_reads_lines_otherwise_reads_all_files_again(home: Home) -> None:
    home.configure({**TRACKER, "event_names": {"page_view": "seen"}})
    assert home.ingest().n_files_new == 2
    assert set(home.values("event_name")) == {"seen"}


@pytest.mark.parametrize("change", [{"sessions": False}, {"path": "in/**/*.jsonl"}], ids=["sessions", "path"])
def test_a_config_that_reads_lines_alike_reads_nothing_again(home: Home, change: dict[str, object]) -> None:
    home.configure({**TRACKER, **change}, cleaning={"max_rejected_rate": 0.5}, sessions={"timeout_minutes": 5})
    assert home.ingest().n_files_new == 0


def test_a_source_that_left_the_config_is_pointed_out(home: Home) -> None:
    home.configure({**TRACKER, "name": "other"})
    warnings = home.ingest().warnings
    assert any("'shop'" in warning and "still count" in warning for warning in warnings)


def test_two_sources_may_read_one_file(tmp_path: Path) -> None:
    home = Home(tmp_path, TRACKER, {**TRACKER, "name": "twin"})
    home.put("a.jsonl", jsonl(track()))
    home.ingest()
    assert sorted(home.values("source")) == ["shop", "twin"]
    assert len(set(home.values("event_id"))) == 2


def test_a_full_refresh_reads_everything_again_to_the_same_end(home: Home) -> None:
    before = home.events()
    assert home.ingest(full_refresh=True).n_files_new == 2
    assert home.events() == before
    assert len(home.ledger()) == 2


def test_days_to_read_again_choose_the_files_with_events_in_them(home: Home) -> None:
    home.put("c.jsonl", jsonl(track(at="2026-01-20T10:00:00Z")))
    home.ingest()
    report = home.ingest(reread_days=[(date(2026, 1, 19), date(2026, 1, 21))])
    assert [file.file for file in report.files] == ["in/c.jsonl"]
    assert len(home.events()) == 4


def test_a_file_that_changes_while_it_is_read_is_left_for_the_next_run(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    growing = home.put("c.jsonl", jsonl(track(user="u4")))
    read = run_module.BatchReader.read

    def read_and_write(reader: run_module.BatchReader, batch: list[plan_module.RawFile]) -> object:
        outcomes = read(reader, batch)
        growing.write_bytes(jsonl(track(user="u4"), track(user="u5")))
        return outcomes

    monkeypatch.setattr(run_module.BatchReader, "read", read_and_write)
    (warning,) = home.ingest().warnings
    assert "in/c.jsonl changed while it was read" in warning
    assert home.values("user_id") == ["u1", "u2", "u3"]
    monkeypatch.undo()
    home.ingest()
    assert home.values("user_id") == ["u1", "u2", "u3", "u4", "u5"]


@pytest.mark.parametrize("step", ["move_into_lake", "write_ledger"])
def test_a_crash_before_the_ledger_is_written_leaves_what_was(
    home: Home, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    before = lake_files(home)
    home.put("a.jsonl", jsonl(track(user="u7")))

    def crash(*args: object) -> None:
        if step == "move_into_lake":
            move(*args)  # type: ignore[arg-type]
        raise OSError(28, "No space left on device")

    move = run_module.move_into_lake
    monkeypatch.setattr(run_module, step, crash)
    with pytest.raises(OSError, match="No space"):
        home.ingest()
    monkeypatch.undo()
    assert home.values("user_id") == ["u1", "u2", "u3"]
    home.folder.joinpath("in", "a.jsonl").write_bytes(jsonl(track(user="u1"), track(user="u2"), "broken"))
    home.ingest()
    assert {name for name in lake_files(home) if name != "ledger.parquet"} == {
        n for n in before if n != "ledger.parquet"
    }


def test_an_error_in_one_source_commits_nothing_of_another(tmp_path: Path) -> None:
    columns = {"user_id": "u", "event_at": "t"}
    table = {"name": "t", "format": "table", "path": "t/*", "columns": columns, "event_name": "x"}
    home = Home(tmp_path, TRACKER, table)
    home.put("a.jsonl", jsonl(track()))
    home.put("../t/a.csv", b"other,columns\n1,2\n")
    with pytest.raises(IngestError):
        home.ingest()
    assert home.ledger() == []
    assert lake_files(home) == {}


def test_progress_says_how_many_files_were_read(home: Home) -> None:
    home.put("c.jsonl", jsonl(track(), "broken"))
    progress: list[str] = []
    home.ingest(progress=progress.append)
    assert progress == ["shop: 1 of 1 new files: 1 events, 1 rejected"]


def test_a_time_without_a_zone_is_taken_as_utc(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.put("a.jsonl", jsonl(track(at="2026-02-02T12:00:00Z"), track(at="2026-02-02T12:00:01Z")))
    home.ingest(now=datetime(2026, 2, 1, 12))
    assert home.reasons() == [(2, "future_timestamp")]
    assert home.ledger()[0].ingested_at == datetime(2026, 2, 1, 12, tzinfo=UTC).replace(tzinfo=None)


def test_a_line_that_is_no_longer_of_the_future_is_no_longer_rejected(tmp_path: Path) -> None:
    """What a file gave before and does not give when it is read again is removed, and nothing misses it."""
    home = Home(tmp_path)
    home.put("a.jsonl", jsonl(track(at="2026-02-03T10:00:00Z")))
    home.put("b.jsonl", jsonl(track()))
    home.ingest()
    for days, n_events in ((3, 2), (0, 1), (3, 2)):
        home.ingest(now=NOW + timedelta(days=days), full_refresh=True)
        assert (len(home.events()), len(home.rejects())) == (n_events, 2 - n_events)
        assert home.ingest(now=NOW + timedelta(days=days)).warnings == []
