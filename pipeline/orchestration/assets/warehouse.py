"""The last asset of a night: the published warehouse. The work itself is in `pipeline.publish.version`.

A night may be built in parts (a person materializes a table, then publishes), so before it publishes this step reads
Dagster's records of every table and check upstream; the rules are in `pipeline.publish.audit`.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime
from typing import Any

import dagster as dg

from pipeline.build.plan import BuildPlan, finish_build, was_built_by_hand
from pipeline.build.tables import table_facts
from pipeline.build.user_history import keep_history
from pipeline.home.failpoints import failpoint
from pipeline.home.paths import HomePaths
from pipeline.ingest import backfill
from pipeline.orchestration.loaded_days import report_loaded_days
from pipeline.orchestration.resources import GrowthHome
from pipeline.orchestration.run_tags import tag_run
from pipeline.orchestration.stopped_runs import stoppable
from pipeline.orchestration.ui.markdown import table
from pipeline.publish.audit import CheckRecord, objections
from pipeline.publish.freshness import FAIL_AFTER, WARN_AFTER, published_at
from pipeline.publish.version import publish

WAREHOUSE = dg.AssetKey(["published", "warehouse"])
_PUBLISHED_MODELS = [
    dg.AssetKey([facts.schema, facts.name]) for facts in table_facts().values() if facts.meta.is_published
]
FRESHNESS = dg.FreshnessPolicy.time_window(fail_window=FAIL_AFTER, warn_window=WARN_AFTER)

HISTORY_DEPTH = 50  # runs searched for the last outcome of a check


def build_warehouse(asset_graph: Callable[[], Any]) -> dg.AssetsDefinition:
    """The published warehouse; `asset_graph` gives the graph of all definitions once they exist."""

    @dg.asset(
        key=WAREHOUSE,
        deps=_PUBLISHED_MODELS,
        group_name="published",
        kinds={"duckdb"},
        owners=["team:data-engineering"],
        description="data/warehouse.duckdb: the audited, immutable version that analysts query.",
        retry_policy=dg.RetryPolicy(max_retries=1, delay=10),
        freshness_policy=FRESHNESS,
    )
    @stoppable()
    def warehouse(context: dg.AssetExecutionContext, growth: GrowthHome) -> dg.MaterializeResult:
        if was_built_by_hand(growth.paths):
            raise dg.Failure(
                "dbt was run by hand on the build database, so its tables are not those that the gates checked. "
                "Run the whole night: it rebuilds all of them.",
                allow_retries=False,
            )
        against = _objections(context.instance, asset_graph())
        if against:
            raise dg.Failure(
                "the build database is not fit to be published.\n"
                + "\n".join(f"- {reason}" for reason in against)
                + "\nMaterialize these with everything downstream, or run the whole night.",
                allow_retries=False,
            )
        kept, before = growth.settings.privacy, published_at(growth.paths)
        keep_history(growth.paths, date.fromisoformat(growth.run.as_of), kept.raw_days)
        result = publish(
            growth.paths,
            as_of=date.fromisoformat(growth.run.as_of),
            run_id=context.run_id,
            kept_versions=kept.versions,
            max_version_days=kept.version_days,
            base_version=BuildPlan.read(growth.paths.build_plan).base_version,
        )
        failpoint("publish_before_finish")
        finish_build(growth.paths, result.version)
        failpoint("publish_after_finish")
        backfill.mark_done(growth.paths)
        _report_loaded_days(context, growth.paths, before)
        tag_run(context.instance, context.run_id, as_of=growth.run.as_of, version=result.version)
        return dg.MaterializeResult(
            metadata={
                "version": result.version,
                "as_of": growth.run.as_of,
                "path": dg.MetadataValue.path(str(growth.paths.warehouse)),
                "size_mb": round(result.path.stat().st_size / 1e6, 1),
                "n_events": result.row_counts.get("marts.fct_events", 0),
                "tables": dg.MetadataValue.md(_markdown(result.row_counts)),
            }
        )

    return warehouse


def _report_loaded_days(context: dg.AssetExecutionContext, paths: HomePaths, since: datetime | None) -> None:
    try:
        report_loaded_days(context, paths, since)
    except Exception as error:  # only for show: the version is published, and the next night reports what is missing
        context.log.warning(f"loaded dates are not shown as partitions of lake/event_days: {error}")


def _objections(instance: dg.DagsterInstance, graph: Any) -> list[str]:
    upstream = graph.get_ancestor_asset_keys(WAREHOUSE)
    built_at, later_runs = {}, {}
    for record in instance.get_asset_records(list(upstream)):
        entry, built = record.asset_entry, record.asset_entry.last_materialization
        if built is not None:
            name = entry.asset_key.to_user_string()
            built_at[name] = built.timestamp
            if entry.last_run_id and entry.last_run_id != built.run_id:
                later_runs[name] = entry.last_run_id
    # A run that waits in the queue has announced its assets too, but touched nothing.
    broken_off = {run_id for run_id in set(later_runs.values()) if instance.get_run_step_stats(run_id)}
    unfinished = [name for name, run_id in later_runs.items() if run_id in broken_off]
    parents = {key.to_user_string(): [p.to_user_string() for p in graph.get(key).parent_keys] for key in upstream}
    return objections(parents, built_at, unfinished, _check_records(instance, graph, upstream))


def _check_records(instance: dg.DagsterInstance, graph: Any, assets: Iterable[dg.AssetKey]) -> Iterator[CheckRecord]:
    keys = {check for asset in assets for check in graph.get(asset).check_keys}
    latest = instance.event_log_storage.get_latest_asset_check_execution_by_key(list(keys))
    for key in keys:
        record = latest.get(key)
        if record is not None and record.status.value == "PLANNED":
            record = _last_outcome(instance, key)
        evaluated_at, has_failed = None, False
        if record is not None and record.event is not None:
            evaluated_at = record.event.timestamp
            evaluation = record.event.asset_check_evaluation
            severe = evaluation is None or evaluation.severity == dg.AssetCheckSeverity.ERROR
            has_failed = record.status.value == "FAILED" and severe
        yield CheckRecord(
            key.asset_key.to_user_string(), key.name, evaluated_at, has_failed, key.name.startswith("gate_")
        )


def _last_outcome(instance: dg.DagsterInstance, key: dg.AssetCheckKey) -> Any:
    """The latest record with an outcome: later runs may be queued, or have ended before they ran the check."""
    history = instance.event_log_storage.get_asset_check_execution_history(key, limit=HISTORY_DEPTH)
    return next((record for record in history if record.status.value != "PLANNED"), None)


def _markdown(row_counts: dict[str, int]) -> str:
    return table(["table", "rows"], ([name, f"{count:,}"] for name, count in sorted(row_counts.items())))
