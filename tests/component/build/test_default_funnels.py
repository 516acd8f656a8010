"""The default funnels are fitted to what occurs, and say what they lack; funnels of the config stay as they are."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from pipeline.build.funnels import Occurring, funnel_variables, has_amounts, left_out
from pipeline.settings import parse_settings

BASE = "site: {timezone: UTC, currency: EUR}\nsources: [{name: shop, format: tracker, path: 'raw/*.jsonl'}]\n"
ALL = ("sign_up", "view_item", "add_to_cart", "begin_checkout", "purchase")
PAID, ANY = "purchase where revenue > 0", "purchase"


def _steps(data: Occurring) -> dict[str, list[str]]:
    return {
        funnel["name"]: [
            f"{step['event']} where {step['where']}" if step["where"] else step["event"] for step in funnel["steps"]
        ]
        for funnel in funnel_variables(parse_settings(BASE), data)
    }


@pytest.mark.parametrize(
    ("data", "steps", "lacking"),
    [
        (
            Occurring(ALL),
            {
                "purchase": ["sign_up", "view_item", "add_to_cart", PAID],
                "checkout": ["view_item", "add_to_cart", "begin_checkout", PAID],
            },
            {},
        ),
        (
            Occurring(ALL[1:], has_amounts=False),
            {
                "purchase": ["view_item", "add_to_cart", ANY],
                "checkout": ["view_item", "add_to_cart", "begin_checkout", ANY],
            },
            {"purchase": ["sign_up", "revenue > 0"], "checkout": ["revenue > 0"]},
        ),
        (
            Occurring(("view_item", "purchase")),
            {"purchase": ["view_item", PAID]},
            {
                "purchase": ["sign_up", "add_to_cart"],
                "checkout": [
                    "add_to_cart",
                    "begin_checkout",
                    "the funnel itself, as it is the same as another or has one step",
                ],
            },
        ),
        (Occurring(("login",)), {}, {"purchase": list(ALL[:3] + ALL[4:]), "checkout": list(ALL[1:])}),
    ],
    ids=["all", "no sign-ups, no amounts", "the same twice", "none"],
)
def test_default_funnels_have_the_steps_that_occur(
    data: Occurring, steps: dict[str, list[str]], lacking: dict[str, list[str]]
) -> None:
    assert _steps(data) == steps
    found: dict[str, list[str]] = {}
    for row in left_out(parse_settings(BASE), data):
        found.setdefault(row["funnel_name"], []).append(row["left_out"])
    assert found == lacking


def test_funnels_of_the_config_stay_as_they_are_also_where_nothing_occurs() -> None:
    settings = parse_settings(BASE + "funnels: [{name: f, steps: [{event: a}, {event: b}]}]\n")
    assert [len(funnel["steps"]) for funnel in funnel_variables(settings, Occurring((), has_amounts=False))] == [2]
    assert left_out(settings, Occurring(())) == []
    assert funnel_variables(parse_settings(BASE + "funnels: []\n"), Occurring(ALL)) == []


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ("('purchase', 5.0, 'read')", True),
        ("('purchase', 0.0, 'read'), ('purchase', null, 'read'), ('refund', 5.0, 'read')", False),
        ("('purchase', 5.0, 'replaced')", False),
    ],
)
def test_an_amount_is_one_above_zero_of_a_purchase_in_a_loaded_file(
    tmp_path: Path, events: str, expected: bool
) -> None:
    lake, ledger = tmp_path / "lake.parquet", tmp_path / "ledger.parquet"
    with duckdb.connect() as con:
        con.execute(f"copy (from (values {events}) as t (event_name, revenue, file_id)) to '{lake}'")
        files = "(values ('read', 'loaded'), ('replaced', 'superseded')) as t (file_id, status)"
        con.execute(f"copy (from {files}) to '{ledger}'")
    assert has_amounts(str(lake), ledger) is expected
    assert has_amounts(str(tmp_path / "none*"), ledger)


@pytest.mark.parametrize(
    ("column", "table"),
    [("device_type", "fct_events"), ("channel", "fct_sessions"), ("acquisition_channel", "dim_users")],
)
def test_a_breakdown_may_be_a_column_of_event_session_or_person(column: str, table: str) -> None:
    settings = parse_settings(BASE + f"funnels: [{{name: f, steps: [{{event: a}}], breakdown: {column}}}]\n")
    (funnel,) = funnel_variables(settings, Occurring(()))
    assert (funnel["breakdown"], funnel["breakdown_table"]) == (column, table)
