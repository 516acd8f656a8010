"""Gates: Great Expectations suites as blocking asset checks between the layers.

Not here: what a suite asks (`expectations`). A failed error-level expectation stops everything downstream of the
gated table; every result, passed or not, is kept for `ops.quality_results`.
"""


from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime

import dagster as dg
import duckdb
import pandas as pd

from expectations.runner import CheckResult, run_stage
from pipeline.files import write_parquet
from pipeline.resources import GrowthHome
from pipeline.run_context import dbt_variables

# Gate → the last tables of its layer: blocking their downstream blocks every later layer, and a table with
# downstream in its own layer would split the layer in two. The first shows the results of the layer's other tables.
GATES: dict[str, list[str]] = {
    "raw": ["raw.events"],
    "sessions": ["intermediate.int_sessionized"],
    "marts": ["marts.user_labels", "marts.dim_users"],
    "ml": ["activation.user_profiles"],
}  # fmt: skip
COLUMNS = [
    "run_id", "stage", "table_name", "expectation", "column_name", "severity", "passed", "observed_value",
    "n_unexpected", "checked_at",
]  # fmt: skip


def build_gate(stage: str) -> dg.AssetChecksDefinition:
    """The gate of one stage: one blocking check per gated table, named `gate_<stage>`."""
    tables = GATES[stage]
    specs = [
        dg.AssetCheckSpec(
            f"gate_{stage}", asset=dg.AssetKey(table.split(".")), blocking=True,
            description=f"Great Expectations suites of stage {stage}; a failed error stops the night here.",
        )
        for table in tables
    ]  # fmt: skip

    @dg.multi_asset_check(name=f"gate_{stage}", specs=specs)
    def gate(context: dg.AssetCheckExecutionContext, growth: GrowthHome) -> Iterator[dg.AssetCheckResult]:
        night = growth.run
        parameters = dbt_variables(growth.settings, growth.paths, night)
        results = run_stage(stage, growth.paths.build_db, {**parameters, **_limits(growth)})
        _keep(growth, night.run_id, results)
        by_table: dict[str, list[CheckResult]] = defaultdict(list)
        for result in results:
            by_table[result.table_name if result.table_name in tables else tables[0]].append(result)
        # One failed table fails the gate on every table: nothing of the stage may be built upon.
        failed = [r for r in results if not r.passed and r.severity == "error"]
        for table in tables:
            yield _check_result(stage, table, by_table[table], failed)

    return gate


def _limits(growth: GrowthHome) -> dict[str, object]:
    cleaning = growth.settings.cleaning
    return {"max_rejected_rate": cleaning.max_rejected_rate, "max_duration_s": cleaning.max_duration_s, "max_future_hours": cleaning.max_future_hours}


def _check_result(stage: str, table: str, own: list[CheckResult], failed: list[CheckResult]) -> dg.AssetCheckResult:
    rows = "\n".join(
        f"{'pass' if r.passed else r.severity.upper()} | {r.table_name} | {r.expectation} | {r.column_name or ''} | "
        f"{r.observed_value}"
        for r in own
    )
    table_text = f"result | table | expectation | column | observed\n--- | --- | --- | --- | ---\n{rows}"
    why = "; ".join(f"{r.table_name} {r.expectation} {r.column_name or ''}: {r.observed_value}" for r in failed)
    return dg.AssetCheckResult(
        asset_key=dg.AssetKey(table.split(".")),
        check_name=f"gate_{stage}",
        passed=not failed,
        severity=dg.AssetCheckSeverity.ERROR,
        description=why or f"{len(own)} expectations held",
        metadata={"expectations": dg.MetadataValue.md(table_text), "n_failed": len(failed)},
    )


def _keep(growth: GrowthHome, run_id: str, results: list[CheckResult]) -> None:
    """Append to the history; a stage run again within the same run replaces its own rows."""
    path = growth.paths.quality_results
    checked_at = datetime.now(UTC).replace(tzinfo=None)
    rows = [{"run_id": run_id, **asdict(r), "checked_at": checked_at} for r in results]
    new = pd.DataFrame(rows, columns=COLUMNS).astype({"n_unexpected": "Int64"})
    if path.exists() and results:
        old = duckdb.execute(
            "select * from read_parquet(?) where not (run_id = ? and stage = ?)", [str(path), run_id, results[0].stage]
        ).df()
        new = pd.concat([old.astype({"n_unexpected": "Int64"}), new], ignore_index=True)
    write_parquet(new, path)
