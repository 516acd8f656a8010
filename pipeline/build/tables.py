"""Facts about the dbt tables, read from the manifest: layer, what a delta night replaces, what publishing compares.

Each fact is stated once: a folder's in dbt_project.yml, a table's as `config: meta:` in the yml beside its SQL. `Meta`
lists what meta may say. Not here: columns and their meaning (the contracts), and what is done with a fact.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from pipeline.build.dbt_session import ensure_manifest

WHOLE_PERSON, OWN_RULE, THIS_RUN = "whole_person", "own_rule", "this_run"


@dataclass(frozen=True, kw_only=True)
class Meta:
    """The keys that `meta` of a model may have; an unknown one raises TypeError.

    is_published (of a folder): analysts get its tables.
    changed_since (of every incremental table): a delta night replaces the rows of the persons of int_changed from their
      change on, by this column (a date or a time); `whole_person`: all their rows; `own_rule`: its SQL says which rows;
      `this_run`: those of the run itself, so it needs no rows of last night.
    may_lack_person: a delta night also adds rows without a person, and takes out those whose line counts no longer.
    verified_columns: compared between build and new version where only the changed rows were copied; default: all.
    holds_one_night: a delta night leaves only what it read itself, so whole tables cannot be made of it alone
      (macros/manual_run.sql).
    speaks_for_gate: its check is that of the whole gate; every later layer is downstream of such a table.
    picture: the chart shown with the table in the Dagster UI, and its options (pipeline/orchestration/ui/pictures.py).
    """

    is_published: bool = False
    changed_since: str | None = None
    may_lack_person: bool = False
    verified_columns: list[str] = field(default_factory=list)
    holds_one_night: bool = False
    speaks_for_gate: str | None = None
    picture: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class TableFacts:
    """What is known of one table; columns are those of its contract."""

    schema: str
    name: str
    layer: str
    is_incremental: bool
    columns: tuple[str, ...]
    meta: Meta

    @property
    def is_changed_by_person(self) -> bool:
        """Whether a delta night replaces rows of the persons of int_changed, and no others."""
        return self.meta.changed_since not in (None, OWN_RULE, THIS_RUN)

    def is_changed_sql(self, table: str, changed: str) -> str:
        """SQL: whether the night replaced a row of alias `table` for one of alias `changed`, which is int_changed.

        As in macros/incremental/delta.sql.
        """
        since, is_same = str(self.meta.changed_since), f"{table}.person_id = {changed}.person_id"
        if since == WHOLE_PERSON:
            return is_same
        change = "changed_from_date" if since.endswith("_date") else "changed_from_at"
        return f"{is_same} and {table}.{since} >= {changed}.{change}"


@cache
def read_manifest() -> Mapping[str, Any]:
    """The parsed dbt project; read once per process, as it takes a tenth of a second."""
    manifest: Mapping[str, Any] = json.loads(ensure_manifest().read_text(encoding="utf-8"))
    return manifest


@cache
def table_facts() -> Mapping[str, TableFacts]:
    """The facts of every dbt model by `schema.table`."""
    return {
        f"{node['schema']}.{node['name']}": TableFacts(
            schema=node["schema"],
            name=node["name"],
            layer=node["group"],
            is_incremental=node["config"]["materialized"] == "incremental",
            columns=tuple(node["columns"]),
            meta=Meta(**node["config"]["meta"]),
        )
        for node in read_manifest()["nodes"].values()
        if node["resource_type"] == "model"
    }


@cache
def layers() -> Mapping[str, tuple[str, ...]]:
    """The folders of each layer as dbt selects them: with a folder come the tests written in it."""
    found: dict[str, dict[str, None]] = {group["name"]: {} for group in read_manifest()["groups"].values()}
    for node in read_manifest()["nodes"].values():
        if node.get("group"):
            folder = node["fqn"][:-1]
            found[node["group"]][".".join(folder if len(folder) > 1 else node["fqn"])] = None
    return {layer: tuple(sorted(folders)) for layer, folders in found.items()}


def published_schemas() -> list[str]:
    """Schemas that go into the published version."""
    return sorted({facts.schema for facts in table_facts().values() if facts.meta.is_published})


@cache
def tables_of_a_delta_night() -> frozenset[str]:
    """Tables without which there is no delta night: it changes them, or reads them as last night left them."""
    changed = {n for n, facts in table_facts().items() if facts.meta.changed_since not in (None, THIS_RUN)}
    read = {
        f"{node['schema']}.{node['name']}"
        for node in read_manifest()["sources"].values()
        if node["source_name"] == "previous"
    }
    return frozenset(changed | read)
