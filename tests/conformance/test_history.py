"""Since when somebody is at risk: nights in any order of as_of, skipped, run again, against a plain reading; and what
the file survives.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.build.user_history import keep_history, restore_history
from pipeline.home.paths import HomePaths
from pipeline.privacy import places
from pipeline.privacy.person import Person
from pipeline.privacy.search import find
from tests.conformance.harness import compiled
from tests.conformance.reference.history import Decisions, Interval, history

PLACEHOLDER = "1999-12-31"
SHOWN = "select person_id, attribute, value, valid_from, valid_to, changed_after_date from activation.user_history"
Steps = list[tuple[str, str]]


def day(number: int) -> date:
    return date(2026, 1, number)


@pytest.fixture(scope="module")
def steps() -> Steps:
    return compiled(["user_history"], {"as_of_date": PLACEHOLDER})


def night(paths: HomePaths, steps: Steps, as_of: date, decided: Decisions, *, is_kept: bool = True) -> list[Interval]:
    """One night by the model's SQL and the keeper of its file; what is then published."""
    paths.build_db.unlink(missing_ok=True)
    paths.build_db.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(paths.build_db)) as con:
        con.execute("create schema staging; create schema marts; create schema ml; create schema activation")
        columns = "person_id varchar, attribute varchar, value varchar, valid_from date, valid_to date"
        con.execute(f"create table staging.stg_user_history ({columns})")
        if paths.user_history.exists():
            con.execute(f"insert into staging.stg_user_history from '{paths.user_history}'")
        for table, attribute in (("marts.dim_users", "lifecycle_stage"), ("ml.user_segments", "segment")):
            con.execute(f"create table {table} (person_id varchar, {attribute} varchar)")
            for (person, what), value in decided.items():
                if what == attribute:
                    con.execute(f"insert into {table} values (?, ?)", [person, value])
        for table, sql in steps:
            con.execute(f"create table {table} as {sql.replace(PLACEHOLDER, as_of.isoformat())}")
        shown = con.execute(f"{SHOWN} order by person_id, attribute, valid_from").fetchall()
    if is_kept:
        keep_history(paths, as_of)
    return shown


def at_risk(person: str = "p", segment: str = "at_risk") -> Decisions:
    return {(person, "segment"): segment}


# Nights as (as_of, segment of p or None), and the intervals the last of them shows.
CASES: dict[str, tuple[Sequence[tuple[int, str | None]], list[tuple[str, int, int | None, int | None]]]] = {
    "she_became_at_risk_on_the_second": (
        [(1, "new"), (2, "at_risk"), (3, "at_risk")],
        [("new", 1, 2, None), ("at_risk", 2, None, 1)],
    ),
    "a_skipped_night_leaves_open_when_it_was": (
        [(1, "new"), (5, "at_risk")],
        [("new", 1, 5, None), ("at_risk", 5, None, 1)],
    ),
    "the_same_night_again_changes_nothing": (
        [(1, "new"), (2, "at_risk"), (2, "at_risk")],
        [("new", 1, 2, None), ("at_risk", 2, None, 1)],
    ),
    "the_same_night_again_with_another_answer_counts_once": (
        [(1, "new"), (2, "at_risk"), (2, "new")],
        [("new", 1, None, None)],
    ),
    "an_earlier_as_of_shows_nothing_later": (
        [(1, "new"), (2, "new"), (4, "at_risk"), (2, "new")],
        [("new", 1, None, None)],
    ),
    "later_nights_come_back_when_as_of_does": (
        [(1, "new"), (2, "new"), (4, "at_risk"), (2, "new"), (5, "at_risk")],
        [("new", 1, 4, None), ("at_risk", 4, None, 2)],
    ),
    "an_earlier_night_decided_otherwise_lasts_until_the_next": (
        [(1, "new"), (2, "new"), (3, "new"), (2, "at_risk"), (3, "new")],
        [("new", 1, 2, None), ("at_risk", 2, 3, 1), ("new", 3, None, 2)],
    ),
    "an_earlier_night_that_agrees_with_the_next_joins_it": (
        [(1, "new"), (2, "new"), (3, "at_risk"), (2, "at_risk"), (4, "at_risk")],
        [("new", 1, 2, None), ("at_risk", 2, None, 1)],
    ),
    "an_earlier_night_never_run_before": (
        [(1, "new"), (5, "at_risk"), (3, "at_risk"), (6, "at_risk")],
        [("new", 1, 3, None), ("at_risk", 3, None, 1)],
    ),
    "a_night_without_a_segment_is_a_gap": (
        [(1, "regular"), (2, None), (3, "regular")],
        [("regular", 1, 2, None), ("regular", 3, None, 2)],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_intervals_worked_out_by_hand(case: str, steps: Steps, tmp_path: Path) -> None:
    nights, wanted = CASES[case]
    shown: list[Interval] = []
    for number, segment in nights:
        shown = night(HomePaths(tmp_path), steps, day(number), at_risk(segment=segment) if segment else {})
    assert [(value, *(d and d.day for d in days)) for _, _, value, *days in shown] == wanted


MAPPINGS = st.dictionaries(
    st.tuples(st.sampled_from(["p", "q", "anon:d"]), st.sampled_from(["segment", "lifecycle_stage"])),
    st.sampled_from(["new", "active", "gone"]),
)


@settings(max_examples=40, deadline=None)
@given(nights=st.lists(st.tuples(st.integers(1, 6), MAPPINGS), min_size=1, max_size=7))
def test_any_order_of_nights_is_a_plain_reading_of_what_each_date_decided_last(
    nights: list[tuple[int, Decisions]], steps: Steps
) -> None:
    decisions: dict[date, Decisions] = {}
    with TemporaryDirectory() as folder:
        for number, decided in nights:
            decisions[day(number)] = decided
            assert night(HomePaths(Path(folder)), steps, day(number), decided) == history(decisions, day(number))


@pytest.fixture
def three_nights(steps: Steps, tmp_path: Path) -> HomePaths:
    paths = HomePaths(tmp_path)
    for number, segment in ((1, "new"), (2, "at_risk"), (3, "at_risk")):
        night(paths, steps, day(number), {**at_risk(segment=segment), **at_risk("user-8472", segment)})
    return paths


def test_a_night_that_broke_off_before_publishing_leaves_no_trace(three_nights: HomePaths, steps: Steps) -> None:
    night(three_nights, steps, day(4), at_risk(segment="dormant"), is_kept=False)
    shown = night(three_nights, steps, day(5), at_risk())
    assert shown[0] == ("p", "segment", "new", day(1), day(2), None)
    assert shown[1] == ("p", "segment", "at_risk", day(2), None, day(1))


def test_an_erased_person_is_in_the_history_no_more_and_the_others_are(three_nights: HomePaths, steps: Steps) -> None:
    person = Person(users=frozenset({"user-8472"}))
    with duckdb.connect() as con:
        person.words.install(con)
        assert places.clean(con, three_nights.user_history, person, 100) == 2
        assert find(con, three_nights.user_history, person, 100).n == 0
    shown = night(three_nights, steps, day(4), at_risk())
    assert [row[0] for row in shown] == ["p", "p"]
    assert shown[1][3:] == (day(2), None, day(1))


def test_a_lost_file_is_restored_from_the_published_version(three_nights: HomePaths, steps: Steps) -> None:
    before = _rows(three_nights)
    with duckdb.connect(str(three_nights.warehouse)) as con:
        con.execute(
            f"attach '{three_nights.build_db}' as build (read_only); create schema activation; create schema ops"
        )
        con.execute("create table activation.user_history as from build.activation.user_history")
        con.execute(
            "create table ops.published_versions as select date '2026-01-01' + i::int as as_of_date "
            "from range(3) as r(i)"
        )
        con.execute("insert into ops.published_versions values ('2026-01-03')")
    three_nights.user_history.unlink()
    restore_history(three_nights)
    assert _rows(three_nights) == before


def test_what_ended_longer_ago_than_raw_data_are_kept_goes(three_nights: HomePaths) -> None:
    keep_history(three_nights, day(3), max_days=1)
    assert len(_rows(three_nights)) == 7
    keep_history(three_nights, day(3) + timedelta(days=30), max_days=1)
    assert {row[2] for row in _rows(three_nights)} == {None, "at_risk"}


def _rows(paths: HomePaths) -> list[tuple[object, ...]]:
    return duckdb.execute(f"from '{paths.user_history}' order by all").fetchall()
