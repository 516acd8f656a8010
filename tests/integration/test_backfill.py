"""Days that a person selects in the UI, or names on the command line, are read and built again, and nothing else
changes.
"""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import dagster as dg
import duckdb
import pytest

from pipeline.build.variables import RunContext
from pipeline.cli.night import run_night
from pipeline.definitions import JOB_NAME, build_defs
from pipeline.home.paths import HomePaths
from pipeline.ingest import backfill
from pipeline.orchestration.assets.event_days import EVENT_DAYS, build_event_days
from pipeline.orchestration.resources import GrowthHome
from pipeline.orchestration.sensors import build_backfill_sensor
from pipeline.settings import load_settings


@pytest.fixture(scope="module")
def home(own_shop: HomePaths) -> HomePaths:
    return own_shop


def growth_of(home: HomePaths) -> GrowthHome:
    return GrowthHome(config_path=str(home.home / "growth.yaml"), home_path=str(home.home))


def test_the_dates_that_the_first_night_loaded_are_shown_as_materialized(home: HomePaths) -> None:
    with duckdb.connect(str(home.warehouse.resolve()), read_only=True) as con:
        loaded = con.execute("select distinct cast(event_date as varchar) from marts.fct_events").fetchall()
    with dg.DagsterInstance.from_config(str(home.dagster)) as instance:
        assert instance.get_materialized_partitions(EVENT_DAYS) == {day for (day,) in loaded}


def test_a_range_of_partitions_is_one_run_and_one_wish(home: HomePaths) -> None:
    settings = load_settings(home.home / "growth.yaml", home.home)
    asset = build_event_days(settings)
    first = RunContext.read(home.run_context).first_date
    assert asset.partitions_def is not None
    assert asset.partitions_def.get_partition_keys()[0] == first  # the first date of the data
    tags = {"dagster/asset_partition_range_start": "2026-01-05", "dagster/asset_partition_range_end": "2026-01-07"}
    assert dg.materialize([asset], tags=tags, resources={"growth": growth_of(home)}).success
    assert backfill.requested(home) == [(date(2026, 1, 5), date(2026, 1, 7))]


def test_the_wish_starts_one_night(home: HomePaths) -> None:
    growth = growth_of(home)
    sensor = build_backfill_sensor(build_defs(growth).resolve_job_def(JOB_NAME), growth)
    with dg.DagsterInstance.ephemeral() as instance:
        context = dg.build_sensor_context(instance=instance)
        first, second = sensor.evaluate_tick(context), sensor.evaluate_tick(context)
    assert first.run_requests and second.run_requests
    assert first.run_requests[0].run_key == second.run_requests[0].run_key


def run(home: HomePaths, first: date, last: date) -> tuple[str, list[str]]:
    """A backfill; its summary and its messages."""
    messages: list[str] = []
    config = home.home / "growth.yaml"
    summary = run_night(config, load_settings(config, home.home), backfill=(first, last), say=messages.append)
    return summary, messages


def late_events(home: HomePaths) -> tuple[int, int, bool]:
    """Events of the late file that are facts, that the books call too late, and whether these balance."""
    with duckdb.connect(str(home.warehouse.resolve()), read_only=True) as con:
        (facts,) = con.execute("select count(*) from marts.fct_events where user_id = 'late-1'").fetchall()[0]
        late, is_balanced = con.execute(
            "select sum(n_too_late), bool_and(is_balanced) from ops.reconciliation "
            "where run_id = (select last(run_id order by published_at) from ops.published_versions)"
        ).fetchall()[0]
        return facts, late, is_balanced


def test_the_night_reads_these_days_again_and_the_warehouse_stays_the_same(home: HomePaths) -> None:
    """Also where a file brings events that come too late: they are held back, but for those of the days asked for."""
    before = home.warehouse.resolve()
    with (home.home / "growth.yaml").open("a") as config:
        config.write("\ncleaning: {days_late_allowed: 3}\n")
    line = '{{"event": "page_view", "timestamp": "2026-01-{:02}T10:00:00Z", "userId": "late-1"}}\n'
    (home.data / "raw" / "shop" / "late.jsonl").write_text("".join(map(line.format, (10, 11, 11, 12))))
    summary, messages = run(home, date(2026, 1, 20), date(2026, 1, 20))
    (line,) = [line for line in messages if "were read again" in line]
    assert "2026-01-05 to 2026-01-07, 2026-01-20 to 2026-01-20" in line
    plan = json.loads(home.build_plan.read_text(encoding="utf-8"))
    assert not plan["is_full"] and "taken out" in plan["reason"]
    assert backfill.requested(home) == []
    command = "growthhouse backfill --from 2026-01-10 --to 2026-01-12"
    assert any(
        f"4 events of 2026-01-10 to 2026-01-12 came more than 3 days late and are held back: `{command}`" in s
        for s in messages
    )
    assert f"raw.ingested_files: n_too_late is 4 (source=shop, taken_in_by={command})" in summary
    assert late_events(home) == (0, 4, True)
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


def test_a_backfill_takes_in_what_came_too_late(home: HomePaths) -> None:
    """One of the 11th is a copy of the other."""
    summary, _ = run(home, date(2026, 1, 10), date(2026, 1, 11))
    assert late_events(home) == (2, 1, True)
    assert "1 events of 2026-01-12 to 2026-01-12 came too late" in summary


def test_without_a_wish_no_night_starts(home: HomePaths) -> None:
    growth = growth_of(home)
    sensor = build_backfill_sensor(build_defs(growth).resolve_job_def(JOB_NAME), growth)
    with dg.DagsterInstance.ephemeral() as instance:
        tick = sensor.evaluate_tick(dg.build_sensor_context(instance=instance))
    assert not tick.run_requests and tick.skip_message == "no dates were requested"


def test_a_span_the_wrong_way_round_is_refused(home: HomePaths) -> None:
    from typer.testing import CliRunner

    from pipeline.cli.app import app

    asked = ["backfill", "--from", "2026-01-07", "--to", "2026-01-05", "--config", str(Path(home.home) / "growth.yaml")]
    result = CliRunner().invoke(app, asked)
    assert result.exit_code == 2
    assert "later than --to" in result.output
