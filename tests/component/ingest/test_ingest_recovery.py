"""A damaged lake or ledger: found, named, read again from the raw files, and never silently less than before."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest
from ingest_home import NOW, Home, jsonl, track
from lake_damage import file_of, flip, lake_of

from pipeline.home.checksums import accept, digest, read_record
from pipeline.ingest import IngestError, read_ledger
from pipeline.ingest.lake import damaged_files, give_up, ledger_problem, mark_damaged


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = Home(tmp_path_factory.mktemp("built"))
    for day in (5, 6, 7):
        home.put(f"d{day}.jsonl", jsonl(*(track(at=f"2026-01-0{day}T10:0{i}:00Z", user=f"u{i}") for i in range(day))))
    home.ingest()
    return home


@pytest.fixture
def home(built: Home, tmp_path: Path) -> Home:
    return built.copy(tmp_path)


def contents(home: Home) -> list[tuple[str, str]]:
    return sorted((event["user_id"], str(event["event_at"])) for event in home.events())


def found(home: Home, *, day: int | None) -> list[str]:
    problems = damaged_files(lake_of(home), read_ledger(lake_of(home).ledger), day=day)
    return [text for texts in problems.values() for text in texts]


def test_a_whole_lake_has_no_damage_and_every_file_is_recorded(home: Home) -> None:
    assert found(home, day=None) == []
    assert len([name for name in read_record(lake_of(home).root) if name.startswith("events/")]) == 3
    assert "ledger.parquet" in read_record(lake_of(home).root)


def test_a_flipped_byte_is_found_on_one_day_of_seven_and_by_a_full_look_always(home: Home) -> None:
    flip(file_of(home, "d6.jsonl"))
    (problem,) = found(home, day=None)
    assert file_of(home, "d6.jsonl").name in problem
    assert "SHA-256" in problem
    assert [len(found(home, day=day)) for day in range(7)].count(1) == 1


@pytest.mark.parametrize("fault", ["flip", "cut", "gone"])
def test_a_damaged_file_is_read_again_and_the_lake_is_as_before(home: Home, fault: str) -> None:
    before, file = contents(home), file_of(home, "d6.jsonl")
    name = file.relative_to(lake_of(home).root).as_posix()
    if fault == "flip":
        flip(file)
        mark_damaged(lake_of(home))  # as doctor does; else its turn comes within a week
    elif fault == "cut":
        file.write_bytes(file.read_bytes()[:-10])
    else:
        file.unlink()
    report = home.ingest(now=NOW + timedelta(days=1))
    assert [entry.file for entry in report.files] == ["in/d6.jsonl"]
    assert any(name in warning and "read again" in warning for warning in report.warnings)
    assert contents(home) == before
    assert found(home, day=None) == []
    assert home.ingest(now=NOW + timedelta(days=2)).n_files_new == 0


def test_a_flipped_byte_is_mended_within_a_week_of_nights(home: Home) -> None:
    before = contents(home)
    flip(file_of(home, "d6.jsonl"))
    n_read = [home.ingest(now=NOW + timedelta(days=day)).n_files_new for day in range(7)]
    assert sum(n_read) == 1
    assert contents(home) == before


def test_killed_before_what_was_made_from_the_damage_is_gone_the_damage_is_found_again(home: Home) -> None:
    """Mended first, the lake would look as if nothing had been, and the tables made from the damage would stay."""
    file = file_of(home, "d6.jsonl")
    file.write_bytes(file.read_bytes()[:-10])
    before = found(home, day=None)

    def killed() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        home.ingest(before_repair=killed)
    assert found(home, day=None) == before != []
    calls: list[str] = []
    home.ingest(before_repair=lambda: calls.append("dropped"))
    home.ingest(before_repair=lambda: calls.append("again"))
    assert calls == ["dropped"]
    assert found(home, day=None) == []


def test_where_the_raw_file_is_gone_the_days_are_named_and_nothing_changes(home: Home) -> None:
    file_of(home, "d6.jsonl").unlink()
    (home.folder / "in" / "d6.jsonl").unlink()
    ledger = lake_of(home).ledger.read_bytes()
    home.put("d8.jsonl", jsonl(track(at="2026-01-08T10:00:00Z")))
    with pytest.raises(IngestError, match=r"6 events of 2026-01-06 are lost(.|\n)*accept-loss") as raised:
        home.ingest()
    assert "in/d6.jsonl" in str(raised.value)
    assert lake_of(home).ledger.read_bytes() == ledger
    assert not lake_of(home).staging.exists()


def test_the_loss_can_be_accepted_and_the_rest_goes_on(home: Home) -> None:
    file_of(home, "d6.jsonl").unlink()
    (home.folder / "in" / "d6.jsonl").unlink()
    lost = give_up(lake_of(home), {("shop", "in/d5.jsonl"), ("shop", "in/d7.jsonl")})
    assert [row.file for row in lost] == ["in/d6.jsonl"]
    home.ingest()
    assert len(contents(home)) == 5 + 7


def test_a_renamed_raw_file_mends_the_lake_too(home: Home) -> None:
    before = contents(home)
    file_of(home, "d6.jsonl").unlink()
    os.rename(home.folder / "in" / "d6.jsonl", home.folder / "in" / "moved.jsonl")
    home.ingest()
    assert contents(home) == before


def test_a_raw_file_that_is_gone_is_no_damage(home: Home) -> None:
    before = contents(home)
    (home.folder / "in" / "d6.jsonl").unlink()
    assert home.ingest().warnings == []
    assert contents(home) == before


@pytest.mark.parametrize("fault", ["flip", "gone"])
def test_a_lost_ledger_is_rebuilt_from_the_raw_files(home: Home, fault: str) -> None:
    before, ledger = contents(home), lake_of(home).ledger
    flip(ledger) if fault == "flip" else ledger.unlink()
    assert ledger_problem(lake_of(home)) is not None
    report = home.ingest(now=NOW + timedelta(days=1))
    assert any("ledger.parquet" in warning and "rebuilt" in warning for warning in report.warnings)
    assert contents(home) == before
    assert ledger_problem(lake_of(home)) is None
    assert len(list(ledger.parent.glob("ledger.parquet.damaged-*"))) == (fault == "flip")


def test_a_lost_ledger_never_costs_events_whose_raw_file_is_gone(home: Home) -> None:
    files = sorted(lake_of(home).events.rglob("*.parquet"))
    flip(lake_of(home).ledger)
    (home.folder / "in" / "d6.jsonl").unlink()
    for _ in range(2):  # the second time the damaged ledger is set aside already
        with pytest.raises(IngestError, match=r"ledger of the lake is lost(.|\n)*2026-01-06 to 2026-01-06"):
            home.ingest()
        assert sorted(lake_of(home).events.rglob("*.parquet")) == files


def test_a_lost_ledger_and_a_corrected_raw_file_end_in_the_corrected_events(home: Home) -> None:
    """The lake still holds the old reading, which no raw file makes again: the published version says whose it was."""
    row = next(row for row in read_ledger(lake_of(home).ledger) if row.file == "in/d6.jsonl")
    with duckdb.connect(str(home.folder / "data" / "warehouse.duckdb")) as con:
        con.execute("create schema raw; create table raw.ingested_files (source text, file_id text, file text)")
        con.execute("insert into raw.ingested_files values (?, ?, ?)", [row.source, row.file_id, row.file])
    lake_of(home).ledger.unlink()
    home.put("d6.jsonl", jsonl(track(at="2026-01-06T10:00:00Z", user="corrected")))
    home.ingest()
    assert len(contents(home)) == 5 + 1 + 7
    assert sorted(event["user_id"] for event in home.events() if event["file"] == "in/d6.jsonl") == ["corrected"]


def test_a_lake_from_before_there_were_sums_is_recorded_as_it_is(home: Home) -> None:
    (lake_of(home).root / "checksums.txt").unlink()
    home.ingest()
    assert len(read_record(lake_of(home).root)) == 4
    flip(file_of(home, "d6.jsonl"))
    assert len(found(home, day=None)) == 1


def test_a_damaged_record_condemns_no_file(home: Home) -> None:
    flip(lake_of(home).root / "checksums.txt", at=3)
    report = home.ingest()
    assert report.n_files_new == 0
    assert any("checksums.txt" in warning for warning in report.warnings)
    assert found(home, day=None) == []


def test_a_crash_between_record_and_renaming_is_no_damage(tmp_path: Path) -> None:
    """Recorded and not renamed yet, or renamed: both contents are accepted until the next replacement."""
    file = tmp_path / "a.parquet"
    file.write_bytes(b"old")
    accept(tmp_path, {"a.parquet": digest(file)})
    new = tmp_path / "new"
    for content in (b"newer", b"newest"):  # two crashes in a row before the renaming
        new.write_bytes(content)
        accept(tmp_path, {"a.parquet": digest(new)})
    sums = read_record(tmp_path)["a.parquet"]
    assert digest(file) in sums
    assert digest(new) in sums
    assert len(sums) == 2


@pytest.mark.parametrize("is_known", [True, False], ids=["of a known file", "of no file"])
@pytest.mark.parametrize("place", ["events/event_month=2026-01", "rejected"])
def test_a_folder_in_place_of_a_file_is_set_aside_with_what_is_in_it(home: Home, place: str, is_known: bool) -> None:
    before, file = contents(home), file_of(home, "d6.jsonl")
    folder = lake_of(home).root / place / (file.name if is_known else "x.parquet")
    if folder.exists():
        folder.unlink()
    folder.mkdir()
    (folder / "notes.txt").write_text("kept")
    warnings = home.ingest().warnings
    (warning,) = [text for text in warnings if "is a folder" in text]
    assert f"data/lake/{place}/{folder.name} is a folder" in warning and "Move out of data/" in warning
    assert [path.read_text() for path in (lake_of(home).root / place).glob("*/notes.txt")] == ["kept"]
    assert contents(home) == before
    assert home.ingest().warnings == []
