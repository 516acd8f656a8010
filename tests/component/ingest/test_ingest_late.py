"""`cleaning.days_late_allowed`: later events are held back, counted and listed. Backfills have a file of their own."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from ingest_home import NOW, TRACKER, Home, jsonl, track
from late_home import LIMIT, at, days, held

from pipeline.build.variables import resolve
from pipeline.home.paths import HomePaths
from pipeline.orchestration.assets.event_days import build_event_days


def test_nothing_is_too_late_for_an_empty_warehouse(one_night: Home) -> None:
    assert days(one_night) == [1, 10]
    assert held(one_night) == []


def test_exactly_as_many_days_as_allowed_are_not_too_late_and_one_more_is(late: Home) -> None:
    assert days(late) == [1, 7, 10, 11]
    assert late.reasons() == [(1, "too_late"), (2, "too_late"), (4, "bad_json")]


def test_what_is_held_back_is_counted_dated_and_kept_word_for_word(late: Home) -> None:
    row = late.active()["second.jsonl"]
    assert (row.n_lines, row.n_accepted, row.n_rejected, row.n_too_late) == (5, 2, 3, 2)
    assert (row.too_late_from, row.too_late_to) == (date(2026, 1, 2), date(2026, 1, 6))
    assert late.rejects()[0]["raw_line"] + "\n" == jsonl(at(2)).decode()


def test_the_log_names_the_command_that_takes_it_in(one_night: Home) -> None:
    one_night.put("second.jsonl", jsonl(at(2), at(6), at(7)))
    (warning,) = one_night.ingest().warnings
    assert "2 events of 2026-01-02 to 2026-01-06 came more than 3 days late" in warning
    assert "`growthhouse backfill --from 2026-01-02 --to 2026-01-06`" in warning
    assert one_night.ingest().warnings == []


def test_dates_before_the_first_event_can_be_asked_for_in_the_ui_where_they_are_held_back(tmp_path: Path) -> None:
    home = Home(tmp_path, cleaning=LIMIT)
    paths = HomePaths(home.folder)
    for name, day, first in (("a.jsonl", 10, "2026-01-10"), ("b.jsonl", 2, "2026-01-02")):
        home.put(name, jsonl(at(day)))
        home.ingest()
        night = resolve(home.settings, paths, requested=None, run_id="r", now=NOW)
        night.write(paths.run_context)
        assert night.first_date == "2026-01-10"
        partitions = build_event_days(home.settings).partitions_def
        assert partitions is not None
        assert partitions.get_first_partition_key() == first


def test_without_the_key_nothing_is_too_late(tmp_path: Path) -> None:
    home = Home(tmp_path)
    for name, day in (("a.jsonl", 30), ("b.jsonl", 1)):
        home.put(name, jsonl(at(day)))
        home.ingest()
    assert days(home) == [1, 30]
    assert {row.late_before for row in home.ledger()} == {None}


def test_zero_days_allow_the_newest_date_alone(tmp_path: Path) -> None:
    home = Home(tmp_path, cleaning={"days_late_allowed": 0})
    home.put("a.jsonl", jsonl(at(10, hour=23)))
    home.ingest()
    home.put("b.jsonl", jsonl(at(9, hour=23), at(10, hour=0)))
    home.ingest()
    assert held(home) == [("b.jsonl", 1)]


def test_files_of_one_night_do_not_make_each_other_late(one_night: Home) -> None:
    one_night.put("a.jsonl", jsonl(at(30)))
    one_night.put("b.jsonl", jsonl(at(7)))
    one_night.ingest()
    assert held(one_night) == []


def test_each_source_has_its_own_newest_date(tmp_path: Path) -> None:
    home = Home(tmp_path, {**TRACKER, "path": "in/a*"}, {**TRACKER, "name": "other", "path": "in/b*"}, cleaning=LIMIT)
    home.put("a.jsonl", jsonl(at(30)))
    home.put("b.jsonl", jsonl(at(5)))
    home.ingest()
    home.put("a2.jsonl", jsonl(at(5)))
    home.put("b2.jsonl", jsonl(at(2)))
    home.ingest()
    assert held(home) == [("a2.jsonl", 1)]


def test_the_dates_are_those_of_the_site(tmp_path: Path) -> None:
    """In Shanghai the 10th begins at 16:00 UTC of the 9th, so the 7th, the first date allowed, at 16:00 of the 6th."""
    home = Home(tmp_path, cleaning=LIMIT)
    config = (home.folder / "growth.yaml").read_text()
    (home.folder / "growth.yaml").write_text(config.replace("currency: EUR", "timezone: Asia/Shanghai"))
    home.put("a.jsonl", jsonl(at(9, hour=16)))
    home.ingest()
    home.put("b.jsonl", jsonl(at(6, hour=15), at(6, hour=16)))
    home.ingest()
    assert held(home) == [("b.jsonl", 1)]
    assert home.active()["b.jsonl"].too_late_from == date(2026, 1, 6)


def test_a_device_whose_clock_is_ahead_makes_nobody_late(tmp_path: Path) -> None:
    """It is the 1st of February, 12:00; the event says the 2nd, which max_future_hours allows."""
    home = Home(tmp_path, cleaning=LIMIT)
    home.put("a.jsonl", jsonl(track(at="2026-02-02T11:00:00Z")))
    home.ingest()
    home.put("b.jsonl", jsonl(at(29)))
    home.ingest()
    assert held(home) == []
