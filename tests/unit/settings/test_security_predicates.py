"""Conditions of the config become SQL: what a person may write, and every way out of it that is shut."""

from __future__ import annotations

import duckdb
import pytest
import yaml

from pipeline.home.paths import DBT_PROJECT
from pipeline.settings import ConfigError, parse_settings
from pipeline.settings.predicates import EVENT_COLUMNS, are_apart, checked_column, checked_predicate

BASE = """\
site: {}
sources: [{name: shop, path: 'raw/*'}]
funnels:
  - name: buy
    steps:
      - event: view_item
        where: %s
"""


def test_the_columns_are_those_of_fct_events() -> None:
    models = yaml.safe_load((DBT_PROJECT / "models" / "marts" / "core" / "fct_events.yml").read_text(encoding="utf-8"))
    (facts,) = [model for model in models["models"] if model["name"] == "fct_events"]
    types = {"string": "VARCHAR"}
    assert {
        column["name"]: types.get(column["data_type"], column["data_type"].upper()) for column in facts["columns"]
    } == EVENT_COLUMNS


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("revenue > 0", True),
        ("revenue > 0 and category = 'toys'", True),
        ("(category = 'it''s' or not is_bot)", True),
        ("is_bot", False),
        ("properties->>'plan' = 'pro'", True),
        ("try_cast(properties->>'n' as integer) >= 3", True),
        ("lower(search_term) like '%shoes%' escape '!'", True),
        ("item_id in ('a', 'b')", False),
        ("price between 1 and 2", False),
        ("quantity is not null and coalesce(price, 0) * quantity >= 10", True),
        ("regexp_matches(page_path, '^/p/[0-9]+$')", True),
        ("starts_with(page_path, '/p/') and length(page_path) > 3", True),
        ("event_at >= timestamp '2026-01-01' and extract(hour from event_at) < 12", True),
        ("case when price > 1 then true else false end = true", True),
    ],
)
def test_what_an_analyst_needs_means_what_it_meant(text: str, holds: bool) -> None:
    row = """select 5.0 as revenue, 'toys' as category, false as is_bot, '{"plan": "pro", "n": "3"}' as properties,
        'Red Shoes' as search_term, 'c' as item_id, 5.0 as price, 2.0 as quantity, '/p/12' as page_path,
        timestamp '2026-01-05 10:00:00' as event_at"""
    asked, pasted = (f"select count(*) from ({row}) where {sql}" for sql in (text, f"({checked_predicate(text)})"))
    assert duckdb.execute(asked).fetchall() == duckdb.execute(pasted).fetchall() == [(int(holds),)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("revenue > 0; drop table marts.fct_events", "semicolon"),
        ("1 = 1) or (1 = 1", "not a valid SQL condition"),
        ("revenue > (select max(revenue) from marts.fct_events)", "cannot contain a subquery"),
        ("exists (select 1)", "cannot contain a subquery"),
        ("item_id in (select item_id from read_csv('/etc/passwd'))", "cannot contain a subquery"),
        ("getenv('HOME') = '/root'", "function getenv is not allowed"),
        ("read_text('/etc/passwd') = ''", "function read_text is not allowed"),
        ("current_setting('temp_directory') = ''", "function current_setting is not allowed"),
        ("query('select 1') = 1", "function query is not allowed"),
        ("max(price) > 1", "function max is not allowed"),
        ("rank() over () = 1", "is not allowed"),
        ("marts.fct_events.price > 1", "without its table"),
        ("columns('.*') = 1", "is not allowed"),
        ("item_id = $1", "is not allowed"),
        ("item_id = ?", "is not allowed"),
        ("rowid = 1", "'rowid' is not a column"),
        ("revenu > 0", "did you mean revenue"),
        ("revenue", "true or false"),
        ("price + 1", "true or false"),
        ("'true'", "true or false"),
        ("select 1", "cannot contain a subquery"),
        ("drop table marts.fct_events", "is not allowed"),
        ("copy marts.fct_events to '/tmp/x'", "is not allowed"),
        ("", "one condition"),
        ("is_bot or " * 300 + "is_bot", "at most 2000 characters"),
    ],
)
def test_every_way_out_of_the_row_is_shut(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        checked_predicate(text)


@pytest.mark.parametrize(
    ("text", "matched"),
    [
        ("cast(properties->>'rank' as integer) > 3", ["7"]),
        ("(properties->>'rank')::double > 3 or category = 'toys'", ["7", "abc"]),
        ("cast(properties->>'rank' as integer) * 2000000000 > 3", []),
        ("regexp_matches('a', category)", []),
        ("json_extract_string(category, '$.a') = 'x'", []),
    ],
)
def test_a_value_that_cannot_be_cast_is_no_match(text: str, matched: list[str]) -> None:
    rows = """select '{"rank": "' || rank || '"}' as properties, rank, '[' as category,
            timestamp '2026-01-05' as event_at
        from (values ('7'), ('2')) t(rank)
        union all select '{"rank": "abc"}', 'abc', 'toys', timestamp '2026-01-05'"""
    found = duckdb.execute(f"select rank from ({rows}) where try({checked_predicate(text)}) order by rank").fetchall()
    assert [rank for (rank,) in found] == matched


def test_a_condition_that_is_too_deep_to_read_is_refused_and_no_crash() -> None:
    with pytest.raises(ValueError):
        checked_predicate("(" * 990 + "is_bot =" + ")" * 990)
    with pytest.raises(ConfigError):
        parse_settings(BASE % f'"{"not " * 490}is_bo"')


def test_a_comment_cannot_swallow_what_comes_after_the_condition() -> None:
    assert checked_predicate("revenue > 0 -- and nothing else") == "revenue > 0"
    assert checked_predicate("revenue > 0 /* ) or (true */") == "revenue > 0"


@pytest.mark.parametrize("name", ["category; drop table x", "lower(category)", "price) as x, (1", "Category", ""])
def test_a_breakdown_is_the_name_of_a_column(name: str) -> None:
    with pytest.raises(ValueError, match="not a column of fct_events"):
        checked_column(name)


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("funnels[0].steps[0].where", BASE % "\"getenv('HOME') = 'x'\""),
        (
            "funnels[0].breakdown",
            (BASE % '"price > 0"').replace("    steps:", '    breakdown: "1; select 2"\n    steps:'),
        ),
    ],
)
def test_an_error_names_key_and_line(key: str, text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_settings(text)
    assert caught.value.key == key
    assert text.splitlines()[(caught.value.line or 0) - 1].strip().startswith(key.rsplit(".", 1)[1])


@pytest.mark.parametrize(
    ("section", "key"),
    [
        (
            "interventions: [{campaign: c, action: push, who: {where: \"read_text('x') = ''\"}}]",
            "interventions[0].who.where",
        ),
        (
            'experiments: [{name: e, assignment: {event: x, where: "a = 1; b"}, metrics: [{name: m}]}]',
            "experiments[0].assignment.where",
        ),
    ],
)
def test_conditions_of_campaigns_and_experiments_are_held_to_the_same(section: str, key: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_settings("site: {}\nsources: [{name: shop, path: 'raw/*'}]\n" + section)
    assert (caught.value.key, caught.value.line) == (key, 3)


@pytest.mark.parametrize(
    ("one", "other", "apart"),
    [
        ("page_path = '/a'", "page_path = '/b'", True),
        ("page_path = '/a' and revenue > 0", "(page_path in ('/b', '/c'))", True),
        ("page_path in ('/a', '/b')", "page_path in ('/b', '/c')", False),
        ("page_path = '/a'", "category = 'b'", False),
        ("price = '1'", "price = '1.0'", False),
        ("page_path = '/a' or revenue > 0", "page_path = '/b'", False),
        ("not page_path = '/a'", "page_path = '/b'", False),
        ("page_path like '/a%'", "page_path = '/b'", False),
        (None, "page_path = '/b'", False),
    ],
)
def test_conditions_are_apart_only_where_no_row_can_meet_both(one: str | None, other: str | None, apart: bool) -> None:
    assert are_apart(one, other) is are_apart(other, one) is apart
