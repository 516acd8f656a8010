"""The recipes of CONTRIBUTING.md, followed literally in a copy of the project: what they name is enough."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.home.paths import PROJECT_ROOT

COPIED = ("pipeline", "models", "expectations", "dbt_project", "tests/architecture")
MART = {
    "dbt_project/models/marts/acquisition/sessions_per_channel.sql": """
-- Grain: channel. Sessions per channel, without bots.
with sessions as (

    select channel
    from {{ ref('fct_sessions') }}
    where not is_bot

)

select
    channel,
    cast(count(*) as {{ dbt.type_bigint() }}) as n_sessions
from sessions
group by channel
""",
    "dbt_project/models/marts/acquisition/sessions_per_channel.yml": """
version: 2

models:
  - name: sessions_per_channel
    description: "Grain: channel, key channel. Sessions per channel, without bots. Late sessions change it at the next run."
    config: {meta: {picture: {chart: shares, title: Sessions per channel, column: channel}}}
    columns:
      - {name: channel, data_type: string, constraints: [{type: not_null}], description: "Channel.", data_tests: [unique]}
      - {name: n_sessions, data_type: bigint, constraints: [{type: not_null}], description: "Sessions."}

unit_tests:
  - name: sessions_per_channel_leaves_out_bots
    model: sessions_per_channel
    given:
      - input: ref('fct_sessions')
        rows:
          - {channel: email, is_bot: false}
          - {channel: email, is_bot: true}
    expect:
      rows:
        - {channel: email, n_sessions: 1}
""",
}
# Run inside the copy: the table is an asset of its layer, is built by dbt, gets its picture, and is published.
CHECKS = """
import logging
from datetime import date
from pathlib import Path

import dagster as dg
import duckdb

import pipeline
from pipeline.build.dbt_session import DbtSession
from pipeline.definitions import defs
from pipeline.home.paths import HomePaths
from pipeline.orchestration.ui.table_metadata import table_metadata
from pipeline.publish.version import publish

KEY, TABLE = dg.AssetKey(["marts", "sessions_per_channel"]), "marts.sessions_per_channel"


def test_sessions_per_channel_is_an_asset_of_its_layer():
    assert Path(pipeline.__file__).is_relative_to(Path.cwd())
    graph = defs.resolve_asset_graph()
    node = graph.get(KEY)
    assert (node.group_name, node.owners) == ("marts", ["team:analytics-engineering"])
    assert node.parent_keys == {dg.AssetKey(["marts", "fct_sessions"])}
    assert [check.name for check in node.check_keys] == ["unique_sessions_per_channel_channel"]
    assert dg.AssetKey(["published", "warehouse"]) in node.child_keys


def test_sessions_per_channel_is_built_and_published(tmp_path):
    paths = HomePaths(tmp_path)
    paths.build_db.parent.mkdir(parents=True)
    with duckdb.connect(str(paths.build_db)) as con:
        con.execute("create schema marts")
        con.execute("create table marts.fct_sessions as select unnest(['ads', 'ads']) as channel, unnest([false, true]) as is_bot")
    outcomes = DbtSession(paths).build([TABLE.partition(".")[2]], {})
    assert [(o.unique_id.split(".")[0], o.status) for o in outcomes if "operation" not in o.unique_id] == [("model", "success"), ("test", "pass")]
    assert "picture" in table_metadata(paths.build_db, [TABLE], logging.getLogger())[TABLE]
    publish(paths, as_of=date(2026, 1, 31), run_id="run")
    with duckdb.connect(str(paths.warehouse.resolve()), read_only=True) as con:
        assert con.execute(f"from {TABLE}").fetchall() == [("ads", 1)]
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the project, its parsed manifest left behind."""
    for folder in COPIED:
        ignored = shutil.ignore_patterns("__pycache__", "target", "logs")
        shutil.copytree(PROJECT_ROOT / folder, tmp_path / "project" / folder, ignore=ignored)
    shutil.copy(PROJECT_ROOT / "pyproject.toml", tmp_path / "project")
    return tmp_path / "project"


def test_a_mart_is_its_sql_and_its_yml(project: Path) -> None:
    for file, text in MART.items():
        (project / file).write_text(text.lstrip(), encoding="utf-8")
    (project / "tests" / "architecture" / "test_new_mart.py").write_text(CHECKS, encoding="utf-8")
    asked = [sys.executable, "-m", "pytest", "tests/architecture", "-k", "sessions_per_channel or one_name", "-vv"]
    outcome = subprocess.run(asked, cwd=project, capture_output=True, text=True, check=False)
    assert outcome.returncode == 0, outcome.stdout[-5000:] + outcome.stderr[-2000:]
    for test in (
        "test_a_dbt_table_is_in_the_file",
        "test_every_asset_tells",
        "test_a_table_that_every_night_builds",
        "test_a_picture_gives",
    ):
        assert test in outcome.stdout
