"""dbt models as assets: one `@dbt_assets` per layer, so that a gate can stand between two layers.

Not here: how dbt is started (`pipeline.build.dbt_session`) and what the gates ask (`expectations`).
"""

from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DagsterDbtTranslatorSettings, DbtProject, dbt_assets
from dagster_dbt.asset_utils import get_asset_check_key_for_test

from pipeline.build.dbt_session import DbtError, NodeOutcome
from pipeline.build.manual_dbt import place_of_views, write_variables
from pipeline.build.plan import BuildPlan, plan_build
from pipeline.build.tables import layers, read_manifest
from pipeline.build.user_history import restore_history
from pipeline.build.variables import dbt_variables
from pipeline.home.failpoints import failpoint
from pipeline.orchestration.resources import GrowthHome
from pipeline.orchestration.run_history import keep_reconciliation, record_runs
from pipeline.orchestration.ui.table_metadata import table_metadata

LAYERS = layers()
MANIFEST = read_manifest()
_TABLES = ("model", "seed")
_OF_NIGHTS = ("previous", "state", "history")  # dbt sources that nights leave for the next one


class Translator(DagsterDbtTranslator):
    """Asset key = schema/table (of a source: its name/table, unless its meta says another); groups are the layers."""

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        if dbt_resource_props["resource_type"] == "source":
            return super().get_asset_key(dbt_resource_props)
        return dg.AssetKey([dbt_resource_props["schema"], dbt_resource_props["name"]])

    def get_asset_spec(self, manifest: Mapping[str, Any], unique_id: str, project: DbtProject | None) -> dg.AssetSpec:
        """Without what nights leave: last night's tables would close a circle, state and history are no assets."""
        spec = super().get_asset_spec(manifest, unique_id, project)
        deps = [dep for dep in spec.deps if dep.asset_key.path[0] not in _OF_NIGHTS]
        return spec.replace_attributes(deps=deps)

    def get_owners(self, dbt_resource_props: Mapping[str, Any]) -> list[str]:
        group = dbt_resource_props.get("group")  # sources have none
        return [f"team:{group['owner']['name']}"] if group else []

    def get_asset_check_spec(
        self,
        asset_spec: dg.AssetSpec,
        manifest: Mapping[str, Any],
        unique_id: str,
        project: DbtProject | None,
    ) -> dg.AssetCheckSpec | None:
        spec = super().get_asset_check_spec(asset_spec, manifest, unique_id, project)
        if spec is None:
            return None
        return dg.AssetCheckSpec(
            spec.name,
            asset=spec.asset_key,
            description=_test_description(manifest["nodes"][unique_id]),
            additional_deps=spec.additional_deps,
            blocking=spec.blocking,
            metadata=spec.metadata,
        )

    def get_metadata(self, dbt_resource_props: Mapping[str, Any]) -> Mapping[str, Any]:
        file = f"dbt_project/{dbt_resource_props['original_file_path']}"
        return {**super().get_metadata(dbt_resource_props), "file": file}


TRANSLATOR = Translator(settings=DagsterDbtTranslatorSettings(enable_asset_checks=True))


def _test_description(node: Mapping[str, Any]) -> str:
    """`dbt test accepted_values of lifecycle_stage: values=new, active`; a test written as SQL is named by its file."""
    if node.get("description"):
        return str(node["description"])
    known = node.get("test_metadata")
    if not known:
        return f"dbt test dbt_project/{node['original_file_path']}"
    arguments = {
        name: ", ".join(map(str, value)) if isinstance(value, list) else value
        for name, value in known["kwargs"].items()
        if name not in ("model", "column_name")
    }
    listed = "; ".join(f"{name}={value}" for name, value in arguments.items())
    of_column = f" of {node['column_name']}" if node.get("column_name") else ""
    return f"dbt test {known['name']}{of_column}" + (f": {listed}" if listed else "")


def build_layer(layer: str) -> dg.AssetsDefinition:
    """The assets of one layer; `dbt build` of what is selected of it, with the tests that this completes."""

    @dbt_assets(
        manifest=MANIFEST, select=" ".join(LAYERS[layer]), name=f"dbt_{layer}", dagster_dbt_translator=TRANSLATOR
    )
    def layer_assets(context: dg.AssetExecutionContext, growth: GrowthHome) -> Iterator[Any]:
        whole = context.selected_asset_keys == layer_assets.keys
        selectors = list(LAYERS[layer]) if whole else _selectors(context)
        failpoint("dbt_before_layer")
        if layer == "ops":
            record_runs(context.instance, growth.paths, current=context.run_id)
        variables = dbt_variables(growth.settings, growth.paths, growth.run)
        if not (whole and layer == "sessions") and (place := place_of_views(growth.paths, variables)):
            raise dg.Failure(
                f"this home was moved or copied since its last night: views of the build read {place}. Run a whole "
                "night first: `growthhouse run`",
                allow_retries=False,
            )
        write_variables(growth.paths, variables)
        if layer == "sessions":
            restore_history(growth.paths)
            plan = plan_build(growth.paths, variables, growth.run.read_again)
            plan.write(growth.paths.build_plan)
            context.log.info(f"{'building everything' if plan.is_full else 'building only what is new'}: {plan.reason}")
        variables |= BuildPlan.read(growth.paths.build_plan).variables()
        try:
            outcomes = growth.dbt.build(selectors, variables)
        except DbtError as error:
            raise dg.Failure(f"dbt could not start on layer {layer}: {error}", allow_retries=False) from error
        failpoint("dbt_after_layer")
        if layer == "ops":
            keep_reconciliation(growth.paths)
        yield from _results(outcomes, growth, context)
        broken = [outcome for outcome in outcomes if outcome.status in ("error", "fail")]
        if broken:
            lines = "\n".join(_what_broke(outcome) for outcome in broken)
            raise dg.Failure(f"dbt layer {layer}: {len(broken)} failed\n{lines}", allow_retries=False)

    return layer_assets


def _selectors(context: dg.AssetExecutionContext) -> list[str]:
    """dbt names of a part of a layer: models and seeds by name (dbt adds their tests), and tests selected alone."""
    keys, checks = context.selected_asset_keys, context.selected_asset_check_keys
    models = [
        node["name"]
        for node in MANIFEST["nodes"].values()
        if node["resource_type"] in _TABLES and TRANSLATOR.get_asset_key(node) in keys
    ]
    by_check = {_check_key(unique_id): node["name"] for unique_id, node in MANIFEST["nodes"].items() if _is_test(node)}
    tests = [by_check[check] for check in checks if check in by_check and check.asset_key not in keys]
    return [*models, *tests]


def _results(
    outcomes: list[NodeOutcome], growth: GrowthHome, context: dg.AssetExecutionContext
) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
    done = [o for o in outcomes if o.unique_id in MANIFEST["nodes"] and o.status != "skipped"]
    built = {o.unique_id: _table(o.unique_id) for o in done if o.ok and _kind(o) in _TABLES}
    described = table_metadata(growth.paths.build_db, built.values(), context.log) if built else {}
    for outcome in done:
        if outcome.unique_id in built:
            metadata = {"duration_s": round(outcome.seconds, 3), **described.get(built[outcome.unique_id], {})}
            key = TRANSLATOR.get_asset_key(MANIFEST["nodes"][outcome.unique_id])
            yield dg.MaterializeResult(asset_key=key, metadata=metadata)
        elif _kind(outcome) == "test":
            yield from _test_result(outcome, context)


def _test_result(outcome: NodeOutcome, context: dg.AssetExecutionContext) -> Iterator[dg.AssetCheckResult]:
    key = _check_key(outcome.unique_id)
    if key is None or key not in context.selected_asset_check_keys:
        return
    n_failing = outcome.failures or 0
    yield dg.AssetCheckResult(
        asset_key=key.asset_key,
        check_name=key.name,
        passed=outcome.status == "pass",
        severity=dg.AssetCheckSeverity.WARN if outcome.status == "warn" else dg.AssetCheckSeverity.ERROR,
        description="held" if outcome.status == "pass" else outcome.message or f"{n_failing} rows break it",
        metadata={"rows_failing": n_failing, "duration_s": round(outcome.seconds, 3)},
    )


def _check_key(unique_id: str) -> dg.AssetCheckKey | None:
    return get_asset_check_key_for_test(MANIFEST, TRANSLATOR, unique_id, project=None)


def _is_test(node: Mapping[str, Any]) -> bool:
    return bool(node["resource_type"] == "test")


def _kind(outcome: NodeOutcome) -> str:
    return str(MANIFEST["nodes"][outcome.unique_id]["resource_type"])


def _table(unique_id: str) -> str:
    node = MANIFEST["nodes"][unique_id]
    return f"{node['schema']}.{node['name']}"


def _what_broke(outcome: NodeOutcome) -> str:
    node = MANIFEST["nodes"].get(outcome.unique_id)
    if node is None:
        return f"{outcome.unique_id}: {outcome.message}"
    name = _table(outcome.unique_id) if node["resource_type"] in _TABLES else f"test {node['name']}"
    return f"{name} (dbt_project/{node['original_file_path']}): {outcome.message}"
