"""What shapes the tables, as one hash: where it changed, a night builds everything.

Belongs here: which parts of the dbt project count. Descriptions, tests and the facts of `pipeline.build.tables` that
say nothing of the rows do not. Not here: deciding what a night builds (`pipeline.build.plan`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import duckdb
import yaml

from pipeline.build.tables import read_manifest
from pipeline.home.paths import DBT_PROJECT

# Configuration of a model that does not change its rows.
_NO_ROWS = {"meta", "tags", "docs", "group", "access", "persist_docs", "grants"}


def rules_hash(variables: Mapping[str, Any]) -> str:
    """Hash of variables, SQL, macros, seeds, columns, materialization, and the version of DuckDB."""
    return _hash([duckdb.__version__, _this_project_hash(), rule_variables(project_settings(), variables)])


def rule_variables(project: Mapping[str, Any], variables: Mapping[str, Any]) -> dict[str, Any]:
    """Variables that shape the tables: dbt_project.yml's defaults, and a night's `variables` but those of places and
    of the night.

    These are declared beside the mapping of the project, the rules in it.
    """
    declared, name = project["vars"], project["name"]
    return {**declared[name], **{key: value for key, value in variables.items() if key not in declared}}


def project_hash(manifest: Mapping[str, Any]) -> str:
    """Hash of what the project says of the rows: descriptions, tests and most of `meta` do not count."""
    return _hash(dict(_parts(manifest)))


def _parts(manifest: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for unique_id, node in manifest["nodes"].items():
        if node["resource_type"] in ("model", "seed", "snapshot"):
            config = {key: value for key, value in node["config"].items() if key not in _NO_ROWS}
            columns = [(c["name"], c["data_type"], c["constraints"]) for c in node["columns"].values()]
            changed_since = node["config"]["meta"].get("changed_since")
            yield unique_id, [node["raw_code"], node["checksum"], config, columns, changed_since]
    for unique_id, macro in manifest["macros"].items():
        if macro["package_name"] == manifest["metadata"]["project_name"] and not macro["name"].startswith("test_"):
            yield unique_id, macro["macro_sql"]


@cache
def _this_project_hash() -> str:
    return project_hash(read_manifest())


@cache
def project_settings() -> Mapping[str, Any]:
    settings: Mapping[str, Any] = yaml.safe_load((DBT_PROJECT / "dbt_project.yml").read_text(encoding="utf-8"))
    return settings


def _hash(content: Any) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()
