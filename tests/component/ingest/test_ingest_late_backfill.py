"""What was held back for coming too late: a backfill takes it in, it stays in, and what was not stays out."""

from __future__ import annotations

import os
import random
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest
from ingest_home import NOW, TRACKER, Home, jsonl
from late_home import LIMIT, at, days, held, span

from pipeline.ingest import Lake, LedgerRow
from pipeline.privacy import erase


def test_a_backfill_takes_in_the_dates_asked_for_and_no_others(late: Home) -> None:
    report = late.ingest(reread_days=span(1, 5))
    assert days(late) == [1, 2, 7, 10, 11]
    assert held(late) == [("second.jsonl", 2)]
    assert late.active()["second.jsonl"].n_too_late == 1
    assert any("1 events of 2026-01-06 to 2026-01-06" in warning for warning in report.warnings)


def test_a_file_of_late_events_alone_is_found_by_the_backfill(one_night: Home) -> None:
    one_night.put("second.jsonl", jsonl(at(3)))
    one_night.ingest()
    report = one_night.ingest(reread_days=span(3, 3))
    assert "in/second.jsonl" in [file.file for file in report.files]
    assert days(one_night) == [1, 3, 10]


@pytest.mark.parametrize("again", ["night", "full_refresh", "other_days", "other_reading", "damage", "no_limit"])
def test_what_was_taken_in_stays_in_and_what_was_not_stays_out(late: Home, again: str) -> None:
    late.ingest(reread_days=span(2, 2))
    lake, row = Lake(late.folder / "data" / "lake"), late.active()["second.jsonl"]
    if again == "damage":
        for file in lake.root.rglob(f"shop-{row.file_id}*.parquet"):
            file.unlink()
    if again == "other_reading":
        late.configure({**TRACKER, "event_names": {"page_view": "seen"}}, cleaning=LIMIT)
    if again == "no_limit":
        late.configure(TRACKER)
    late.put("third.jsonl", jsonl(at(20)))
    late.ingest(full_refresh=again == "full_refresh", reread_days=span(11, 11) if again == "other_days" else ())
    assert days(late) == [1, 2, 7, 10, 11, 20]
    assert held(late) == [("second.jsonl", 2)]
    assert late.ingest().n_files_new == 0


def test_a_corrected_file_keeps_the_limit_of_its_first_arrival(late: Home) -> None:
    """Checked again, all of it would be too late, and the correction would take events out."""
    late.ingest(reread_days=span(2, 2))
    late.put("third.jsonl", jsonl(at(30)))
    late.ingest()
    late.put("second.jsonl", jsonl(at(2, "u2"), at(5), at(6), at(7, "u2"), at(8)))
    late.ingest()
    assert days(late) == [1, 2, 7, 8, 10, 30]
    assert held(late) == [("second.jsonl", 2), ("second.jsonl", 3)]
    assert late.ingest(full_refresh=True).n_accepted == 6


def test_a_renamed_file_and_a_copy_keep_the_limit_too(late: Home) -> None:
    late.put("third.jsonl", jsonl(at(30)))
    late.ingest()
    late.put("copy.jsonl", (late.folder / "in" / "second.jsonl").read_bytes())
    late.ingest()
    assert held(late) == [("copy.jsonl", 1), ("copy.jsonl", 2), ("second.jsonl", 1), ("second.jsonl", 2)]
    os.rename(late.folder / "in" / "second.jsonl", late.folder / "in" / "moved.jsonl")
    late.ingest()
    assert held(late) == [("copy.jsonl", 1), ("copy.jsonl", 2), ("moved.jsonl", 1), ("moved.jsonl", 2)]


def test_a_rotated_log_keeps_its_limit_and_the_new_one_gets_its_own(tmp_path: Path) -> None:
    home = Home(tmp_path, cleaning=LIMIT)
    log = home.put("log", jsonl(at(1), at(10)))
    home.ingest()
    os.rename(log, home.folder / "in" / "log.1")
    home.put("log", jsonl(at(2), at(11)))
    home.ingest()
    assert days(home) == [1, 10, 11]
    assert held(home) == [("log", 1)]


def test_a_file_that_is_gone_stays_counted_and_the_backfill_says_what_it_cannot_reach(one_night: Home) -> None:
    path = one_night.put("second.jsonl", jsonl(at(3)))
    one_night.ingest()
    path.unlink()
    one_night.put("third.jsonl", jsonl(at(10)))
    one_night.ingest()
    assert held(one_night) == [("second.jsonl", 1)]
    (warning,) = one_night.ingest(reread_days=span(1, 5)).warnings
    assert "in/second.jsonl is missing, so its 1 events of 2026-01-03 to 2026-01-03 stay held back" in warning
    one_night.put("second.jsonl", jsonl(at(3)))
    one_night.ingest(reread_days=span(1, 5))
    assert days(one_night) == [1, 3, 10, 10]


def test_a_key_set_later_leaves_what_is_there_alone(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.put("a.jsonl", jsonl(at(1), at(30)))
    home.ingest()
    home.configure(TRACKER, cleaning=LIMIT)
    home.put("b.jsonl", jsonl(at(2)))
    home.ingest(full_refresh=True)
    assert days(home) == [1, 30]
    assert held(home) == [("b.jsonl", 1)]


def test_a_crash_before_the_ledger_leaves_the_lake_as_it_was(late: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file read with other dates goes by another id, so the old one is not overwritten before the ledger says so."""
    from pipeline.ingest import run

    before = [late.events(), late.rejects()]

    def crash(*args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(run, "write_ledger", crash)
    with pytest.raises(OSError, match="No space"):
        late.ingest(reread_days=span(2, 6))
    monkeypatch.undo()
    assert [late.events(), late.rejects()] == before


def published(home: Home, rows: list[LedgerRow]) -> None:
    """A published version that knows these files."""
    with duckdb.connect(str(home.folder / "data" / "warehouse.duckdb")) as con:
        con.execute("""create schema raw;
            create table raw.ingested_files (source text, file text, file_id text, sha256 text, status text,
                late_before date, days_taken_in text, max_event_at timestamp, ingested_at timestamp)""")
        for row in rows:
            values = [row.source, row.file, row.file_id, row.sha256, row.status, row.late_before, row.days_taken_in]
            con.execute(
                "insert into raw.ingested_files values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [*values, row.max_event_at, row.ingested_at],
            )


def test_a_lost_ledger_is_rebuilt_to_the_same_end_by_what_was_published(late: Home) -> None:
    late.ingest(reread_days=span(2, 2))
    published(late, late.ledger())
    (late.folder / "data" / "lake" / "ledger.parquet").unlink()
    late.put("third.jsonl", jsonl(at(7), at(8)))
    late.ingest(now=NOW + timedelta(days=1))
    assert days(late) == [1, 2, 7, 8, 10, 11]
    assert held(late) == [("second.jsonl", 2), ("third.jsonl", 1)]


def test_a_lost_ledger_without_a_version_takes_everything_in(late: Home) -> None:
    for file in (late.folder / "data" / "lake").rglob("*.parquet"):
        file.unlink()
    late.ingest()
    assert days(late) == [1, 2, 6, 7, 10, 11]


def test_an_erased_person_is_no_longer_counted_among_the_late(late: Home) -> None:
    late.put("third.jsonl", jsonl(at(3, "somebody-7"), at(4)))
    late.ingest()
    erase(late.settings, "user", "somebody-7", say=lambda text: None)
    row = late.active()["third.jsonl"]
    assert (row.n_lines, row.n_rejected, row.n_too_late, row.n_erased) == (1, 1, 1, 1)
    late.ingest(reread_days=span(1, 6))
    assert days(late) == [1, 2, 4, 6, 7, 10, 11]


def test_after_the_backfills_that_were_told_any_delivery_is_one_delivery(tmp_path: Path) -> None:
    rng = random.Random(4)
    for case in range(4):
        home = Home(tmp_path / str(case), cleaning={"days_late_allowed": rng.randrange(4)})
        lines = [at(rng.randrange(1, 28), f"u{n}") for n in range(30)]
        for night in range(5):
            home.put(f"{night}.jsonl", jsonl(*lines[night::5]))
            home.ingest()
        assert held(home)
        late = [row for row in home.ledger() if row.is_active and row.too_late_from and row.too_late_to]
        first = min(row.too_late_from for row in late if row.too_late_from)
        last = max(row.too_late_to for row in late if row.too_late_to)
        home.ingest(reread_days=[(first, last)])
        assert held(home) == []
        assert sorted(home.values("user_id")) == sorted(str(line["userId"]) for line in lines)
