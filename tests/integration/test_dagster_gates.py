"""Each stage is broken in turn: nothing after it is built, and the published warehouse stays what it was.

Damage is done between a layer and its gate, as a bad source, a bug in a model or a lost file would do it. Then parts of
a night, as a person runs them from the UI.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest
from shared_homes import copy_home

from expectations import GateBroken
from pipeline.cli.night import NightError, run_night
from pipeline.home.paths import HomePaths
from pipeline.orchestration import gates
from pipeline.orchestration.instance import prepare_instance
from pipeline.settings import load_settings
from tests.faults.cases import Shop

LAST_DAY = date(2026, 1, 20)
LAYER_OF = {
    "raw": "raw",
    "lake": "raw",
    "staging": "sessions",
    "intermediate": "sessions",
    "marts": "marts",
    "seeds": "marts",
    "predictions": "ml",
    "ml": "ml",
    "activation": "ml",
    "ops": "published",
    "published": "published",
}
DAILY = {
    "int_session_days",
    "int_session_steps",
    "int_person_days",
    "int_person_event_days",
    "int_person_transitions",
    "int_person_item_days",
    "schema_changes",
}
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
STAGES = ["raw", "sessions", "marts", "ml", "published"]


@dataclass(frozen=True)
class Home:
    """A tiny shop after one published night."""

    paths: HomePaths

    def run(self, **asked: Any) -> str:
        config = self.paths.home / "growth.yaml"
        return run_night(config, load_settings(config, self.paths.home), say=lambda text: None, **asked)

    def latest_run(self) -> dg.DagsterRun:
        with dg.DagsterInstance.from_config(str(prepare_instance(self.paths.dagster))) as instance:
            return instance.get_runs(limit=1)[0]

    def built(self) -> set[str]:
        """What the latest run materialized."""
        with dg.DagsterInstance.from_config(str(self.paths.dagster)) as instance:
            events = instance.all_logs(self.latest_run().run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION)
        return {event.asset_materialization.asset_key.to_user_string() for event in events}  # type: ignore[union-attr]

    def published(self) -> tuple[Path, int]:
        target = self.paths.warehouse.resolve()
        return target, target.stat().st_mtime_ns

    def contents(self, stages: list[str]) -> dict[str, Any]:
        """A fingerprint of every build table of these stages; bookkeeping by run and of what was built is left out."""
        with duckdb.connect(str(self.paths.build_db), read_only=True) as con:
            names = con.execute(
                "select schema_name, table_name from duckdb_tables() "
                "where schema_name not in ('ops', 'state') order by all"
            ).fetchall()
            return {
                f"{schema}.{table}": con.execute(
                    f"select count(*), sum(hash(t)::hugeint) from {schema}.{table} as t"
                ).fetchone()
                for schema, table in names
                if stage_of(f"{schema}/{table}") in stages
            }


def stage_of(asset: str) -> str:
    schema, table = asset.split("/")
    # The dbt tables raw.* are bookkeeping of the end of the night; raw.events and the ledger are its beginning.
    if schema == "raw" and table != "events":
        return "published"
    return "marts" if table in DAILY else LAYER_OF[schema]


@pytest.fixture(scope="module")
def home(small_shop: Shop, tmp_path_factory: pytest.TempPathFactory) -> Home:
    return Home(copy_home(HomePaths(small_shop.base), tmp_path_factory.mktemp("gates") / "home"))


DAMAGE = [
    # stage, what happens to the build database before its gate looks, what the message must say
    (
        "sessions",
        # nothing is new in that night, so there is nothing to take away from: one event too many
        "insert into intermediate.int_sessionized by name select 1 as row_key, 'f' as file_id, 1 as line_number, "
        "'p' as person_id, 's' as session_id, timestamp '2026-01-01' as event_at, date '2026-01-01' as event_date, "
        "'view' as event_name, 1 as event_number, true as is_session_start, true as is_session_end, false as is_server",
        ["gate_sessions", "intermediate.int_sessionized n_lost_or_invented: expected 0, observed 1"],
    ),
    (
        "marts",
        "insert into marts.fct_events select * from marts.fct_events order by event_id limit 1",
        ["gate_marts", "marts.fct_events n_lost_or_invented", "expected 0, observed 1 (source=shop)"],
    ),
    (
        "ml",
        "update ml.churn_scores set probability = 1.5",
        ["gate_ml", "ml.churn_scores n_outside_0_1: expected 0, observed"],
    ),
]


def damaged_before(stage: str, damage: Callable[[], None]) -> Callable[..., Any]:
    """The gates' check, with damage done before they open the build database, which nobody can write then."""
    check = gates._check

    def damage_and_check(gate: str, *rest: Any) -> Any:
        if gate == stage:
            damage()
        return check(gate, *rest)

    return damage_and_check


def assert_stopped_at(home: Home, stage: str, before: tuple[Path, int], later_tables: dict[str, Any]) -> None:
    allowed = STAGES[: STAGES.index(stage) + 1]
    assert {asset for asset in home.built() if stage_of(asset) not in allowed} == set()
    assert home.contents(STAGES[len(allowed) :]) == later_tables
    assert home.published() == before


@pytest.mark.parametrize(("stage", "damage", "expected"), DAMAGE, ids=[case[0] for case in DAMAGE])
def test_a_broken_stage_stops_the_night(
    stage: str, damage: str, expected: list[str], home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_it() -> None:
        with duckdb.connect(str(home.paths.build_db)) as con:
            con.execute(damage)

    before, later = home.published(), home.contents(STAGES[STAGES.index(stage) + 1 :])
    monkeypatch.setattr("pipeline.orchestration.gates._check", damaged_before(stage, break_it))
    with pytest.raises(NightError) as failure:
        home.run()
    assert failure.value.exit_code == 1
    for words in [*expected, "growthhouse run --full-refresh"]:
        assert words in str(failure.value)
    assert_stopped_at(home, stage, before, later)
    kept = duckdb.execute(
        "select count(*) from read_parquet(?) where run_id = ? and stage = ? and not passed and severity = 'error'",
        [str(home.paths.quality_results), home.latest_run().run_id, stage],
    ).fetchone()
    assert kept is not None and kept[0] >= 1


def test_a_lost_lake_file_whose_raw_file_is_gone_too_stops_the_night(home: Home) -> None:
    """With the raw file there it is read again; without it, a person decides."""
    lost = sorted(home.paths.lake.glob("events/*/*.parquet"))[3]
    raw = home.paths.data / "raw"
    hidden, hidden_raw = home.paths.data / "hidden.parquet", home.paths.data / "hidden_raw"
    before, later = home.published(), home.contents(STAGES[1:])
    lost.rename(hidden)
    raw.rename(hidden_raw)
    try:
        with pytest.raises(NightError) as failure:
            home.run()
    finally:
        hidden.rename(lost)
        hidden_raw.rename(raw)
    assert failure.value.exit_code == 2
    for words in ("step ingest failed", f"{lost.name} is missing", "Restore the raw files"):
        assert words in str(failure.value)
    assert_stopped_at(home, "raw", before, later)


def test_a_delivery_with_a_third_of_its_lines_broken_stops_the_night(home: Home) -> None:
    """70 good lines and 30 that are no JSON; delivered again and whole, they pass."""
    bad = home.paths.data / "raw" / "shop" / "2026-01-21.jsonl"
    good = '{{"event": "view_item", "timestamp": "2026-01-20T10:00:00Z", "userId": "u1", "eventId": "extra-{}"}}'
    bad.write_text("\n".join(good.format(i) if i % 10 < 7 else "{broken" for i in range(100)), encoding="utf-8")
    before, later = home.published(), home.contents(STAGES[1:])
    with pytest.raises(NightError) as failure:
        home.run()
    assert failure.value.exit_code == 1
    for words in (
        "gate_raw",
        "worst_new_batch_rejected_rate: expected at most 0.05",
        "source=shop",
        "30 of 100",
        "bad_json 30",
        f"{bad.name} 30",
        "cleaning.max_rejected_rate",
    ):
        assert words in str(failure.value)
    assert_stopped_at(home, "raw", before, later)
    bad.write_text("\n".join(good.format(i) for i in range(100)), encoding="utf-8")
    home.run(select="group:raw")
    assert home.built() == {"raw/events", "lake/ledger", "lake/rejected"}


def test_a_crashing_expectation_is_neither_a_pass_nor_a_failure(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(*_: Any) -> Any:
        raise GateBroken("raw.events: probe total could not be computed: no such column")

    before, later = home.published(), home.contents(STAGES[1:])
    monkeypatch.setattr("pipeline.orchestration.gates.run_stage", crash)
    with pytest.raises(NightError, match=r"neither passed nor failed: raw\.events: probe total could not be computed"):
        home.run()
    assert_stopped_at(home, "raw", before, later)


def test_the_next_good_night_publishes_and_tells_of_the_failed_ones(home: Home) -> None:
    before = home.published()
    home.run(as_of=LAST_DAY)
    assert home.published() != before
    with duckdb.connect(str(home.paths.warehouse.resolve()), read_only=True) as con:
        failed = con.execute(
            "select distinct stage from ops.quality_results where not passed and severity = 'error' order by 1"
        ).fetchall()
        as_of = con.execute("select as_of_date from ops.published_versions order by version desc limit 1").fetchone()
    assert failed == [("marts",), ("ml",), ("raw",), ("sessions",)]
    assert as_of == (LAST_DAY,)


def test_a_table_built_alone_is_not_published_before_what_hangs_on_it_is_built(home: Home) -> None:
    before, tables = home.published(), home.contents(["sessions", "ml"])
    home.run(select='key:"marts/retention"')
    assert home.built() == {"marts/retention"}
    with pytest.raises(NightError, match=r"marts/retention_curve \(built before marts/retention\)"):
        home.run(select='key:"published/warehouse"')
    assert home.published() == before
    home.run(select='key:"marts/retention"+')
    assert home.built() == {
        "marts/retention",
        "marts/retention_curve",
        "activation/retention_breakdown",
        "published/warehouse",
        "published/report",
    }
    assert home.published() != before
    assert home.contents(["sessions", "ml"]) == tables


def test_a_table_built_without_its_gate_is_not_published(home: Home) -> None:
    """A run that asks no checks, as the UI allows; nothing hangs on these two but the warehouse."""
    from pipeline.definitions import build_defs
    from pipeline.orchestration.resources import GrowthHome

    before = home.published()
    growth = GrowthHome(config_path=str(home.paths.home / "growth.yaml"), home_path=str(home.paths.home))
    job = build_defs(growth).resolve_implicit_global_asset_job_def()
    chosen = {dg.AssetKey(["marts", "retention_curve"]), dg.AssetKey(["marts", "funnel_conversion"])}
    part = job.get_subset(asset_selection=chosen, asset_check_selection=set())
    with dg.DagsterInstance.from_config(str(home.paths.dagster)) as instance:
        assert part.execute_in_process(instance=instance, run_config=QUIET).success
    with pytest.raises(NightError, match=r"not checked since they were built: .*gate_marts on marts/funnel_conversion"):
        home.run(select='key:"published/warehouse"')
    assert home.published() == before
