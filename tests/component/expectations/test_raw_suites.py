"""Gate raw on a small lake: what comes in before any database exists, and what was accepted of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import duckdb
import pytest
from healthy import failures, write_lake
from suite_cases import only, probe_of

from expectations import SUITES, CheckResult, GateParams, run_stage, run_suite
from expectations.validation import validate

# column that must fail, changes of the ledger's loaded row, filter on the lake's events
RAW_DAMAGE = [
    ("rejected_rate", "n_lines = 501, n_rejected = 100", "true"),
    ("worst_new_batch_rejected_rate", "n_lines = 501, n_rejected = 100", "true"),
    ("n_unaccounted_lines", "n_lines = 406", "true"),
    ("n_unreadable", "n_lines = 9, n_rejected = 9, n_accepted = 0", "true"),
    ("n_lake_rows_off", "status = 'loaded'", "i <> 7"),
    ("n_lake_rows_off", "file_id = 'cc03'", "true"),
    ("hours_event_after_ingest", "max_event_at = '2026-03-01'", "true"),
    ("first_event_year", "min_event_at = '1970-01-01'", "true"),
    ("last_week_volume_ratio", "status = 'loaded'", "i >= 60"),
    ("last_week_volume_ratio", "status = 'loaded'", "i < 70 or i % 10 < 2"),
    ("silence_over_longest_gap", "status = 'loaded'", "i >= 50"),
    ("share_of_usual_day", "status = 'loaded'", "i >= 10"),
    ("n_events_to_as_of", "n_accepted = 0", "false"),
]


def raw(params: GateParams, *tables: str) -> list[CheckResult]:
    """Results of the raw gate on a database without any table, as before the first night."""
    with duckdb.connect() as con:
        return run_stage("raw", con, params, tables or None)


def test_raw_gate_passes_before_any_table_exists(params: GateParams) -> None:
    assert failures(raw(params)) == set()


@pytest.mark.parametrize(("column", "changes", "kept"), RAW_DAMAGE)
def test_damage_before_dbt_is_found(column: str, changes: str, kept: str, tmp_path: Path) -> None:
    params = write_lake(tmp_path, changes, kept)
    suites = [only(suite, column) for suite in SUITES.values() if suite.stage == "raw"]
    with duckdb.connect() as con:
        assert column in {name for suite in suites for _, name in failures(run_suite(suite, con, params))}


def test_a_file_cut_short_is_reported_with_its_name(tmp_path: Path) -> None:
    params = replace(write_lake(tmp_path), lake_rejected=f"{tmp_path}/rejected.parquet")
    duckdb.execute(f"""copy (
        select 'shop' as source, 'aa01' as file_id, 'truncated_file' as reason
    ) to '{params.lake_rejected}'""")
    (found,) = [r for r in raw(params, "raw.ingested_files") if r.failed]
    assert (found.column_name, found.severity) == ("n_truncated", "warn")
    assert found.observed_value == "1 (source=shop, file=shop/a.jsonl)"


def test_too_many_rejects_name_reasons_files_and_limit(tmp_path: Path) -> None:
    """600 lines of a.jsonl: 401 events, 199 rejected, of which 150 bad_json, 40 bad_timestamp, 6 and 3 of others."""
    params = replace(
        write_lake(tmp_path, "n_lines = 600, n_rejected = 199"), lake_rejected=f"{tmp_path}/rejected/*.parquet"
    )
    (tmp_path / "rejected").mkdir()
    duckdb.execute(f"""copy (
        select 'shop' as source, 'aa01' as file_id,
            case when i < 150 then 'bad_json' when i < 190 then 'bad_timestamp' when i < 196 then 'bad_row'
                else 'bad_encoding' end as reason
        from range(199) as r(i)
        union all select 'shop', 'bb02', 'future_timestamp' from range(900)  -- of the superseded file: not counted
    ) to '{tmp_path}/rejected/shop.parquet'""")
    rate = next(r for r in raw(params, "raw.ingested_files") if r.column_name == "rejected_rate")
    assert rate.blocks
    assert rate.expected == "0 to 0.05"
    assert rate.observed_value == (
        "0.331667 (source=shop, rejected_lines=199 of 600, "
        "reasons=bad_json 150, bad_timestamp 40, bad_row 6, most_in=shop/a.jsonl 199)"
    )


def test_events_that_came_too_late_stop_nothing_and_the_command_for_them_is_named(tmp_path: Path) -> None:
    """All but 5 of 205 rejected lines came too late, of 606: 0.8 % are bad."""
    params = write_lake(tmp_path, "n_lines = 606, n_rejected = 205")
    late = "date '2026-01-02' as too_late_from, date '2026-01-05' as too_late_to"
    duckdb.execute(f"""copy (
        select *, case when file_id = 'aa01' then 200 end as n_too_late, {late} from '{params.ledger}'
    ) to '{params.ledger}.new.parquet'""")
    Path(f"{params.ledger}.new.parquet").replace(params.ledger)
    results = {r.column_name: r for r in raw(params, "raw.ingested_files")}
    assert results["rejected_rate"].passed
    assert results["worst_new_batch_rejected_rate"].passed
    warned = results["n_too_late"]
    assert (warned.failed, warned.blocks) == (True, False)
    assert (
        warned.observed_value == "200 (source=shop, taken_in_by=growthhouse backfill --from 2026-01-02 --to 2026-01-05)"
    )
    published = replace(params, published_at=datetime(2026, 2, 3))
    assert {r.column_name: r for r in raw(published, "raw.ingested_files")}["n_too_late"].passed


def test_a_night_of_which_nothing_was_accepted_fails_and_is_not_broken(tmp_path: Path) -> None:
    params = write_lake(tmp_path, "n_accepted = 0, n_rejected = 405")
    for file in tmp_path.glob("events/*/*.parquet"):
        file.unlink()
    blocking = {r.column_name for r in raw(params) if r.blocks}
    assert blocking == {"rejected_rate", "worst_new_batch_rejected_rate", "n_events_to_as_of"}


def test_a_rate_is_that_of_the_counts_beside_it(tmp_path: Path) -> None:
    """All files: 4 + 15 of 405 + 50 lines; the worst new delivery alone: 15 of 50."""
    params = replace(with_second_file(tmp_path, 50, 15), max_rejected_rate=0.01)
    found = {r.column_name: r.observed_value for r in raw(params, "raw.ingested_files") if r.failed}
    assert found["rejected_rate"].startswith(f"{19 / 455:g} (source=shop, rejected_lines=19 of 455, ")
    assert found["worst_new_batch_rejected_rate"].startswith("0.3 (source=shop, rejected_lines=15 of 50, ")


def with_second_file(tmp_path: Path, n_lines: int, n_rejected: int) -> GateParams:
    """The healthy file of 405 lines, and another a day later."""
    params = write_lake(tmp_path)
    duckdb.execute(f"""copy (
        from '{params.ledger}' union all by name
        select 'dd04' as file_id, 'shop' as source, 'c' as file, {n_lines} as n_lines,
            {n_lines - n_rejected} as n_accepted,
            {n_rejected} as n_rejected, timestamp '2026-02-02' as ingested_at, 'loaded' as status
    ) to '{params.ledger}.new.parquet'""")
    Path(f"{params.ledger}.new.parquet").replace(params.ledger)
    return params


def rates_after(tmp_path: Path, n_lines: int, n_rejected: int, published_at: datetime | None = None) -> set[str | None]:
    """What fails about rejects after the healthy file came a second one."""
    params = replace(with_second_file(tmp_path, n_lines, n_rejected), published_at=published_at)
    failed = failures(raw(params, "raw.ingested_files"))
    return {column for _, column in failed if column and "rejected" in column}


def test_three_lines_with_one_bad_are_no_evidence_of_a_broken_night(tmp_path: Path) -> None:
    assert rates_after(tmp_path, 3, 1) == set()


def test_a_bad_delivery_does_not_hide_behind_a_good_history(tmp_path: Path) -> None:
    """15 of 50 bad; all together 19 of 455, which is 4.2 % and under the limit."""
    assert rates_after(tmp_path, 50, 15) == {"worst_new_batch_rejected_rate"}


def test_what_was_published_once_is_not_checked_again(tmp_path: Path) -> None:
    assert rates_after(tmp_path, 50, 15, published_at=datetime(2026, 2, 3)) == set()


def test_what_came_after_the_last_publication_is_checked(tmp_path: Path) -> None:
    assert rates_after(tmp_path, 50, 15, published_at=datetime(2026, 2, 1, 12)) == {"worst_new_batch_rejected_rate"}


def newest_day(
    tmp_path: Path, counts: dict[str, int], as_of: date, as_of_end_at: datetime | None = None
) -> CheckResult:
    """The result for as_of, where each hour (UTC) has so many events."""
    folder = tmp_path / "events" / "event_month=2026-03"
    folder.mkdir(parents=True)
    hours = " union all ".join(f"select timestamp '{hour}' as event_at from range({n})" for hour, n in counts.items())
    duckdb.execute(f"copy ({hours}) to '{folder}/shop-aa01.parquet'")
    params = GateParams(as_of_date=as_of, as_of_end_at=as_of_end_at, lake_events=f"{tmp_path}/events/*/*.parquet")
    probe = probe_of("raw.events", "newest_day", params)
    (result,) = validate(SUITES["raw.events"], probe, duckdb.execute(probe.sql).df())
    return result


WEEK = {f"2026-03-{day:02} 10:00": 1000 + day for day in range(8, 15)}  # the median is that of the 11th


def test_one_line_dated_a_day_ahead_is_reported_with_the_command_for_the_day_before(tmp_path: Path) -> None:
    found = newest_day(tmp_path, {**WEEK, "2026-03-15 00:00": 1}, date(2026, 3, 15))
    assert (found.failed, found.blocks) == (True, False)
    assert found.observed_value == (  # 1 / 1011
        "0.00098912 (note=2026-03-15 has 1 event, the median of the 7 dates with events before it is 1,011: is the day "
        "complete? `growthhouse run --as-of 2026-03-14` builds up to the last date that is)"
    )


def test_lines_dated_several_days_ahead_name_the_last_full_date(tmp_path: Path) -> None:
    """Neither the stray one of the 15th nor the dates without events before the 19th."""
    found = newest_day(tmp_path, {**WEEK, "2026-03-15 10:00": 1, "2026-03-19 10:00": 2}, date(2026, 3, 19))
    assert found.failed
    assert "2026-03-19 has 2 events" in found.observed_value
    assert "--as-of 2026-03-14`" in found.observed_value


@pytest.mark.parametrize(("n_events", "has_failed"), [(101, True), (102, False)])
def test_a_tenth_of_a_usual_day_is_enough(tmp_path: Path, n_events: int, has_failed: bool) -> None:
    """A tenth of 1,011 is 101.1."""
    assert newest_day(tmp_path, {**WEEK, "2026-03-15 23:59": n_events}, date(2026, 3, 15)).failed is has_failed


def test_the_newest_day_is_that_of_the_site(tmp_path: Path) -> None:
    """20:00 UTC of the 14th is the 15th in Shanghai, and 15:59 UTC of the 15th still is."""
    counts = {**WEEK, "2026-03-14 20:00": 60, "2026-03-15 15:59": 60, "2026-03-15 16:00": 9}
    assert not newest_day(tmp_path, counts, date(2026, 3, 15), datetime(2026, 3, 15, 16)).failed


def test_less_than_a_week_of_dates_says_nothing_about_a_usual_day(tmp_path: Path) -> None:
    counts = {hour: n for hour, n in WEEK.items() if "-08 " not in hour}
    assert newest_day(tmp_path, {**counts, "2026-03-15 10:00": 1}, date(2026, 3, 15)).passed is None
