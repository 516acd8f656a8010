"""Planning a night that is killed: what was taken out of the build stays known until it was published."""

from __future__ import annotations

import copy
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipeline.build import plan as build_plan
from pipeline.build import rules
from pipeline.build.plan import finish_build, plan_build
from pipeline.build.tables import tables_of_a_delta_night
from pipeline.build.variables import RunContext, dbt_variables
from pipeline.home.paths import HomePaths
from pipeline.ingest import LedgerRow
from pipeline.ingest.lake.ledger import write_ledger
from pipeline.settings import default_config_text, load_settings

AT = datetime(2026, 1, 5, 12)
VARIABLES = {"run_id": "r", "as_of_date": "2026-01-05", "timezone": "Asia/Shanghai", "lake_events": ""}
EVENT_COLUMNS = "source, file_id, event_id, person_id, user_id, anonymous_id, event_name, event_at, order_id"


class Killed(Exception):
    """Instead of the signal."""


def row_of(file_id: str, n_accepted: int, status: str = "loaded") -> LedgerRow:
    return LedgerRow(
        file_id,
        "shop",
        f"{file_id}.jsonl",
        "0" * 64,
        1,
        1,
        n_accepted,
        n_accepted,
        0,
        AT,
        AT,
        AT,
        status,
        (),
        "reading",
        0,
    )


@pytest.fixture
def paths(tmp_path: Path) -> HomePaths:
    """A finished build of two files of one line each: Ann's, which is then superseded, and Bob's."""
    paths = HomePaths(tmp_path)
    write_ledger(paths.ledger, [row_of("ann", 1), row_of("bob", 1)])
    assert plan_build(paths, VARIABLES).is_full
    with duckdb.connect(str(paths.build_db)) as con:
        con.execute("create schema marts; create schema intermediate")
        lines = ", ".join(
            (
                f"('shop', '{name}', '{name}1', '{name}', '{name}', 'd_{name}', 'page_view', timestamp '{AT}', "
                f"null::varchar)"
            )
            for name in ("ann", "bob")
        )
        for table in tables_of_a_delta_night():
            con.execute(f"create table {table} as select * from (values {lines}) as t ({EVENT_COLUMNS})")
            if table != "marts.fct_events":
                con.execute(f"delete from {table}")
    finish_build(paths, "v1")
    write_ledger(paths.ledger, [row_of("ann", 1, "superseded"), row_of("bob", 1)])
    return paths


def noted(paths: HomePaths) -> tuple[Any, ...]:
    """Files of which the build holds lines, and who and which device has to be looked at again."""
    with duckdb.connect(str(paths.build_db), read_only=True) as con:
        queries = (
            "select file_id from marts.fct_events",
            "select person_id from state.pending_changes",
            "select anonymous_id from state.pending_devices",
        )
        return tuple(con.execute(query).fetchall() for query in queries)


def test_lines_of_a_superseded_file_go_and_whom_that_changes_is_noted(paths: HomePaths) -> None:
    plan = plan_build(paths, VARIABLES)
    assert (plan.is_full, plan.base_version) == (False, "v1")
    assert noted(paths) == ([("bob",)], [("ann",)], [("d_ann",)])


@pytest.mark.parametrize("place", ["plan_before_commit", "plan_committed"])
def test_killed_while_planning_the_next_plan_still_knows_whom_it_changes(
    place: str, paths: HomePaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Were the lines gone while the state still recorded that the last night was published, nobody would look at Ann
    again.
    """

    def kill(name: str) -> None:
        if name == place:
            raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(build_plan, "failpoint", kill)
        with pytest.raises(Killed):
            plan_build(paths, VARIABLES)
    assert plan_build(paths, VARIABLES).base_version == "v1"
    assert noted(paths) == ([("bob",)], [("ann",)], [("d_ann",)])


def test_the_state_of_an_older_build_moves_to_its_own_schema(paths: HomePaths) -> None:
    with duckdb.connect(str(paths.build_db)) as con:
        for name, old in (("build", "build_state"), ("pending_devices", "pending_devices"), ("pending_changes",) * 2):
            con.execute(f"create table intermediate.{old} as from state.{name}")
        con.execute(
            "insert into intermediate.pending_changes values ('cleo', now()::timestamp); drop schema state cascade"
        )
        con.execute("update intermediate.build_state set is_full = false, is_complete = false")
    plan = plan_build(paths, VARIABLES)
    assert (plan.is_full, plan.base_version) == (False, "v1")
    assert noted(paths) == ([("bob",)], [("cleo",), ("ann",)], [("d_ann",)])
    with duckdb.connect(str(paths.build_db), read_only=True) as con:
        assert con.execute("select 1 from duckdb_tables() where table_name = 'build_state'").fetchall() == []


def test_a_home_that_is_moved_is_not_rebuilt(tmp_path: Path) -> None:
    """No variable that holds a place may be among the rules."""
    config = tmp_path / "growth.yaml"
    config.write_text(default_config_text(), encoding="utf-8")
    context = RunContext("r", "2026-01-05", "2026-01-01", ["purchase"])
    variables = dbt_variables(load_settings(config, tmp_path), HomePaths(tmp_path), context)
    places = {name for name, value in variables.items() if str(tmp_path) in json.dumps(value)}
    assert "lake_events" in places
    assert places & rules.rule_variables(rules.project_settings(), variables).keys() == set()


def test_a_changed_default_of_the_project_rebuilds_everything(
    paths: HomePaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No setting of growth.yaml passes max_late_days, so a night sees a new default only here."""
    assert not plan_build(paths, VARIABLES).is_full
    settings = copy.deepcopy(dict(rules.project_settings()))
    settings["vars"][settings["name"]]["max_late_days"] += 1
    monkeypatch.setattr(rules, "project_settings", lambda: settings)
    plan = plan_build(paths, VARIABLES)
    assert (plan.is_full, plan.reason) == (True, "the configuration, the dbt project or DuckDB changed")


def test_why_everything_is_built_is_told_apart_the_first_time_and_after_a_loss(tmp_path: Path) -> None:
    paths = HomePaths(tmp_path)
    write_ledger(paths.ledger, [row_of("ann", 1)])
    assert plan_build(paths, VARIABLES).reason == "this is the first build"
    paths.build_db.unlink()
    paths.warehouse.symlink_to(tmp_path / "some version")
    assert plan_build(paths, VARIABLES).reason == "the build database is gone or lacks tables"
