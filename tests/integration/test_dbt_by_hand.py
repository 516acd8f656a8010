"""dbt as a user of dbt starts it on the home of a night: refused without the night's variables, right with them.

The tests of this module share one copy of the shop, and the later ones find it as the earlier ones leave it.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
import yaml
from shared_homes import copy_home

from pipeline.build.manual_dbt import run_dbt
from pipeline.build.plan import plan_build, was_built_by_hand
from pipeline.build.variables import RunContext, dbt_variables
from pipeline.cli.night import NightError, run_night
from pipeline.home.lock import writer_lock
from pipeline.home.paths import DBT_PROJECT, HomePaths
from pipeline.settings import load_settings

BIN = Path(sys.executable).parent
BUILT = "('staging', 'intermediate', 'marts', 'seeds')"


@pytest.fixture(scope="module")
def home(shop: HomePaths, tmp_path_factory: pytest.TempPathFactory) -> HomePaths:
    """A copy of the shop, as it would come out of a backup."""
    return copy_home(shop, tmp_path_factory.mktemp("by_hand") / "a shop")


def run(*command: object, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        list(map(str, command)), env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )


def growthhouse_dbt(home: HomePaths, *arguments: str) -> subprocess.CompletedProcess[str]:
    return run(BIN / "growthhouse", "dbt", "--home", home.home, "--", *arguments)


def contents(home: HomePaths) -> dict[str, tuple[int, int]]:
    """Rows and their hash, by table; the keys of rows inside a run (row_key) are no content."""
    with duckdb.connect(str(home.build_db), read_only=True) as con:
        names = con.execute(
            f"select schema_name || '.' || table_name from duckdb_tables() where schema_name in {BUILT} order by 1"
        ).fetchall()
        return {
            name: con.execute(f"select count(*), sum(hash(columns(*))::hugeint) from {name}").fetchall()[0]
            for (name,) in names
        }


def files_of_project() -> set[Path]:
    """Without what nights of other tests may write meanwhile."""
    return {file for file in DBT_PROJECT.rglob("*") if not {"target", "__pycache__"} & set(file.parts)}


def test_the_night_leaves_its_variables(home: HomePaths) -> None:
    left = yaml.safe_load(home.dbt_variables.read_text(encoding="utf-8"))
    context = RunContext.read(home.run_context)
    assert (left["run_id"], left["as_of_date"]) == (context.run_id, context.as_of)
    assert left["funnels"]


def test_plain_dbt_is_refused_and_told_the_command(home: HomePaths) -> None:
    before = contents(home)
    folders = ("--project-dir", DBT_PROJECT, "--profiles-dir", DBT_PROJECT, "--target-path", home.data / "target")
    models = ("user_activity", "funnel_conversion")
    made = run(BIN / "dbt", "build", "-s", *models, *folders, GROWTH_BUILD_DB=str(home.build_db))
    assert made.returncode != 0
    command = f"growthhouse dbt --home '{home.home}' -- build --select user_activity funnel_conversion"
    assert command in " ".join(made.stdout.split())
    assert contents(home) == before
    assert not was_built_by_hand(home)


def test_the_documented_command_builds_the_tables_of_the_night(home: HomePaths) -> None:
    before, project = contents(home), files_of_project()
    made = growthhouse_dbt(home, "build", "-s", "+funnel_conversion", "user_activity")
    assert made.returncode == 0, made.stdout[-3000:] + made.stderr
    assert "Completed successfully" in made.stdout
    assert "unit_test" not in made.stdout
    assert "the next night rebuilds every table" in made.stderr
    assert before["marts.user_activity"][0] == 40
    assert before["marts.funnel_conversion"][0] > 0
    assert contents(home) == before
    assert files_of_project() == project
    assert (home.dbt_target / "run_results.json").exists()
    assert (home.dbt_target / "logs" / "dbt.log").exists()


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (["ls", "-s", "funnel_conversion", "--resource-type", "model"], "funnel_conversion"),
        (["compile", "-s", "retention"], "retention_rate"),
        (["show", "-s", "user_activity", "--limit", "1"], "activity_date"),
        (["test", "-s", "user_activity"], "Completed successfully"),
        (["docs", "generate"], "Catalog written"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_commands_that_only_read_know_the_night(
    home: HomePaths, capfd: pytest.CaptureFixture[str], arguments: list[str], shown: str
) -> None:
    assert run_dbt(home, arguments) == 0
    assert shown in capfd.readouterr().out


def test_the_exit_code_is_that_of_dbt(home: HomePaths) -> None:
    with duckdb.connect(str(home.build_db)) as con:
        con.execute("insert into marts.user_activity from marts.user_activity")
    assert run_dbt(home, ["test", "-s", "user_activity"]) == 1
    assert run_dbt(home, ["run", "-s", "user_activity"]) == 0
    assert run_dbt(home, ["test", "-s", "user_activity"]) == 0
    assert run_dbt(home, ["frobnicate"]) == 2


def test_a_home_that_a_run_is_writing_is_refused(home: HomePaths) -> None:
    with writer_lock(home.writer_lock):
        made = growthhouse_dbt(home, "run", "-s", "user_activity")
    assert made.returncode == 1
    assert "another run is writing" in made.stderr


def test_whole_tables_are_not_made_of_what_a_delta_night_left(
    home: HomePaths, capfd: pytest.CaptureFixture[str]
) -> None:
    with duckdb.connect(str(home.build_db)) as con:
        con.execute("update state.build set is_full = false")
    before = contents(home)
    assert run_dbt(home, ["run", "-s", "fct_events"]) != 0
    assert "Select it with what it is made of: +fct_events" in " ".join(capfd.readouterr().out.split())
    assert contents(home) == before
    assert run_dbt(home, ["run", "-s", "fct_orders"]) == 0


def test_what_was_built_by_hand_is_not_published(home: HomePaths) -> None:
    config = home.home / "growth.yaml"
    with pytest.raises(NightError, match="dbt was run by hand") as error:
        run_night(config, load_settings(config), select='key:"published/warehouse"', say=lambda text: None)
    assert error.value.exit_code == 1


def test_the_next_night_rebuilds_every_table_and_says_why(home: HomePaths) -> None:
    settings = load_settings(home.home / "growth.yaml")
    variables = dbt_variables(settings, home, RunContext.read(home.run_context))
    plan = plan_build(home, variables)
    assert plan.is_full
    assert plan.reason == "dbt was run by hand since the last night"
