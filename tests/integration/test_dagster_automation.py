"""The schedule keeps the site's time; the sensor starts a night for new files, once, and never for a growing one."""

import os
import time
import uuid
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from pipeline.definitions import JOB_NAME, build_defs
from pipeline.home.lock import writer_lock
from pipeline.home.paths import HomePaths
from pipeline.ingest import ingest
from pipeline.orchestration.resources import GrowthHome
from pipeline.orchestration.sensors import QUIET_S
from pipeline.settings import Settings, load_settings

CONFIG = """
site: {timezone: Asia/Shanghai, currency: CNY}
sources:
  - name: shop
    format: tracker
    path: "{home}/data/raw/shop/*.jsonl"
"""
LINE = '{{"event": "view_item", "timestamp": "2026-01-05T10:00:00Z", "userId": "u{}"}}\n'


class Shop:
    """A home with a config and no night yet, its clock and its sensor."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (folder / "growth.yaml").write_text(CONFIG, encoding="utf-8")
        self.folder, self.clock, self.cursor = folder, 1_000_000.0, None
        self.raw = folder / "data" / "raw" / "shop"
        self.raw.mkdir(parents=True)
        self.defs = build_defs(GrowthHome(config_path=str(folder / "growth.yaml"), home_path=str(folder)))
        self.instance = dg.DagsterInstance.local_temp(str(folder))
        monkeypatch.setattr("pipeline.orchestration.sensors.time.time", lambda: self.clock)

    @property
    def settings(self) -> Settings:
        return load_settings(self.folder / "growth.yaml", self.folder)

    def write(self, name: str, n_lines: int) -> None:
        (self.raw / name).write_text("".join(LINE.format(i) for i in range(n_lines)), encoding="utf-8")

    def tick(self, seconds_later: float = 0) -> list[str | None]:
        """One evaluation of the sensor; the run keys it asks for."""
        self.clock += seconds_later
        repository = self.defs.get_repository_def()
        # An open context keeps its instance as the one that definitions are loaded with, also in later tests.
        with dg.build_sensor_context(self.instance, self.cursor, repository_def=repository) as context:
            outcome: Any = self.defs.resolve_sensor_def("new_files").evaluate_tick(context)
        self.cursor = outcome.cursor
        return [request.run_key for request in outcome.run_requests]


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    return Shop(tmp_path, monkeypatch)


def test_the_nightly_schedule_keeps_the_time_of_the_site(shop: Shop) -> None:
    schedule = shop.defs.resolve_schedule_def("nightly")
    assert schedule.execution_timezone == "Asia/Shanghai"
    assert schedule.job_name == JOB_NAME
    assert schedule.default_status is dg.DefaultScheduleStatus.RUNNING
    assert schedule.cron_schedule == "30 2 * * *"


def test_the_sensor_is_off_until_somebody_turns_it_on(shop: Shop) -> None:
    assert shop.defs.resolve_sensor_def("new_files").default_status is dg.DefaultSensorStatus.STOPPED


def test_no_files_start_no_night(shop: Shop) -> None:
    assert shop.tick() == []


def test_new_files_start_one_night_once_they_keep_still(shop: Shop) -> None:
    shop.write("a.jsonl", 3)
    assert shop.tick() == []
    assert shop.tick(QUIET_S - 1) == []
    (key,) = shop.tick(1)
    assert shop.tick(QUIET_S) == [key]  # the same key: Dagster starts a run for it once


def test_a_growing_file_is_waited_for(shop: Shop) -> None:
    for n_lines in range(1, 5):
        shop.write("a.jsonl", n_lines)
        assert shop.tick(QUIET_S) == []
    assert len(shop.tick(QUIET_S)) == 1


def test_another_set_of_files_is_another_night(shop: Shop) -> None:
    keys = []
    for name in ("a.jsonl", "b.jsonl"):
        shop.write(name, 3)
        shop.tick()
        keys += shop.tick(QUIET_S)
    assert len(set(keys)) == 2


@pytest.mark.parametrize("age_s", [0, 3600], ids=["just written", "long still"])
def test_ingested_files_are_not_new(shop: Shop, age_s: int) -> None:
    """The ledger keeps no time of a file that was just written, so that the next night looks at its content again."""
    shop.write("a.jsonl", 3)
    written = time.time_ns() - age_s * 10**9
    os.utime(shop.raw / "a.jsonl", ns=(written, written))
    ingest(shop.settings)
    shop.tick()
    assert shop.tick(QUIET_S) == []


def test_an_ingested_file_that_grew_is_new(shop: Shop) -> None:
    shop.write("a.jsonl", 3)
    ingest(shop.settings)
    shop.write("a.jsonl", 4)
    shop.tick()
    assert len(shop.tick(QUIET_S)) == 1


def test_without_a_config_the_sensor_waits(tmp_path: Path) -> None:
    defs = build_defs(GrowthHome(config_path=str(tmp_path / "absent.yaml")))
    with dg.build_sensor_context(repository_def=defs.get_repository_def()) as context:
        outcome: Any = defs.resolve_sensor_def("new_files").evaluate_tick(context)
    assert outcome.run_requests == []
    assert outcome.skip_message == "no valid growth.yaml"


def started_run(instance: dg.DagsterInstance) -> str:
    """A run that says it is under way."""
    run = dg.DagsterRun(job_name=JOB_NAME, run_id=str(uuid.uuid4()), status=dg.DagsterRunStatus.STARTED)
    return instance.add_run(run).run_id


def status_after_the_schedule(shop: Shop, run_id: str) -> dg.DagsterRunStatus:
    with dg.build_schedule_context(shop.instance, repository_def=shop.defs.get_repository_def()) as context:
        outcome = shop.defs.resolve_schedule_def("nightly").evaluate_tick(context)
    assert len(outcome.run_requests or []) == 1
    run = shop.instance.get_run_by_id(run_id)
    assert run is not None
    return run.status


def test_a_killed_run_does_not_keep_the_nightly_run_waiting(shop: Shop) -> None:
    assert status_after_the_schedule(shop, started_run(shop.instance)) is dg.DagsterRunStatus.FAILURE


def test_a_run_that_writes_is_not_taken_for_dead(shop: Shop) -> None:
    with writer_lock(HomePaths(shop.folder).writer_lock):
        assert status_after_the_schedule(shop, started_run(shop.instance)) is dg.DagsterRunStatus.STARTED
