"""The dbt project by itself: it parses without complaint, its unit tests hold, its documentation builds. No lake, no
Dagster.

dbt runs in this process as `pipeline.build.dbt_session` runs it, on an empty database of its own: every model is built
without rows (unit tests read the columns of their inputs from it).
"""

from __future__ import annotations

import csv
import json
import os
import re
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipeline.home.calendar import end_of
from pipeline.home.paths import DBT_PROJECT

Invoke = Callable[..., Any]
PUBLIC = ("marts", "ml", "activation", "raw", "ops")


@pytest.fixture(scope="module")
def dbt(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Invoke]:
    """`dbt(*arguments)` on an empty database: the result of the invocation, with every warning it made."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner

    folder = tmp_path_factory.mktemp("dbt")
    folders = [
        "--project-dir",
        str(DBT_PROJECT),
        "--profiles-dir",
        str(DBT_PROJECT),
        "--target-path",
        str(folder / "target"),
        "--log-path",
        str(folder / "logs"),
        "--quiet",
        "--no-partial-parse",
    ]
    warnings: list[str] = []

    def note(event: Any) -> None:
        if event.info.level in ("warn", "error") and event.info.name not in ("LogTestResult", "RunResultError"):
            warnings.append(f"{event.info.name}: {event.info.msg}")

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GROWTH_BUILD_DB", str(folder / "growth.duckdb"))
        parsed = dbtRunner(callbacks=[note]).invoke(["parse", "--show-all-deprecations", *folders])
        assert parsed.success, parsed.exception
        runner = dbtRunner(manifest=parsed.result, callbacks=[note])

        def invoke(*arguments: str) -> Any:
            result = runner.invoke([*arguments, *folders])
            result.warnings = list(warnings)
            result.target = folder / "target"
            return result

        yield invoke
        DuckDBConnectionManager.close_all_connections()


@pytest.fixture(scope="module")
def database(dbt: Invoke, empty_build: Any) -> Callable[[str], Any]:
    """Run SQL on the database that dbt works in, between two invocations: the rows of its answer."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager

    def execute(sql: str) -> Any:
        DuckDBConnectionManager.close_all_connections()
        with duckdb.connect(os.environ["GROWTH_BUILD_DB"]) as con:
            return con.execute(sql).fetchall()

    return execute


@pytest.fixture(scope="module")
def empty_build(dbt: Invoke) -> Any:
    """Every model built without rows."""
    assert dbt("seed").success
    result = dbt("run", "--empty")
    assert result.success, [f"{row.node.name}: {row.message}" for row in result.result if str(row.status) == "error"]
    return result


@pytest.fixture(scope="module")
def catalog(dbt: Invoke, empty_build: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """The manifest and the catalog that `dbt docs generate` writes."""
    result = dbt("docs", "generate", "--static")
    assert result.success, result.exception
    read = [
        json.loads((result.target / name).read_text(encoding="utf-8")) for name in ("manifest.json", "catalog.json")
    ]
    return read[0], read[1]


def test_an_empty_lake_builds_without_a_warning_or_deprecation(empty_build: Any) -> None:
    assert empty_build.warnings == []


def _is_hook(row: Any) -> bool:
    """on-run-start is listed among the results."""
    return str(row.node.resource_type) == "operation"


def test_every_dbt_unit_test_holds(dbt: Invoke, empty_build: Any) -> None:
    result = dbt("test", "--select", "test_type:unit")
    assert len(result.result) >= 40
    assert [
        f"{row.node.name}: {row.message}" for row in result.result if str(row.status) != "pass" and not _is_hook(row)
    ] == []


def test_every_data_test_runs(dbt: Invoke, empty_build: Any) -> None:
    result = dbt("test", "--select", "test_type:data")
    assert len(result.result) >= 40
    assert [
        f"{row.node.name}: {row.message}" for row in result.result if str(row.status) != "pass" and not _is_hook(row)
    ] == []


def test_every_model_that_decides_something_has_a_unit_test(catalog: Any) -> None:
    manifest, _ = catalog
    tested = {node["model"] for node in manifest["unit_tests"].values()}
    models = {node["name"] for node in manifest["nodes"].values() if node["resource_type"] == "model"}
    only_read = {
        "stg_lake_events",
        "stg_files",
        "rejected_events",
        "quality_results",
        "run_stages",
        "model_metrics",
        "user_segments",
        "churn_scores",
        "feature_drift",
        "purchase_scores",
        "customer_value",
        "survival_curves",
        "recommendations",
        "similar_items",
    }
    # int_person_days adds up int_person_event_days, dim_identities publishes int_identities, which keeps int_devices
    # as int_identity_links does int_device_users.
    only_read |= {
        "int_person_days",
        "dim_identities",
        "int_identities",
        "int_identity_links",
        "stg_user_agents",
        "stg_user_history",
    }
    # What tells a delta night which persons to open again is tested by comparing delta nights with whole ones.
    delta_only = {"int_displaced", "int_reopened", "int_reopened_events", "int_changed"}
    assert models - tested == only_read | delta_only


def test_the_documentation_site_is_one_file_that_needs_no_network(dbt: Invoke, catalog: Any) -> None:
    page = (dbt("list", "--select", "fct_events").target / "static_index.html").read_text(encoding="utf-8")
    assert "Every accepted event up to as_of exactly once" in page
    assert re.findall(r"<(?:script|link|img)[^>]+(?:src|href)=[\"']?https?:", page) == []


def test_every_column_of_every_table_is_described(catalog: Any) -> None:
    manifest, built = catalog
    undescribed = [
        f"{node['schema']}.{node['name']}.{column}"
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model"
        for column in built["nodes"][node["unique_id"]]["columns"]
        if not node["columns"].get(column, {}).get("description")
    ]
    assert undescribed == []


def test_every_model_states_its_grain_and_every_public_one_what_late_data_do(catalog: Any) -> None:
    manifest, _ = catalog
    models = [node for node in manifest["nodes"].values() if node["resource_type"] == "model"]
    assert [node["name"] for node in models if not node["description"].startswith("Grain")] == []
    timeless = {"churn_scores", "purchase_scores", "quality_results", "rejected_events"}
    silent = [
        node["name"]
        for node in models
        if node["schema"] in PUBLIC and node["name"] not in timeless and " late" not in node["description"].lower()
    ]
    assert silent == []


def test_every_table_has_an_enforced_contract_and_a_tested_key(catalog: Any) -> None:
    manifest, _ = catalog
    models = {
        n["name"]: n for n in manifest["nodes"].values() if n["resource_type"] == "model" and n["schema"] in PUBLIC
    }
    assert [name for name, node in models.items() if not node["contract"]["enforced"]] == []
    tested = {
        manifest["nodes"][node["attached_node"]]["name"]
        for node in manifest["nodes"].values()
        if node["resource_type"] == "test" and node["test_metadata"]["name"] in ("unique", "unique_combination")
    }
    # Facts of the files and of the gates, whose grain is theirs: no column names a line or a check once.
    assert set(models) - tested == {"rejected_events", "quality_results"}


def test_manifest_names_are_the_files_names(catalog: Any) -> None:
    manifest, _ = catalog
    for node in manifest["nodes"].values():
        if node["resource_type"] == "model":
            file = Path(node["original_file_path"])
            assert (file.parts[1], file.stem) == (node["schema"], node["name"])


@pytest.mark.parametrize("null", ["null", "'x'"])
def test_a_repeated_key_is_found_also_where_a_part_of_it_is_null(dbt: Invoke, database: Any, null: str) -> None:
    columns = (
        "funnel_name, period, breakdown_value, step_number, step_name, is_optional, n_entered, n_excluded, n_reached, "
        "n_dropped, is_mature"
    )
    row, other = (f"('f', 'all', {value}, 1, 's', false, 1, 0, 1, 0, true)" for value in (null, "'other'"))
    database(f"insert into marts.funnel_conversion ({columns}) values {row}, {other}")
    assert _statuses(dbt("test", "--select", "funnel_conversion,test_name:unique_combination")) == {"pass"}
    database(f"insert into marts.funnel_conversion ({columns}) values {row}")
    assert _statuses(dbt("test", "--select", "funnel_conversion,test_name:unique_combination")) == {"fail"}
    database("delete from marts.funnel_conversion")


def _statuses(result: Any) -> set[str]:
    return {str(row.status) for row in result.result if not _is_hook(row)}


@pytest.mark.parametrize(
    ("select", "damage"),
    [("fct_sessions,test_name:unique_combination", "old"), ("fct_events,test_name:relationships", "elsewhere")],
)
def test_a_delta_night_finds_a_new_row_with_an_old_key_and_one_without_its_parent(
    dbt: Invoke, database: Any, select: str, damage: str
) -> None:
    _insert(database, "intermediate.int_changed", person_id="changed", changed_from_at="2026-01-02 00:00:00")
    _insert(database, "marts.fct_sessions", session_id="old", person_id="other", started_at="2026-01-01 10:00:00")
    _insert(database, "marts.fct_sessions", session_id="new", person_id="changed", started_at="2026-01-02 10:00:00")
    _insert(database, "marts.fct_events", session_id="new", person_id="changed", event_at="2026-01-02 10:00:00")
    arguments = ("test", "--select", select, "--vars", json.dumps({"is_full": False}))
    assert _statuses(dbt(*arguments)) == {"pass"}
    database(f"update marts.fct_sessions set session_id = '{damage}' where person_id = 'changed'")
    assert _statuses(dbt(*arguments)) == {"fail"}
    database("delete from marts.fct_sessions; delete from marts.fct_events; delete from intermediate.int_changed")


def _insert(database: Any, table: str, **values: str) -> None:
    """A row of which the test says what matters; the other columns of the contract are zeros of their types."""
    columns = database(
        "select column_name, data_type from duckdb_columns() "
        f"where schema_name || '.' || table_name = '{table}' and not is_nullable"
    )
    zeros = {"VARCHAR": "", "BOOLEAN": "false", "DATE": "1970-01-01", "TIMESTAMP": "1970-01-01 00:00:00"}
    row = {column: zeros.get(kind, "0") for column, kind in columns} | values
    database(f"insert into {table} ({', '.join(row)}) values {tuple(row.values())}")


MACROS = {
    # Berlin: the day of the change is an hour short, the one before is not
    "local_date(\"timestamp '2026-03-28 22:59:59'\")": "2026-03-28",
    "local_date(\"timestamp '2026-03-28 23:00:00'\")": "2026-03-29",
    "local_date(\"timestamp '2026-03-29 22:00:00'\")": "2026-03-30",
    "local_hour(\"timestamp '2026-03-29 00:59:59'\")": "1",
    "local_hour(\"timestamp '2026-03-29 01:00:00'\")": "3",
    "seconds_between(\"timestamp '2026-01-01 00:00:00'\", \"timestamp '2026-01-01 00:00:00.25'\")": "0.25",
    "add_seconds(\"timestamp '2026-01-31 23:59:59'\", 1)": "2026-02-01 00:00:00",
    "add_days(\"date '2026-02-28'\", 1)": "2026-03-01",
    "days_between(\"date '2026-02-28'\", \"date '2026-03-02'\")": "2",
    "url_host(\"'HTTPS://www.Shop.example:8080/a?b#c'\")": "shop.example",
    "url_host(\"'/relative/path'\")": "None",
    'json_text("\'{\\"a b\\": \\"c\\"}\'", \'a b\')': "c",
    "matches(\"'Googlebot'\", '[Bb]ot')": "True",
    "purchase_frequency(2, 9)": "2.0",
    "purchase_frequency(2, 59)": "1.0",
}


def test_what_engines_say_differently_means_the_same(dbt: Invoke, empty_build: Any) -> None:
    columns = ", ".join(f"{{{{ {macro} }}}} as c{i}" for i, macro in enumerate(MACROS))
    variables = json.dumps({"timezone": "Europe/Berlin"})
    result = dbt("show", "--inline", f"select {columns}", "--output", "json", "--vars", variables)
    assert result.success, result.exception
    row = [str(value) for value in result.result.results[0].agate_table.rows[0].values()]
    assert dict(zip(MACROS, row, strict=True)) == MACROS


def test_no_channel_source_is_longer_than_the_names_that_a_session_looks_up() -> None:
    """fct_sessions looks up the last one to five labels of a traffic source."""
    with (DBT_PROJECT / "seeds" / "channel_sources.csv").open(encoding="utf-8", newline="") as file:
        sources = [row["source"] for row in csv.DictReader(file)]
    assert len(sources) > 700
    assert [source for source in sources if source != source.strip().lower() or source.count(".") > 4] == []


@pytest.mark.parametrize(
    ("zone", "day"),
    [
        ("America/Havana", date(2026, 10, 31)),
        ("America/Havana", date(2026, 3, 7)),
        ("America/Winnipeg", date(2026, 11, 10)),
        ("UTC", date(2026, 1, 31)),
    ],
)
def test_as_of_ends_where_the_pipeline_says(dbt: Invoke, empty_build: Any, zone: str, day: date) -> None:
    variables = json.dumps({"timezone": zone, "as_of_date": day.isoformat()})
    shown = dbt("show", "--inline", "select cast({{ as_of_end_utc() }} as varchar) as end_at", "--vars", variables)
    assert shown.result.results[0].agate_table.rows[0][0] == str(end_of(day, zone))


def test_the_readme_of_the_funnel_generator_shows_what_it_generates(dbt: Invoke) -> None:
    readme = (DBT_PROJECT / "macros" / "funnels" / "README.md").read_text(encoding="utf-8")
    shown = re.findall(r"```sql\n(.*?)```", readme, re.DOTALL)[0].replace('"memory"', '"growth"').split("…")
    funnel = {"name": "view_to_purchase", "window_s": 86400, "steps": [{"event": "view_item"}, {"event": "purchase"}]}
    result = dbt("compile", "--select", "fct_funnel_steps", "--vars", json.dumps({"funnels": [funnel]}))
    sql = result.result.results[0].node.compiled_code
    at = 0
    for part in shown:
        lines = [line.strip() for line in part.strip().splitlines() if line.strip()]
        found = re.search(r"\s+".join(map(re.escape, lines)), sql[at:])
        assert found, part
        at += found.end()


def test_a_sum_does_not_depend_on_the_order_of_the_rows(dbt: Invoke, empty_build: Any) -> None:
    sql = "select {{ stable_sum('v') }} as total from (values (1e15), (0.1), (-1e15), (0.2), (null)) as t(v)"
    result = dbt("show", "--inline", sql)
    assert float(result.result.results[0].agate_table.rows[0][0]) == pytest.approx(0.3, abs=1e-9)


def test_reconciliation_of_earlier_runs_outlives_a_full_refresh(dbt: Invoke, database: Any, tmp_path: Path) -> None:
    """The run itself is counted again, whatever was kept of it."""
    row = "date '2026-01-01', 'shop', {0}, {0}, 0, 0, 0, {0}, true"
    names = (
        "run_id, as_of_date, source, n_lines, n_loaded, n_duplicates, n_rejected, n_after_as_of, n_events, is_balanced"
    )
    history = tmp_path / "reconciliation.parquet"
    duckdb.sql(
        f"copy (from (values ('earlier', {row.format(3)}), ('night', {row.format(9)})) as t({names})) to '{history}'"
    )
    database(
        "insert into raw.ingested_files by name select 'shop' as source, 'f' as file, 'loaded' as status, 'h' as "
        "sha256, "
        "7 as n_lines, 7 as n_loaded, 0 as n_duplicates, 0 as n_conflicts, 0 as n_rejected, 0 as n_after_as_of, "
        "timestamp '2026-01-02' as ingested_at, 'i' as file_id, 0 as n_erased, 0 as n_expired, 0 as n_too_late"
    )
    variables = json.dumps({"reconciliation_history": str(history), "run_id": "night"})
    built = dbt("run", "--select", "reconciliation", "--full-refresh", "--vars", variables)
    assert built.success, [row.message for row in built.result]
    shown = dbt("show", "--inline", "select run_id, n_lines from {{ ref('reconciliation') }} order by 1")
    assert [tuple(row) for row in shown.result.results[0].agate_table.rows] == [("earlier", 3), ("night", 7)]
    database("delete from raw.ingested_files; delete from ops.reconciliation")


def test_history_that_an_older_version_wrote_lacks_a_column_and_is_read(dbt: Invoke, tmp_path: Path) -> None:
    history = tmp_path / "history.parquet"
    duckdb.sql(f"copy (select 'night' as run_id, 3 as n_lines) to '{history}' (format parquet)")
    columns = "{'n_new': 'bigint', 'n_lines': 'bigint', 'run_id': 'string'}"
    shown = dbt("show", "--inline", f"{{{{ parquet_history('{history}', {columns}) }}}}")
    assert [tuple(row) for row in shown.result.results[0].agate_table.rows] == [(None, 3, "night")]
