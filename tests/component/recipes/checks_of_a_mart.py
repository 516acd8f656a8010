"""Run in a copy of the project with the mart: it is an asset of its layer, is built, gets its picture, is published."""

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
    assert sorted(check.name for check in node.check_keys) == ["gate_marts", "unique_sessions_per_channel_channel"]
    assert dg.AssetKey(["published", "warehouse"]) in node.child_keys


def test_sessions_per_channel_is_built_and_published(tmp_path):
    paths = HomePaths(tmp_path)
    paths.build_db.parent.mkdir(parents=True)
    with duckdb.connect(str(paths.build_db)) as con:
        con.execute("create schema marts")
        con.execute(
            "create table marts.fct_sessions as select unnest(['ads', 'ads']) as channel, unnest([false, true]) as "
            "is_bot"
        )
    outcomes = DbtSession(paths).build([TABLE.partition(".")[2]], {})
    assert [(o.unique_id.split(".")[0], o.status) for o in outcomes if "operation" not in o.unique_id] == [
        ("model", "success"),
        ("test", "pass"),
    ]
    assert "picture" in table_metadata(paths.build_db, [TABLE], logging.getLogger())[TABLE]
    publish(paths, as_of=date(2026, 1, 31), run_id="run")
    with duckdb.connect(str(paths.warehouse.resolve()), read_only=True) as con:
        assert con.execute(f"from {TABLE}").fetchall() == [("ads", 1)]
