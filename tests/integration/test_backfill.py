"""Days that a person selects in the UI, or names on the command line, are read and built again, and nothing else changes."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import dagster as dg
import duckdb
import pytest

from pipeline import backfill
from pipeline.assets.event_days import build_event_days
from pipeline.automation import build_backfill_sensor
from pipeline.definitions import JOB_NAME, build_defs
from pipeline.night import run_night
from pipeline.paths import HomePaths
from pipeline.resources import GrowthHome
from pipeline.run_context import RunContext
from pipeline.settings import load_settings


@pytest.fixture(scope="module")
def home(shop: HomePaths, tmp_path_factory: pytest.TempPathFactory) -> Iterator[HomePaths]:
    """A copy of the shop, so that its versions stay as the other tests know them."""
    folder = tmp_path_factory.mktemp("backfill") / "shop"
    shutil.copytree(shop.home, folder, symlinks=True)
    yield HomePaths(folder)


def growth_of(home: HomePaths) -> GrowthHome:
    return GrowthHome(config_path=str(home.home / "growth.yaml"), home_path=str(home.home))


def test_a_range_of_partitions_is_one_run_and_one_wish(home: HomePaths) -> None:
    settings = load_settings(home.home / "growth.yaml", home.home)
    asset = build_event_days(settings)
    first = RunContext.read(home.run_context).first_date
    assert asset.partitions_def is not None
    assert asset.partitions_def.get_partition_keys()[0] == first  # the first date of the data
    tags = {"dagster/asset_partition_range_start": "2026-01-05", "dagster/asset_partition_range_end": "2026-01-07"}
    assert dg.materialize([asset], tags=tags, resources={"growth": growth_of(home)}).success
    assert backfill.asked(home) == [(date(2026, 1, 5), date(2026, 1, 7))]


def test_the_wish_starts_one_night(home: HomePaths) -> None:
    growth = growth_of(home)
    sensor = build_backfill_sensor(build_defs(growth).resolve_job_def(JOB_NAME), growth)
    with dg.DagsterInstance.ephemeral() as instance:
        context = dg.build_sensor_context(instance=instance)
        first, second = sensor.evaluate_tick(context), sensor.evaluate_tick(context)
    assert first.run_requests and second.run_requests
    assert first.run_requests[0].run_key == second.run_requests[0].run_key


def test_the_night_reads_these_days_again_and_the_warehouse_stays_the_same(home: HomePaths) -> None:
    before = home.warehouse.resolve()
    said: list[str] = []
    config = home.home / "growth.yaml"
    run_night(
        config, load_settings(config, home.home), backfill=(date(2026, 1, 20), date(2026, 1, 20)), say=said.append
    )
    (line,) = [line for line in said if "were read again" in line]
    assert "2026-01-05 to 2026-01-07, 2026-01-20 to 2026-01-20" in line
    plan = json.loads(home.build_plan.read_text(encoding="utf-8"))
    assert not plan["is_full"] and "taken out" in plan["reason"]
    assert backfill.asked(home) == []
    with duckdb.connect() as con:
        con.execute(
            f"attach '{before}' as before (read_only); attach '{home.warehouse.resolve()}' as later (read_only)"
        )
        tables = con.execute(
            "select schema_name || '.' || table_name from duckdb_tables() where database_name = 'later' "
            "and schema_name in ('marts', 'ml', 'activation')"
        ).fetchall()
        assert len(tables) > 15
        for (table,) in tables:
            for one, other in (("before", "later"), ("later", "before")):
                rows = con.execute(f"from {one}.{table} except all from {other}.{table} limit 1").fetchall()
                assert rows == [], table


def test_without_a_wish_no_night_starts(home: HomePaths) -> None:
    growth = growth_of(home)
    sensor = build_backfill_sensor(build_defs(growth).resolve_job_def(JOB_NAME), growth)
    with dg.DagsterInstance.ephemeral() as instance:
        tick = sensor.evaluate_tick(dg.build_sensor_context(instance=instance))
    assert not tick.run_requests and tick.skip_message == "no dates were asked for again"


def test_a_span_the_wrong_way_round_is_refused(home: HomePaths) -> None:
    from typer.testing import CliRunner

    from pipeline.cli import app

    asked = ["backfill", "--from", "2026-01-07", "--to", "2026-01-05", "--config", str(Path(home.home) / "growth.yaml")]
    result = CliRunner().invoke(app, asked)
    assert result.exit_code == 2
    assert "later than --to" in result.output
