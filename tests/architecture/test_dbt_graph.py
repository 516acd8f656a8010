"""The graph of the dbt project: lineage from the lake to every published table, and the rules of docs/adr/0016 that the
manifest shows.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

from pipeline.build.tables import read_manifest, table_facts
from pipeline.orchestration.assets.customer_value import INPUTS as VALUE_INPUTS
from pipeline.orchestration.assets.predictions import INPUTS as SCORE_INPUTS
from pipeline.orchestration.assets.recommendations import INPUTS as RECOMMEND_INPUTS
from pipeline.orchestration.assets.survival import INPUTS as SURVIVAL_INPUTS

MANIFEST = read_manifest()
NODES: dict[str, Any] = {**MANIFEST["nodes"], **MANIFEST["sources"]}
MODELS = {unique_id: node for unique_id, node in NODES.items() if node["resource_type"] == "model"}
SOURCES = MANIFEST["sources"]
PUBLISHED = {unique_id: node for unique_id, node in MODELS.items() if node["config"]["meta"].get("is_published")}
OF_THE_BUILD = ("previous", "state")
INPUTS = {
    "train_and_score": SCORE_INPUTS,
    "estimate_customer_value": VALUE_INPUTS,
    "recommend": RECOMMEND_INPUTS,
    "predictions__survival_curves": SURVIVAL_INPUTS,
}


def parents(unique_id: str) -> list[str]:
    return list(NODES[unique_id].get("depends_on", {}).get("nodes", []))


def model_parents(unique_id: str) -> set[str]:
    return {NODES[parent]["name"] for parent in parents(unique_id) if parent in MODELS}


def source_parents(unique_id: str) -> list[Any]:
    return [SOURCES[parent] for parent in parents(unique_id) if parent in SOURCES]


@cache
def origins(unique_id: str) -> frozenset[str]:
    """The sources, as `source.table`, that a node is made of in the end."""
    if unique_id in SOURCES:
        return frozenset({f"{SOURCES[unique_id]['source_name']}.{SOURCES[unique_id]['name']}"})
    return frozenset().union(*map(origins, parents(unique_id)))


@pytest.mark.parametrize("unique_id", PUBLISHED)
def test_a_published_table_reaches_the_lake(unique_id: str) -> None:
    assert {origin for origin in origins(unique_id) if origin.startswith("lake.")}


def test_every_profile_is_made_of_events() -> None:
    assert "lake.events" in origins("model.growthhouse.user_profiles")
    assert len(PUBLISHED) > 40


@pytest.mark.parametrize(
    "unique_id", [u for u in MODELS if any(s["source_name"] == "predictions" for s in source_parents(u))]
)
def test_a_table_of_predictions_is_downstream_of_what_its_steps_read(unique_id: str) -> None:
    """Its SQL reads a file; the step that writes the file is not dbt's."""
    node = MODELS[unique_id]
    written = [s for s in source_parents(unique_id) if s["name"] == node["name"] or node["name"] == "model_metrics"]
    read = {key.path[-1] for source in written for key in INPUTS[source["meta"]["step"]]}
    others = {source["name"] for source in source_parents(unique_id)} - {source["name"] for source in written}
    assert model_parents(unique_id) | others == read


def test_what_holds_one_night_is_all_that_is_made_of_its_new_lines_alone() -> None:
    """The views and tables between the lake's events and the incremental tables: a delta night reads a part."""
    found: set[str] = set()
    for _ in MODELS:
        found |= {
            node["name"]
            for unique_id, node in MODELS.items()
            if node["group"] == "sessions"
            and node["config"]["materialized"] != "incremental"
            and (node["name"] == "stg_lake_events" or model_parents(unique_id) & found)
        }
    assert found == {facts.name for facts in table_facts().values() if facts.meta.holds_one_night}


# The rules of dbt-project-evaluator, and docs/adr/0016-dbt-project-rules.md.


def code(unique_id: str) -> str:
    """The SQL of a model without comments and Jinja."""
    without = re.sub(r"\{#.*?#\}|\{\{.*?\}\}|\{%.*?%\}", " ", MODELS[unique_id]["raw_code"], flags=re.DOTALL)
    return re.sub(r"--.*", "", without)


def test_no_table_is_named_in_sql() -> None:
    schemas = "|".join({node["schema"] for node in MODELS.values()} | {"state", "seeds"})
    assert [u for u in MODELS if re.search(rf"\b(from|join)\s+({schemas})\.", code(u))] == []


def test_every_source_is_read_and_declared_once() -> None:
    read = {parent for unique_id in MODELS for parent in parents(unique_id)}
    assert set(SOURCES) - read == set()
    tables = Counter((source["schema"], source["identifier"]) for source in SOURCES.values())
    assert [table for table, count in tables.items() if count > 1] == []


def test_every_model_seed_and_source_is_described() -> None:
    tables = [node for node in NODES.values() if node["resource_type"] in ("model", "seed", "source")]
    assert [node["name"] for node in tables if not node["description"].strip()] == []


def test_staging_reads_sources_and_itself() -> None:
    staging = {u: node for u, node in MODELS.items() if node["schema"] == "staging"}
    on_staging = {staging[u]["name"]: model_parents(u) for u in staging if model_parents(u)}
    assert on_staging == {"stg_events": {"stg_lake_events", "stg_files"}}


def test_other_layers_read_no_source_but_those_of_the_build_and_their_own_file() -> None:
    outside = {
        node["name"]
        for u, node in MODELS.items()
        if node["schema"] != "staging" and any(s["source_name"] not in OF_THE_BUILD for s in source_parents(u))
    }
    assert outside == {node["name"] for node in MODELS.values() if node["schema"] == "ml"} - {"segment_migrations"} | {
        "rejected_events"
    }


def test_a_source_has_one_reader_but_for_the_exceptions() -> None:
    readers = defaultdict(set)
    for u, node in MODELS.items():
        for source in source_parents(u):
            readers[f"{source['source_name']}.{source['name']}"].add(node["name"])
    several = {source: names for source, names in readers.items() if len(names) > 1}
    assert {source: names for source, names in several.items() if source.split(".")[0] not in OF_THE_BUILD} == {
        "lake.events": {"stg_lake_events", "stg_user_agents"},
        "predictions.user_segments": {"user_segments", "survival_curves"},
    }


def test_no_chain_of_views_is_longer_than_three() -> None:
    def chain(unique_id: str) -> int:
        if MODELS[unique_id]["config"]["materialized"] != "view":
            return 0
        return 1 + max((chain(parent) for parent in parents(unique_id) if parent in MODELS), default=0)

    assert max(map(chain, MODELS)) == 3


def test_seven_parents_are_many() -> None:
    many = {node["name"] for u, node in MODELS.items() if len(parents(u)) >= 7}
    assert many == {"fct_events", "int_reopened", "user_features", "user_profiles", "model_metrics"}


@pytest.mark.parametrize("unique_id", PUBLISHED)
def test_a_published_table_has_a_contract(unique_id: str) -> None:
    assert MODELS[unique_id]["config"]["contract"]["enforced"]


def keyed() -> Iterator[str]:
    for node in NODES.values():
        if node["resource_type"] == "test" and node["test_metadata"]["name"] in ("unique", "unique_combination"):
            yield node["attached_node"]


def test_every_published_table_has_a_key_but_for_two() -> None:
    without = {node["name"] for u, node in PUBLISHED.items() if u not in set(keyed())}
    assert without == {"rejected_events", "quality_results"}
