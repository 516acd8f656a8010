"""What counts as a change of the rules: a whole build follows from it, so nothing may be missing and little be too
much.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from pipeline.build.rules import project_hash, rule_variables

MANIFEST: dict[str, Any] = {
    "metadata": {"project_name": "shop"},
    "nodes": {
        "model.shop.orders": {
            "resource_type": "model",
            "raw_code": "select 1",
            "checksum": {"checksum": "a"},
            "description": "Grain: order.",
            "config": {
                "materialized": "incremental",
                "meta": {"changed_since": "ordered_at", "picture": {"chart": "per_day"}},
                "group": "marts",
                "pre-hook": [],
            },
            "columns": {
                "order_id": {"name": "order_id", "data_type": "string", "constraints": [], "description": "Order."}
            },
        },
        "seed.shop.channels": {
            "resource_type": "seed",
            "raw_code": "",
            "checksum": {"checksum": "b"},
            "config": {"meta": {}},
            "columns": {},
        },
        "test.shop.unique_orders": {"resource_type": "test", "raw_code": "{{ test_unique() }}"},
    },
    "macros": {
        "macro.shop.weight": {"package_name": "shop", "name": "weight", "macro_sql": "1"},
        "macro.shop.test_once": {"package_name": "shop", "name": "test_once", "macro_sql": "2"},
        "macro.dbt.ref": {"package_name": "dbt", "name": "ref", "macro_sql": "3"},
    },
}
PROJECT = {"name": "shop", "vars": {"run_id": "dev", "ledger": "x", "shop": {"currency": "USD", "max_late_days": 30}}}
ORDERS, CHANNELS = "model.shop.orders", "seed.shop.channels"


def hash_after(change: Callable[[dict[str, Any]], Any]) -> str:
    manifest = copy.deepcopy(MANIFEST)
    change(manifest)
    return project_hash(manifest)


RULES: dict[str, Callable[[dict[str, Any]], Any]] = {
    "SQL": lambda m: m["nodes"][ORDERS].update(raw_code="select 2"),
    "type": lambda m: m["nodes"][ORDERS]["columns"]["order_id"].update(data_type="bigint"),
    "constraint": lambda m: m["nodes"][ORDERS]["columns"]["order_id"].update(constraints=[{"type": "not_null"}]),
    "materialization": lambda m: m["nodes"][ORDERS]["config"].update(materialized="table"),
    "hook": lambda m: m["nodes"][ORDERS]["config"].update({"pre-hook": ["update orders set x = 1"]}),
    "changed rows": lambda m: m["nodes"][ORDERS]["config"]["meta"].update(changed_since="whole_person"),
    "seed": lambda m: m["nodes"][CHANNELS].update(checksum={"checksum": "c"}),
    "macro": lambda m: m["macros"]["macro.shop.weight"].update(macro_sql="2"),
    "new model": lambda m: m["nodes"].update({"model.shop.items": m["nodes"][ORDERS]}),
}
NO_RULES: dict[str, Callable[[dict[str, Any]], Any]] = {
    "description": lambda m: m["nodes"][ORDERS].update(description="Grain: order, key order_id."),
    "description of a column": lambda m: m["nodes"][ORDERS]["columns"]["order_id"].update(description="Its id."),
    "picture": lambda m: m["nodes"][ORDERS]["config"]["meta"].update(picture={"chart": "shares"}),
    "layer": lambda m: m["nodes"][ORDERS]["config"].update(group="ops"),
    "test": lambda m: m["nodes"]["test.shop.unique_orders"].update(raw_code="{{ test_once() }}"),
    "macro of a test": lambda m: m["macros"]["macro.shop.test_once"].update(macro_sql="4"),
    "macro of dbt": lambda m: m["macros"]["macro.dbt.ref"].update(macro_sql="4"),
}


@pytest.mark.parametrize("what", RULES)
def test_what_shapes_a_table_changes_the_hash(what: str) -> None:
    assert hash_after(RULES[what]) != project_hash(MANIFEST)


@pytest.mark.parametrize("what", NO_RULES)
def test_what_shapes_no_table_does_not(what: str) -> None:
    assert hash_after(NO_RULES[what]) == project_hash(MANIFEST)


def test_a_variable_that_no_night_passes_counts_with_its_default() -> None:
    assert rule_variables(PROJECT, {"currency": "EUR"}) == {"currency": "EUR", "max_late_days": 30}


def test_places_and_the_night_are_no_rules() -> None:
    found = rule_variables(PROJECT, {"run_id": "night", "ledger": "/home/ledger"})
    assert found == PROJECT["vars"]["shop"]  # type: ignore[index]


def test_a_variable_that_the_project_does_not_declare_is_a_rule() -> None:
    assert rule_variables(PROJECT, {"new": 1})["new"] == 1
