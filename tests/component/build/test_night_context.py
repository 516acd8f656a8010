"""What a night knows of itself: as_of, snapshots, the one writer."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, date, datetime
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.build.variables import MAX_SNAPSHOTS, RunContext, resolve, snapshot_dates
from pipeline.home.lock import WriterBusy, writer_lock
from pipeline.home.parquet import write_parquet
from pipeline.home.paths import HomePaths
from pipeline.settings import Settings, load_settings

SITE = "site: {{timezone: {zone}, currency: EUR}}\nsources: [{{name: shop, format: tracker, path: 'raw/*.jsonl'}}]\n"


def _settings(home: Path, zone: str = "UTC") -> Settings:
    config = home / "growth.yaml"
    config.write_text(SITE.format(zone=zone), encoding="utf-8")
    return load_settings(config, home)


def _ledger(home: Path, first: str, last: str) -> HomePaths:
    paths = HomePaths(home)
    frame = pd.DataFrame(
        {
            "status": ["loaded"],
            "n_accepted": [2],
            "min_event_at": [pd.Timestamp(first)],
            "max_event_at": [pd.Timestamp(last)],
            "event_names": [["view_item", "purchase"]],
        }
    )
    write_parquet(frame, paths.ledger)
    return paths


def _as_of(home: Path, zone: str, first: str, last: str, now: datetime, asked: date | None = None) -> str:
    paths = _ledger(home, first, last)
    return resolve(_settings(home, zone), paths, requested=asked, run_id="r", now=now).as_of


NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


def test_historic_data_end_on_their_own_last_day(tmp_path: Path) -> None:
    assert _as_of(tmp_path, "UTC", "2019-10-01", "2019-10-31 23:59:59", NOW) == "2019-10-31"


def test_the_last_day_is_the_sites_not_utc(tmp_path: Path) -> None:
    assert _as_of(tmp_path, "Asia/Shanghai", "2019-10-01", "2019-10-31 16:00:00", NOW) == "2019-11-01"
    assert _as_of(tmp_path, "Asia/Shanghai", "2019-10-01", "2019-10-31 15:59:59", NOW) == "2019-10-31"


def test_a_day_that_is_not_over_is_not_counted(tmp_path: Path) -> None:
    assert _as_of(tmp_path, "UTC", "2026-05-01", "2026-06-01 11:00:00", NOW) == "2026-05-31"
    # In Auckland it is already 2 June at that moment, so 1 June is over.
    assert _as_of(tmp_path, "Pacific/Auckland", "2026-05-01", "2026-06-01 11:00:00", NOW) == "2026-06-01"


def test_a_date_before_the_data_is_an_error_that_names_the_first_day(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="the data starts on 2026-05-01"):
        _as_of(tmp_path, "UTC", "2026-05-01", "2026-05-31", NOW, asked=date(2026, 4, 1))


def test_the_context_survives_writing_and_reading(tmp_path: Path) -> None:
    context = RunContext("r", "2026-05-31", "2026-05-01", ["purchase"])
    context.write(tmp_path / "build" / "run_context.json")
    assert RunContext.read(tmp_path / "build" / "run_context.json") == context


@given(
    first=st.dates(date(2019, 1, 1), date(2025, 1, 1)),
    days=st.integers(0, 800),
    horizon=st.integers(1, 90),
)
def test_snapshots_end_with_as_of_and_train_only_on_finished_horizons(first: date, days: int, horizon: int) -> None:
    as_of = date.fromordinal(first.toordinal() + days)
    dates = [date.fromisoformat(text) for text in snapshot_dates(first, as_of, horizon)]
    assert dates[-1] == as_of
    assert dates == sorted(set(dates))
    assert len(dates) <= MAX_SNAPSHOTS + 1
    for snapshot in dates[:-1]:
        assert (as_of - snapshot).days >= horizon
        assert snapshot > first


@pytest.mark.parametrize("horizon", [7, 14, 30])
def test_long_histories_give_snapshots_whose_labels_do_not_overlap(horizon: int) -> None:
    dates = [date.fromisoformat(text) for text in snapshot_dates(date(2020, 1, 1), date(2022, 1, 1), horizon)]
    steps = {(later - earlier).days for earlier, later in pairwise(dates)}
    assert min(steps) >= horizon
    assert len(dates) == MAX_SNAPSHOTS + 1


def test_a_second_writer_is_refused_and_told_who_holds_the_home(tmp_path: Path) -> None:
    lock = tmp_path / "data" / "writer.lock"
    with writer_lock(lock), pytest.raises(WriterBusy, match=r"process \d+.*wait"), writer_lock(lock):
        pass
    with writer_lock(lock):
        pass


def test_a_killed_writer_leaves_no_lock_behind(tmp_path: Path) -> None:
    lock = tmp_path / "writer.lock"
    code = (
        "import os, signal, sys; from pathlib import Path; from pipeline.home.lock import writer_lock\n"
        "with writer_lock(Path(sys.argv[1])): os.kill(os.getpid(), signal.SIGKILL)"
    )
    killed = subprocess.run([sys.executable, "-c", code, str(lock)], check=False)
    assert killed.returncode == -9
    with writer_lock(lock):
        pass
