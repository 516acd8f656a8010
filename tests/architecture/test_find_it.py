"""Find-it rule: schema.table = asset key = dbt file stem = suite name. And every asset says what it is and whose."""

from collections import Counter
from pathlib import PurePosixPath
from typing import Any

import dagster as dg
import pytest

from expectations import STAGES, SUITES
from pipeline.definitions import JOB_NAME, build_defs
from pipeline.home.paths import DBT_PROJECT
from pipeline.orchestration.assets.dbt_layers import LAYERS, MANIFEST
from pipeline.orchestration.assets.warehouse import WAREHOUSE
from pipeline.orchestration.gates import GATES, asset_key
from pipeline.orchestration.resources import GrowthHome

DEFS = build_defs(GrowthHome(config_path="absent.yaml"))
GRAPH: Any = DEFS.resolve_asset_graph()
ASSETS = sorted(key.to_user_string() for key in GRAPH.get_all_asset_keys())
MODELS = [node for node in MANIFEST["nodes"].values() if node["resource_type"] == "model"]
GROUPS = {"raw", *LAYERS, "published", "backfill"}


def key(asset: str) -> dg.AssetKey:
    return dg.AssetKey(asset.split("/"))


def steps() -> dict[str, set[str]]:
    """Step of the nightly job → the steps it waits for, directly or not."""
    direct = {
        node.name: {upstream.node for one in inputs.values() for upstream in one.get_node_dependencies()}
        for node, inputs in DEFS.resolve_job_def(JOB_NAME).dependencies.items()
    }

    def before(step: str) -> set[str]:
        return direct[step].union(*(before(upstream) for upstream in direct[step]))

    return {step: before(step) for step in direct}


def test_there_is_something_to_look_at() -> None:
    assert len(ASSETS) > 30
    assert len(MODELS) > 25


@pytest.mark.parametrize("node", MODELS, ids=lambda node: node["name"])
def test_a_dbt_table_is_in_the_file_and_folder_of_its_name(node: dict[str, Any]) -> None:
    file = PurePosixPath(node["original_file_path"])
    assert file.stem == node["name"]
    assert file.parts[:2] == ("models", node["schema"])
    assert (DBT_PROJECT / file).is_file()
    assert (DBT_PROJECT / file).with_suffix(".yml").is_file()
    assert f"{node['schema']}/{node['name']}" in ASSETS


def test_one_name_is_one_file() -> None:
    stems = Counter(file.stem for file in (DBT_PROJECT / "models").rglob("*.sql"))
    assert [stem for stem, count in stems.items() if count > 1] == []
    assert set(stems) == {node["name"] for node in MODELS}


def test_a_suite_is_named_after_the_table_it_checks() -> None:
    tables = {asset.replace("/", ".") for asset in ASSETS}
    assert set(SUITES) - tables == set()
    assert {suite.stage for suite in SUITES.values()} == set(STAGES) == set(GATES)


@pytest.mark.parametrize("asset", ASSETS)
def test_every_asset_tells_what_it_is_and_whose(asset: str) -> None:
    node = GRAPH.get(key(asset))
    assert node.description and len(node.description) > 20
    assert node.group_name in GROUPS
    assert node.owners
    assert node.kinds


@pytest.mark.parametrize("suite", SUITES.values(), ids=lambda suite: suite.name)
def test_the_results_of_a_suite_appear_on_its_table(suite: Any) -> None:
    assert dg.AssetCheckKey(asset_key(suite.name), f"gate_{suite.stage}") in GRAPH.asset_check_keys


MODEL_STEPS = [
    "train_and_score",
    "estimate_customer_value",
    "predictions__survival_curves",
    "recommend",
]  # need not wait for another
NIGHT = [
    "ingest",
    "gate_raw",
    "dbt_sessions",
    "gate_sessions",
    "dbt_marts",
    "gate_marts",
    *MODEL_STEPS,
    "dbt_ml",
    "dbt_activation",
    "gate_ml",
    "dbt_ops",
    "published__warehouse",
    "published__report",
]


def test_a_layer_and_a_gate_are_one_step_each() -> None:
    """Dagster cuts a step in two when a blocking check stands inside it; then the gate would check half a layer."""
    assert set(steps()) == set(NIGHT)
    assert {f"dbt_{layer}" for layer in LAYERS} | {f"gate_{stage}" for stage in STAGES} < set(NIGHT)


@pytest.mark.parametrize("step", NIGHT)
def test_every_step_waits_for_all_before_it(step: str) -> None:
    """With all of them upstream, a failed gate skips everything later, and no layer runs ahead of its gate."""
    first = MODEL_STEPS[0] if step in MODEL_STEPS else step
    assert set(NIGHT[: NIGHT.index(first)]) <= steps()[step] <= set(NIGHT[: NIGHT.index(step)])


@pytest.mark.parametrize("stage", STAGES)
def test_a_gate_blocks_on_the_tables_that_speak_for_it(stage: str) -> None:
    assert GATES[stage]
    for table in GATES[stage]:
        assert GRAPH.get_check_spec(dg.AssetCheckKey(asset_key(table), f"gate_{stage}")).blocking


def test_publishing_comes_after_everything() -> None:
    before = GRAPH.get_ancestor_asset_keys(WAREHOUSE, include_self=True)
    # a wish of a person, not a part of the night; and what is read out of the published version
    assert {asset for asset in ASSETS if key(asset) not in before} == {"lake/event_days", "published/report"}
