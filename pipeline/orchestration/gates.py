"""Gates: Great Expectations suites as blocking asset checks between the layers.

Every suite is a check on the table it is named after. The check on a layer's last tables speaks for the whole gate:
nothing of a later layer is built when any error-level expectation of the stage failed. Every result is kept for
`ops.quality_results`. Not here: what must hold of a table (`expectations`).
"""

from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb

from expectations import RESULT_COLUMNS, STAGES, SUITES, CheckResult, GateBroken, describe, run_stage
from pipeline.build.plan import BuildPlan, lake_files
from pipeline.build.tables import table_facts
from pipeline.build.variables import dbt_variables
from pipeline.home.calendar import end_of
from pipeline.home.failpoints import failpoint
from pipeline.home.memory import memory_limit, reading
from pipeline.home.parquet import write_parquet
from pipeline.ingest import read_ledger, sources_without_identities
from pipeline.orchestration.resources import GrowthHome
from pipeline.orchestration.ui import markdown
from pipeline.orchestration.ui.markdown import quoted
from pipeline.publish.freshness import published_at

# Gate → tables whose check speaks for the whole gate; every later layer is downstream of one of them.
GATES: dict[str, list[str]] = {
    "raw": ["raw.events"],
    **{
        stage: [table for table, facts in table_facts().items() if facts.meta.speaks_for_gate == stage]
        for stage in STAGES
        if stage != "raw"
    },
}
# The ledger is checked before dbt has built a table from it.
_ASSET_OF = {"raw.ingested_files": "lake.ledger"}
_TABLES_STAY = (
    "The tables as they failed are in data/build/growth.duckdb. After repairing the cause, "
    "`growthhouse run --full-refresh` rebuilds them"
)


def asset_key(table: str) -> dg.AssetKey:
    """The asset on whose page the suite of a table appears."""
    return dg.AssetKey(_ASSET_OF.get(table, table).split("."))


def gated_tables(stage: str) -> list[str]:
    """Tables with a check of this gate: those with a suite, and the last ones of the layer."""
    return list(dict.fromkeys([*GATES[stage], *(suite.name for suite in SUITES.values() if suite.stage == stage)]))


def _is_blocking(stage: str, table: str) -> bool:
    """A gate may check two layers when the second is complete; a blocking check on the first would cut its step in
    two.
    """
    layers = {table_facts()[one].layer for one in [table, *GATES[stage]] if one in table_facts()}
    return len(layers) < 2


def build_gate(stage: str) -> dg.AssetChecksDefinition:
    """The gate of one stage: the check `gate_<stage>` on each of its tables."""
    specs = [
        dg.AssetCheckSpec(
            f"gate_{stage}",
            asset=asset_key(table),
            blocking=_is_blocking(stage, table),
            description=f"All expectations of gate {stage}; a failed error stops the night here."
            if table in GATES[stage]
            else f"Expectations of {table}; a failed error stops the night at gate {stage}.",
        )
        for table in gated_tables(stage)
    ]

    @dg.multi_asset_check(name=f"gate_{stage}", specs=specs, can_subset=True)
    def gate(context: dg.AssetCheckExecutionContext, growth: GrowthHome) -> Iterator[dg.AssetCheckResult]:
        chosen = {key.asset_key for key in context.selected_asset_check_keys}
        tables = [table for table in gated_tables(stage) if asset_key(table) in chosen]
        results = _check(stage, growth, tables)
        for table in tables:
            yield _check_result(stage, table, results)

    return gate


def _check(stage: str, growth: GrowthHome, tables: Collection[str]) -> list[CheckResult]:
    """Check the stage, or a few tables of it; a gate's last tables speak for all, so they need the whole stage."""
    cleaning, night = growth.settings.cleaning, growth.run
    parameters = dbt_variables(growth.settings, growth.paths, night) | {
        "max_rejected_rate": cleaning.max_rejected_rate,
        "top_n": growth.settings.recommendations.top_n,
        "allow_repeat": growth.settings.recommendations.allow_repeat,
        "new_within_days": growth.settings.segments.rules.new.within_days,
        "max_duration_s": cleaning.max_duration_s,
        "max_future_hours": cleaning.max_future_hours,
        "unidentified_sources": sources_without_identities(growth.settings),
        "published_at": published_at(growth.paths),
        "as_of_end_at": end_of(date.fromisoformat(night.as_of), growth.settings.site.timezone),
    }
    parameters |= _what_is_new(stage, growth, parameters["published_at"])
    whole = any(table in GATES[stage] for table in tables)
    try:
        with _connection(growth.paths.build_db) as con:
            results = run_stage(stage, con, parameters, None if whole else tables)
    except GateBroken as broken:
        raise dg.Failure(
            f"gate {stage} could not be evaluated, so it neither passed nor failed: {broken}", allow_retries=False
        ) from broken
    _keep(growth, night.run_id, results)
    return results


def _connection(build_db: Path) -> duckdb.DuckDBPyConnection:
    """To the build database; before the first night has built one, the raw gate reads only Parquet."""
    return reading(build_db) if build_db.exists() else duckdb.connect(config={**memory_limit()})


def _what_is_new(stage: str, growth: GrowthHome, published_at: datetime | None) -> dict[str, Any]:
    """The raw gate checks what came since the last version; the later ones what the night builds from."""
    if stage != "raw":
        plan = BuildPlan.read(growth.paths.build_plan)
        return {"is_full": plan.is_full, "lake_new": plan.lake_files}
    if published_at is None:
        return {}
    rows = read_ledger(growth.paths.ledger)
    new = [row.file_id for row in rows if row.is_active and row.n_accepted and row.ingested_at > published_at]
    return {"lake_new": lake_files(growth.paths, new)}


def _check_result(stage: str, table: str, results: Sequence[CheckResult]) -> dg.AssetCheckResult:
    own = list(results) if table in GATES[stage] else [r for r in results if r.table_name == table]
    blocking = [r for r in own if r.blocks]
    warned = [r for r in own if r.failed and not r.blocks]
    n_skipped = sum(r.passed is None for r in own)
    return dg.AssetCheckResult(
        asset_key=asset_key(table),
        check_name=f"gate_{stage}",
        passed=not (blocking or warned),
        severity=dg.AssetCheckSeverity.ERROR if blocking else dg.AssetCheckSeverity.WARN,
        description=_description(blocking, warned, len(own) - n_skipped),
        metadata={
            "expectations": dg.MetadataValue.md(markdown_table(own)),
            "n_checked": len(own) - n_skipped,
            "n_failed": len(blocking),
            "n_warned": len(warned),
            "n_skipped": n_skipped,
        },
    )


def _description(blocking: Sequence[CheckResult], warned: Sequence[CheckResult], n_checked: int) -> str:
    """What failed, what was expected and seen, and what a person does about it."""
    if not blocking:
        return "\n".join(map(describe, warned)) or f"{n_checked} expectations held"
    actions = dict.fromkeys(r.action or _TABLES_STAY for r in blocking)
    return "\n".join([*map(_finding, blocking), *(f"{action}." for action in actions)])


def _finding(result: CheckResult) -> str:
    limits = f"expected {result.expected}, observed {result.observed_value}"
    return f"{result.table_name} {result.what}: {limits}: {result.explanation}"


def markdown_table(results: Sequence[CheckResult]) -> str:
    """Results as a table to read in the UI, failures first."""
    verdicts = {True: "passed", None: "skipped", False: "FAILED"}
    rows = [
        (
            "warned" if r.failed and not r.blocks else verdicts[r.passed],
            r.table_name,
            r.what,
            quoted(r.expected),
            quoted(r.observed_value),
            r.severity,
        )
        for r in sorted(results, key=lambda r: (not r.blocks, not r.failed, r.passed is not None))
    ]
    head = ("result", "table", "what", "expected", "observed", "severity")
    return markdown.table(head, rows)


def _keep(growth: GrowthHome, run_id: str, results: Sequence[CheckResult]) -> None:
    """Append to the history, failed nights included; a table checked again within the same run replaces its rows."""
    import pandas as pd

    if not results:
        return
    path = growth.paths.quality_results
    checked_at = datetime.now(UTC).replace(tzinfo=None)
    types = {"n_unexpected": "Int64", "passed": "boolean"}
    new = pd.DataFrame([r.as_row(run_id, checked_at) for r in results], columns=list(RESULT_COLUMNS)).astype(types)
    if path.exists():
        tables = sorted({r.table_name for r in results})
        old = duckdb.execute(
            "select * from read_parquet(?) where not (run_id = ? and stage = ? and list_contains(?, table_name))",
            [str(path), run_id, results[0].stage, tables],
        ).df()
        new = pd.concat([old.astype(types), new], ignore_index=True)
    write_parquet(new, path)
    failpoint("quality_results_written")
