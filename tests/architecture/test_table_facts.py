"""Facts about a table live with the table: the keys of meta, that they are there, and that no list in Python repeats
them.
"""

from __future__ import annotations

import ast
import inspect
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from expectations import STAGES
from pipeline.build.tables import OWN_RULE, THIS_RUN, WHOLE_PERSON, Meta, TableFacts, read_manifest, table_facts
from pipeline.home.paths import PROJECT_ROOT
from pipeline.orchestration.gates import GATES
from pipeline.orchestration.ui.pictures import CHARTS

TABLES = table_facts()  # raises where a table's meta has a key that is not known
INCREMENTAL = [name for name, facts in TABLES.items() if facts.is_incremental]
PICTURED = [name for name, facts in TABLES.items() if facts.meta.picture]
NODES = [node for node in read_manifest()["nodes"].values() if node["resource_type"] == "model"]


def _differing(key: Callable[[TableFacts], Any], value: Callable[[TableFacts], Any]) -> dict[Any, set[Any]]:
    """Keys whose tables have more than one value."""
    found: dict[Any, set[Any]] = defaultdict(set)
    for facts in TABLES.values():
        found[key(facts)].add(value(facts))
    return {one: values for one, values in found.items() if len(values) > 1}


def test_a_folder_is_of_one_layer() -> None:
    folders = {f"{n['schema']}.{n['name']}": tuple(n["fqn"][:-1]) for n in NODES}
    assert all(facts.layer for facts in TABLES.values())
    assert _differing(lambda facts: folders[f"{facts.schema}.{facts.name}"], lambda facts: facts.layer) == {}


def test_a_schema_is_published_or_not() -> None:
    assert _differing(lambda facts: facts.schema, lambda facts: facts.meta.is_published) == {}


@pytest.mark.parametrize("table", INCREMENTAL)
def test_an_incremental_table_says_what_a_delta_night_replaces(table: str) -> None:
    facts = TABLES[table]
    assert facts.meta.changed_since in {*facts.columns, WHOLE_PERSON, OWN_RULE, THIS_RUN}


def test_a_model_that_replaces_changed_persons_says_since_when() -> None:
    """fct_events, too: it replaces what int_reopened opens, of which int_changed is made."""
    strategies = {f"{node['schema']}.{node['name']}": node["config"]["incremental_strategy"] for node in NODES}
    replacing = {table for table in INCREMENTAL if strategies[table] == "replace_changed"}
    assert {table for table in INCREMENTAL if TABLES[table].is_changed_by_person} == {*replacing, "marts.fct_events"}


@pytest.mark.parametrize("table", sorted(TABLES.keys() - set(INCREMENTAL)))
def test_a_table_that_every_night_builds_says_nothing_of_it(table: str) -> None:
    assert TABLES[table].meta.changed_since is None
    assert TABLES[table].meta.verified_columns == []


def test_verified_columns_are_columns() -> None:
    unknown = {name: set(facts.meta.verified_columns) - set(facts.columns) for name, facts in TABLES.items()}
    assert {name: columns for name, columns in unknown.items() if columns} == {}


def test_there_are_pictures_to_look_at() -> None:
    assert len(PICTURED) >= 10
    assert {TABLES[table].meta.picture["chart"] for table in PICTURED} == set(CHARTS)  # type: ignore[index]


@pytest.mark.parametrize("table", PICTURED)
def test_a_picture_gives_its_chart_the_arguments_it_takes(table: str) -> None:
    arguments = dict(TABLES[table].meta.picture or {})
    inspect.signature(CHARTS[arguments.pop("chart")]).bind(None, table, **arguments)


@pytest.mark.parametrize(
    ("changed_since", "condition"),
    [
        ("started_at", "t.person_id = c.person_id and t.started_at >= c.changed_from_at"),
        ("activity_date", "t.person_id = c.person_id and t.activity_date >= c.changed_from_date"),
        (WHOLE_PERSON, "t.person_id = c.person_id"),
    ],
)
def test_rows_of_a_change_in_sql(changed_since: str, condition: str) -> None:
    facts = TableFacts("marts", "visits", "marts", True, (), Meta(changed_since=changed_since))
    assert facts.is_changed_sql("t", "c") == condition


def test_a_fact_that_nobody_reads_is_refused() -> None:
    with pytest.raises(TypeError, match="changed_sinc"):
        Meta(**{"changed_sinc": "started_at"})


@pytest.mark.parametrize("stage", STAGES)
def test_a_gate_has_a_table_that_speaks_for_it(stage: str) -> None:
    assert GATES[stage]


def test_a_table_speaks_for_a_gate_that_exists() -> None:
    assert {facts.meta.speaks_for_gate for facts in TABLES.values()} - {None} <= set(STAGES)


def _lists_of_tables(file: Path) -> Iterator[str]:
    """Collections in Python with the names of two tables; bare names only where they have no other meaning."""
    names = {
        *TABLES,
        *(facts.name for facts in TABLES.values() if facts.name.startswith(("fct_", "dim_", "int_", "stg_"))),
    }
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Dict | ast.Tuple | ast.List | ast.Set):
            members = node.keys if isinstance(node, ast.Dict) else node.elts
            found = [one.value for one in members if isinstance(one, ast.Constant) and one.value in names]
            if len(found) > 1:
                yield f"{file.relative_to(PROJECT_ROOT)}:{node.lineno}: {', '.join(map(str, found))}"


def test_no_list_of_tables_in_python() -> None:
    """A query may name the tables that it reads; the facts about a table are in its yml."""
    files = [
        file
        for folder in ("pipeline", "models", "expectations", "collector")
        for file in (PROJECT_ROOT / folder).rglob("*.py")
    ]
    assert len(files) > 100
    assert [found for file in files for found in _lists_of_tables(file)] == []


def test_a_list_of_tables_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules[__name__], "PROJECT_ROOT", tmp_path)
    (tmp_path / "lists.py").write_text(
        'A = ("fct_events", "dim_users")\nB = {"marts.retention": 1, "ml.churn_scores": 2}\nC = ["fct_events"]\n'
    )
    assert list(_lists_of_tables(tmp_path / "lists.py")) == [
        "lists.py:1: fct_events, dim_users",
        "lists.py:2: marts.retention, ml.churn_scores",
    ]
