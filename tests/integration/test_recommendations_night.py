"""Recommendations of a whole night: the simulator's planted tastes come back, and lists can be shown to people."""

from __future__ import annotations

import json

import duckdb
import pytest

from pipeline.home.paths import HomePaths


@pytest.fixture(scope="module")
def lists(shop: HomePaths, warehouse: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """`wishes`: recommended items, and whether the category is one of the person's two planted favourites."""
    truth = json.loads((shop.data / "simulated_truth.json").read_text(encoding="utf-8"))
    rows = [
        (user["user_id"], kind) for user in truth["users"] if user["user_id"] for kind in user["favourite_categories"]
    ]
    warehouse.execute("create or replace temp table tastes (person_id varchar, category varchar)")
    warehouse.executemany("insert into tastes values (?, ?)", rows)
    warehouse.execute("""
        create or replace temp table touched as
        select person_id, item_id, min(category) as category, count(*) as n from marts.fct_events
        where item_id is not null and not is_bot group by all;
        create or replace temp table kinds as select item_id, min(category) as category from touched group by all;
        create or replace temp table wishes as
        select person_id, rank, strategy, reason,
            exists(from tastes where tastes.person_id = l.person_id and tastes.category = kinds.category) as is_to_taste
        from ml.recommendations as l inner join kinds using (item_id)
        where person_id in (select person_id from tastes)
            and person_id in (select person_id from touched group by all having sum(n) >= 10)
    """)
    return warehouse


def share(con: duckdb.DuckDBPyConnection, query: str) -> float:
    ((value, n),) = con.execute(query).fetchall()
    assert n > 200, "a share of too little"
    return float(value)


def test_what_is_recommended_is_to_the_planted_taste(lists: duckdb.DuckDBPyConnection) -> None:
    """Two of twelve categories are a person's favourites: by chance a sixth would fit; sessions keep to one of them
    two times in three.
    """
    assert share(lists, "select avg(is_to_taste::int), count(*) from wishes") > 0.6
    assert share(lists, "select avg(is_to_taste::int), count(*) from wishes where rank = 1") > 0.85


def test_similar_items_are_of_one_category_far_more_often_than_by_chance(lists: duckdb.DuckDBPyConnection) -> None:
    found = share(
        lists,
        "select avg((one.category = other.category)::int), count(*) from ml.similar_items as s "
        "inner join kinds as one on s.item_id = one.item_id inner join kinds as other on s.similar_item_id = "
        "other.item_id "
        "where s.rank <= 5",
    )
    assert found > 4 / 12


def test_the_blend_beats_popularity_and_last_viewed_on_later_data(lists: duckdb.DuckDBPyConnection) -> None:
    rows = lists.execute(
        "select algorithm, value, is_promoted from ml.model_metrics "
        "where model = 'recommendations' and split = 'test' and metric = 'ndcg_at_10'"
    ).fetchall()
    found = {algorithm: value for algorithm, value, _ in rows}
    assert [algorithm for algorithm, _, promoted in rows if promoted] == ["blend"]
    assert found["blend"] > 1.2 * max(found["popularity"], found["last_viewed"])


def test_everybody_but_bots_has_a_full_list_of_items_they_did_not_buy(lists: duckdb.DuckDBPyConnection) -> None:
    persons = "select person_id from marts.dim_users where not is_bot"
    ((n_persons, n_lists, n_short),) = lists.execute(f"""
        select (select count(*) from ({persons})), count(*), count(*) filter (n <> 10)
        from (select person_id, count(distinct item_id) as n from ml.recommendations group by all)
        semi join ({persons}) using (person_id)
    """).fetchall()
    assert (n_lists, n_short) == (n_persons, 0) and n_persons > 300
    bought = "select person_id, item_id from marts.fct_events where event_name = 'purchase' and item_id is not null"
    assert lists.execute(f"select count(*) > 50 from ({bought})").fetchone() == (True,)
    assert lists.execute(
        f"select count(*) from ml.recommendations semi join ({bought}) using (person_id, item_id)"
    ).fetchone() == (0,)


def test_who_touched_nothing_gets_what_is_popular(lists: duckdb.DuckDBPyConnection) -> None:
    rows = lists.execute(
        "select distinct rank, item_id, strategy, reason from ml.recommendations "
        "where person_id not in (select person_id from touched) and rank <= 3 order by rank"
    ).fetchall()
    assert [(rank, strategy, reason) for rank, _, strategy, reason in rows] == [
        (rank, "popularity", "popular in the last 30 days") for rank in (1, 2, 3)
    ]


def test_a_reason_names_an_item_the_person_touched(lists: duckdb.DuckDBPyConnection) -> None:
    query = """
        select count(*), count(*) filter (where not exists(
            from touched
            where touched.person_id = r.person_id and touched.item_id = regexp_extract(r.reason, '(p\\d+)', 1)))
        from ml.recommendations as r where reason like '%because you %'
    """
    ((n_told, n_invented),) = lists.execute(query).fetchall()
    assert n_told > 200 and n_invented == 0


def test_the_profile_shows_the_first_item(lists: duckdb.DuckDBPyConnection) -> None:
    query = """
        select count(*), count(*) filter (top_recommendation is distinct from item_id) from activation.user_profiles
        left join (from ml.recommendations where rank = 1) using (person_id)
    """
    ((n, n_off),) = lists.execute(query).fetchall()
    assert n > 300 and n_off == 0
