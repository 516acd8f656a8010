"""dbt models as assets: one `@dbt_assets` per layer, so that a gate can stand between two layers.

Not here: how dbt is started (`pipeline.dbt_runner`) and what the gates ask (`expectations`).
"""


import json
from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg
import duckdb
from dagster_dbt import DagsterDbtTranslator, DagsterDbtTranslatorSettings, dbt_assets
from dagster_dbt.asset_utils import get_asset_check_key_for_test

from pipeline.assets.ingest import RAW_EVENTS
from pipeline.dbt_runner import NodeOutcome, ensure_manifest
from pipeline.resources import GrowthHome
from pipeline.run_context import dbt_variables

# Daily aggregates are intermediate tables of the marts: built after the sessions gate, from the gated events.
_DAILY = "int_session_days int_person_days int_person_event_days"
LAYERS = {
    "sessions": "growthhouse.staging int_identities int_duplicates int_events int_bots int_sessionized",
    "marts": f"{_DAILY} growthhouse.marts",
    "ml": "growthhouse.ml",
    "activation": "growthhouse.activation",
    "ops": "growthhouse.ops growthhouse.raw",
}
PREDICTIONS = {
    name: dg.AssetKey(["predictions", name])
    for name in ("user_segments", "churn_scores", "purchase_scores", "model_metrics")
}
SOURCES = {("lake", "events"): RAW_EVENTS}
MANIFEST: Mapping[str, Any] = json.loads(ensure_manifest().read_text(encoding="utf-8"))


class Translator(DagsterDbtTranslator):
    """Asset key = schema/table; groups follow the layers; the lake and the predictions are upstream."""

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        if dbt_resource_props["resource_type"] == "source":
            return SOURCES.get(
                (dbt_resource_props["source_name"], dbt_resource_props["name"])
            ) or super().get_asset_key(dbt_resource_props)
        return dg.AssetKey([dbt_resource_props["schema"], dbt_resource_props["name"]])

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        return str(dbt_resource_props["schema"])

    def get_owners(self, dbt_resource_props: Mapping[str, Any]) -> list[str]:
        return ["team:analytics-engineering"]


TRANSLATOR = Translator(settings=DagsterDbtTranslatorSettings(enable_asset_checks=True))


def build_layer(layer: str) -> dg.AssetsDefinition:
    """The assets of one layer; `dbt build` of exactly these models and the tests that they complete."""

    @dbt_assets(manifest=MANIFEST, select=LAYERS[layer], name=f"dbt_{layer}", dagster_dbt_translator=TRANSLATOR)
    def layer_assets(context: dg.AssetExecutionContext, growth: GrowthHome) -> Iterator[Any]:
        variables = dbt_variables(growth.settings, growth.paths, growth.run)
        selected = LAYERS[layer].split()
        outcomes = growth.dbt.build(selected, variables)
        yield from _results(outcomes, growth, context)
        broken = [outcome for outcome in outcomes if outcome.status in ("error", "fail")]
        if broken:
            lines = "\n".join(f"{o.unique_id}: {o.message}" for o in broken)
            raise dg.Failure(f"dbt layer {layer}: {len(broken)} failed\n{lines}", allow_retries=False)

    return layer_assets


def _results(
    outcomes: list[NodeOutcome], growth: GrowthHome, context: dg.AssetExecutionContext
) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
    counts = _row_counts(growth, [o.unique_id for o in outcomes if o.ok])
    for outcome in outcomes:
        props = MANIFEST["nodes"].get(outcome.unique_id)
        if props is None or outcome.status == "skipped":
            continue
        if props["resource_type"] == "model" and outcome.ok:
            metadata: dict[str, Any] = {"duration_s": round(outcome.seconds, 3)}
            if outcome.unique_id in counts:
                metadata["dagster/row_count"] = counts[outcome.unique_id]
            yield dg.MaterializeResult(asset_key=TRANSLATOR.get_asset_key(props), metadata=metadata)
        elif props["resource_type"] == "test":
            yield from _test_result(outcome, context)


def _test_result(outcome: NodeOutcome, context: dg.AssetExecutionContext) -> Iterator[dg.AssetCheckResult]:
    key = get_asset_check_key_for_test(MANIFEST, TRANSLATOR, outcome.unique_id, project=None)
    if key is None or key not in context.selected_asset_check_keys:
        return
    yield dg.AssetCheckResult(
        asset_key=key.asset_key,
        check_name=key.name,
        passed=outcome.status == "pass",
        severity=dg.AssetCheckSeverity.WARN if outcome.status == "warn" else dg.AssetCheckSeverity.ERROR,
        metadata={"rows_failing": outcome.failures or 0, "message": outcome.message or ""},
    )


def _row_counts(growth: GrowthHome, unique_ids: list[str]) -> dict[str, int]:
    """Rows per built table, from DuckDB's own statistics: dbt's row counts keep the file open."""
    with duckdb.connect(str(growth.paths.build_db), read_only=True) as con:
        sizes = dict(
            con.execute("select schema_name || '.' || table_name, estimated_size from duckdb_tables()").fetchall()
        )
    found = {}
    for unique_id in unique_ids:
        props = MANIFEST["nodes"].get(unique_id, {})
        name = f"{props.get('schema')}.{props.get('name')}"
        if name in sizes:
            found[unique_id] = int(sizes[name])
    return found
