"""Of millions of events the large tables are made in parts; they are the rows that one statement makes."""

from __future__ import annotations

from pathlib import Path

import duckdb

from pipeline.build.dbt_session import DbtSession
from pipeline.build.variables import RunContext, dbt_variables
from pipeline.home.paths import HomePaths
from pipeline.settings import load_settings

PER_PART = 2_000
MODELS = ("fct_sessions", "int_person_transitions", "user_features")
TABLES = ("marts.fct_events", "marts.fct_sessions", "intermediate.int_person_transitions", "marts.user_features")


def test_tables_made_in_parts_are_those_made_at_once(shop: HomePaths, config: Path, tmp_path: Path) -> None:
    variables = dbt_variables(load_settings(config, shop.home), shop, RunContext.read(shop.run_context))
    builds = {"at_once": shop, "in_parts": HomePaths(tmp_path)}
    found = DbtSession(builds["in_parts"]).build(
        [f"+{model}" for model in MODELS], variables | {"events_per_part": PER_PART}
    )
    assert [node.message for node in found if not node.ok] == []
    for model in MODELS:
        (statement,) = builds["in_parts"].dbt_target.rglob(f"compiled/**/{model}.sql")
        assert "getvariable('part')" in statement.read_text(encoding="utf-8")
    with duckdb.connect() as con:
        for name, paths in builds.items():
            con.execute(f"attach '{paths.build_db}' as {name} (read_only)")
        n_events = con.execute("select count(*) from at_once.marts.fct_events").fetchall()[0][0]
        assert n_events > 5 * PER_PART
        for table in TABLES:
            for one, other in (("at_once", "in_parts"), ("in_parts", "at_once")):
                assert con.execute(f"from {one}.{table} except all from {other}.{table}").fetchall() == [], table
