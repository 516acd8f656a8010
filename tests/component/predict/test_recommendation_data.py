"""What the recommender reads: nothing that happened or became known later, faded by half each half-life, in parts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.predict import interactions as recommendation_data
from pipeline.predict.interactions import RecommendationData, read_unavailable
from pipeline.settings import ConfigError, Settings, load_settings, parse_settings

CUT = date(2026, 1, 31)
WEIGHTS = [{"event": "add_to_cart", "weight": 3.0}, {"event": "view_item", "weight": 1.0}]
BASE = "site: {timezone: UTC}\nsources: [{name: s, path: x.jsonl}]\n"
TABLES = """
    create schema intermediate; create schema marts;
    create table intermediate.int_person_item_days (
        person_id varchar, item_id varchar, activity_date date, known_date date, category varchar, weight double,
        n_events bigint, is_bought boolean, last_event_at timestamp, strongest_event varchar);
    create table marts.dim_users (person_id varchar, is_bot boolean);
"""


def settings_of(folder: Path, text: str = "") -> Settings:
    (folder / "growth.yaml").write_text(BASE + text, encoding="utf-8")
    return load_settings(folder / "growth.yaml", folder)


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as con:
        con.execute(TABLES)
        yield con


def add(
    con: duckdb.DuckDBPyConnection,
    person: str,
    item: str,
    day: date,
    weight: float = 1.0,
    *,
    known: date | None = None,
    bought: bool = False,
    category: str | None = None,
    event: str = "view_item",
) -> None:
    con.execute(
        "insert into intermediate.int_person_item_days values (?, ?, ?, ?, ?, ?, 1, ?, ?::date + interval 10 hour, ?)",
        [person, item, day, known or day, category, weight, bought, day, "purchase" if bought else event],
    )


def back(days: int) -> date:
    return CUT - timedelta(days=days)


def test_interest_fades_by_half_each_half_life_and_ends_with_the_days_looked_at(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    rules = "recommendations: {half_life_days: 10, days: 40}\n"
    for item, day, weight in (("a", 0, 8.0), ("a", 10, 8.0), ("b", 20, 8.0), ("c", 39, 1.0), ("c", 40, 100.0)):
        add(con, "p", item, back(day), weight)
    add(con, "p", "d", back(41), 5.0)
    data = RecommendationData(con, settings_of(tmp_path, rules), WEIGHTS)
    items = data.catalogue(CUT)
    assert list(items.items) == ["a", "b", "c"]
    found = data.learned(CUT, len(items)).weights.toarray()[0]
    assert found == pytest.approx([8 + 4, 2, 2**-3.9], abs=1e-6)


def test_a_purchase_is_remembered_beyond_the_days_looked_at(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    add(con, "p", "a", back(900), 0.0, bought=True)
    add(con, "q", "a", back(1))
    con.execute("insert into marts.dim_users values ('p', false), ('q', false), ('bot', true)")
    data = RecommendationData(con, settings_of(tmp_path), WEIGHTS)
    data.catalogue(CUT, is_serving=True)
    (part,) = data.parts(CUT, 1)
    assert part.persons == ["p", "q"]
    assert part.known.bought.toarray().tolist() == [[True], [False]]
    assert part.known.weights.toarray()[0].tolist() == [0.0]


def test_a_purchase_that_became_known_later_counts_tonight_but_taught_nobody_then(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    add(con, "p", "a", back(3), 5.0, bought=True, known=CUT + timedelta(days=2))
    add(con, "p", "b", back(3))
    add(con, "q", "a", back(1))
    con.execute("insert into marts.dim_users values ('p', false)")
    data = RecommendationData(con, settings_of(tmp_path), WEIGHTS)
    data.catalogue(CUT)
    assert not data.learned(CUT, 2).bought.toarray().any()
    (part,) = data.parts(CUT, 2)
    assert part.known.bought.toarray().tolist() == [[True, False]]
    assert part.known.weights.toarray()[0].tolist() == [0.0, pytest.approx(2 ** (-3 / 30), abs=1e-6)]


def test_popular_is_what_most_persons_touched_lately_not_what_one_touched_often(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    for day in range(20):
        add(con, "p", "often", back(day), 50.0)
    for person in "pqr":
        add(con, person, "lately", back(5))
        add(con, person, "once", back(60))
    items = RecommendationData(con, settings_of(tmp_path), WEIGHTS).catalogue(CUT)
    found = {item: (items.n_recent[i], items.n_persons[i]) for i, item in enumerate(items.items)}
    assert found == {"lately": (3, 3), "often": (1, 1), "once": (0, 3)}
    assert items.n_known == 3


def test_the_category_of_an_item_is_its_latest(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    add(con, "p", "a", back(5), category="old")
    add(con, "p", "a", back(1), category="new")
    add(con, "p", "a", back(0))
    add(con, "p", "b", back(0))
    items = RecommendationData(con, settings_of(tmp_path), WEIGHTS).catalogue(CUT)
    assert [items.categories[c] if c >= 0 else None for c in items.category] == ["new", None]


def test_what_persons_turn_to_counts_new_items_and_leaves_out_what_they_had_bought(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    for item in ("a", "b"):
        add(con, "p", item, back(20), 5.0, bought=item == "a")
    for item in ("a", "b", "new"):
        add(con, "p", item, back(3))
    add(con, "stranger", "b", back(2))
    add(con, "late", "b", CUT + timedelta(days=1))
    add(con, "only_bought", "a", back(20), 5.0, bought=True)
    add(con, "only_bought", "a", back(2))
    data = RecommendationData(con, settings_of(tmp_path), WEIGHTS)
    span = data.span("test", back(7))
    assert list(span.catalogue.items) == ["a", "b"]
    # p: b and the item nobody knew; the stranger, who has no history, is tested too; nothing is left to find for the
    # last
    assert span.n_relevant.tolist() == [2, 1]
    assert span.relevant.toarray().tolist() == [[0, 1], [0, 1]]
    repeat = RecommendationData(con, settings_of(tmp_path, "recommendations: {allow_repeat: true}\n"), WEIGHTS)
    assert repeat.span("test", back(7)).n_relevant.tolist() == [1, 3, 1]


ROW = st.tuples(
    st.sampled_from("pqrs"),
    st.sampled_from("abcdef"),
    st.integers(-10, 40),
    st.integers(0, 20),
    st.floats(0.1, 9),
    st.booleans(),
)


@settings(max_examples=30, deadline=None)
@given(st.lists(ROW, min_size=1, max_size=30))
def test_what_happens_or_becomes_known_after_a_date_changes_nothing_read_as_of_it(
    rows: list[tuple[str, str, int, int, float, bool]],
) -> None:
    def read(only_known: bool) -> tuple[object, ...]:
        with duckdb.connect() as con:
            con.execute(TABLES)
            for person, item, days, late, weight, bought in rows:
                day = back(days)
                known = day + timedelta(days=late)
                if not only_known or max(day, known) <= CUT:
                    add(con, person, item, day, weight, known=known, bought=bought, category=item if days % 2 else None)
            data = RecommendationData(con, parse_settings(BASE), WEIGHTS)
            items = data.catalogue(CUT)
            known_by = data.learned(CUT, len(items))
            return (
                list(items.items),
                items.category.tolist(),
                items.n_recent.tolist(),
                items.n_persons.tolist(),
                items.n_known,
                *(matrix.toarray().tolist() for matrix in vars(known_by).values()),
                data.n_known_by(CUT),
            )

    assert read(only_known=True) == read(only_known=False)


def test_parts_hold_everybody_once_and_say_the_same_as_one(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(5)
    con.execute("insert into marts.dim_users select 'p' || i, i % 10 = 9 from range(100) as r(i)")
    for person, item, day in zip(
        rng.integers(0, 100, 300), rng.integers(0, 9, 300), rng.integers(0, 30, 300), strict=True
    ):
        if person % 10 != 9:
            add(con, f"p{person}", f"i{item}", back(int(day)))
    data = RecommendationData(con, settings_of(tmp_path), WEIGHTS)
    n_items = len(data.catalogue(CUT, is_serving=True))

    def by_person() -> pd.DataFrame:
        parts = list(data.parts(CUT, n_items))
        frames = [pd.DataFrame(p.known.weights.toarray(), index=p.persons) for p in parts]
        assert all(p.persons == sorted(p.persons) for p in parts)
        return pd.concat(frames).sort_index().assign(n_parts=len(parts))

    whole = by_person()
    monkeypatch.setattr(recommendation_data, "PERSONS_PER_PART", 11)
    in_parts = by_person()
    assert (set(whole["n_parts"]), len(whole)) == ({1}, 90) and in_parts["n_parts"].iloc[0] > 5
    pd.testing.assert_frame_equal(whole.drop(columns="n_parts"), in_parts.drop(columns="n_parts"))


def test_too_many_persons_and_items_of_a_person_are_cut_the_same_way_each_time(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for person in range(30):
        for item in range(6):
            add(con, f"p{person}", f"i{item}", back(item), 1.0, bought=item == 5)
    monkeypatch.setattr(recommendation_data, "MAX_LEARNT_FROM", 10)
    monkeypatch.setattr(recommendation_data, "MAX_ITEMS_OF_PERSON", 3)
    data = RecommendationData(con, settings_of(tmp_path), WEIGHTS)
    data.catalogue(CUT)
    found = [data.learned(CUT, 6) for _ in range(2)]
    assert len(found[0]) == 10 and (found[0].weights != found[1].weights).nnz == 0
    # the three strongest, and what was bought, which has to stay hidden
    assert (found[0].weights.toarray() > 0).tolist() == [[True, True, True, False, False, True]] * 10


def test_items_listed_as_unavailable_are_not_available_tonight_and_were_then(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    (tmp_path / "stock.csv").write_text("item_id,since\n 007 ,today\n\nb,x\n", encoding="utf-8")
    for item in ("007", "7", "b"):
        add(con, "p", item, back(1))
    data = RecommendationData(con, settings_of(tmp_path, "recommendations: {unavailable_items: stock.csv}\n"), WEIGHTS)
    assert data.catalogue(CUT, is_serving=True).is_available.tolist() == [False, True, False]
    assert data.catalogue(CUT).is_available.all()


def test_a_parquet_file_may_name_them_by_number(tmp_path: Path) -> None:
    duckdb.execute(f"copy (select 7 as item_id union all select null) to '{tmp_path}/stock.parquet'")
    assert read_unavailable(
        settings_of(tmp_path, "recommendations: {unavailable_items: '{home}/stock.parquet'}\n")
    ) == {"7"}


@pytest.mark.parametrize(("content", "words"), [(None, "no such file"), ("sku\n1\n", "item_id")])
def test_a_list_that_is_missing_or_no_list_is_a_mistake_of_the_config(
    tmp_path: Path, content: str | None, words: str
) -> None:
    if content:
        (tmp_path / "stock.csv").write_text(content, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        read_unavailable(settings_of(tmp_path, "recommendations:\n  top_n: 5\n  unavailable_items: stock.csv\n"))
    assert (caught.value.key, caught.value.line) == ("recommendations.unavailable_items", 5)
    assert words in str(caught.value)
