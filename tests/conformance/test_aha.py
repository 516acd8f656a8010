"""Aha moments: the SQL against scipy and a plain reading of the definition, hand-made traps, and what a simulation
planted.
"""

from __future__ import annotations

import random
from datetime import date, timedelta
from functools import cache

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from tests.conformance.harness import compiled, run_compiled
from tests.conformance.reference.aha import Day, Rules, moments

MODELS = ["aha_persons", "aha_moments"]
DAYS = (
    "person_id varchar, activity_date date, known_date date, event_name varchar, n_events bigint, n_sessions bigint, "
    "is_bot boolean"
)
START = date(2026, 1, 1)
AS_OF = date(2026, 1, 31)
SMALL = Rules(counts=(1, 2), days=(1, 3), retention_days=4)


@cache
def steps_of(rules: Rules, as_of: date = AS_OF) -> list[tuple[str, str]]:
    aha = {
        "start_event": rules.start_event,
        "counts": list(rules.counts),
        "days": list(rules.days),
        "retention_days": rules.retention_days,
    }
    return compiled(MODELS, {"aha": aha, "as_of_date": as_of.isoformat()})


def from_sql(log: list[Day], rules: Rules) -> dict[tuple[str, int, int], dict]:
    """Rows of aha_moments; the days of a bot and a second arrival of the same day stand beside the log."""
    rows = [(row.person, row.day, row.day, row.event, row.n, row.sessions, False) for row in log]
    late = [
        (person, day, day + timedelta(days=2), event, 1, 0, bot) for person, day, _, event, n, _, bot in rows if n > 1
    ]
    rows = [(*row[:4], row[4] - 1 if row[4] > 1 else row[4], *row[5:]) for row in rows]
    rows += [
        *late,
        ("bot", START, START, "sign_up", 1, 1, True),
        ("bot", START + timedelta(days=4), START, "x", 9, 9, True),
    ]
    random.Random(7).shuffle(rows)
    con = run_compiled(steps_of(rules), {"intermediate.int_person_event_days": (DAYS, rows)})
    found = con.execute("select * from marts.aha_moments")
    names = [column[0] for column in found.description]
    table = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
    con.close()
    return {(row["event_name"], row["min_count"], row["within_days"]): row for row in table}


def person(name: str, start: int, early: str = "", stays: bool = False, sessions: int = 1) -> list[Day]:
    """Somebody who signs up on that day of January, does the words of `early` then and comes back on the fifth day
    after.
    """
    day = START + timedelta(days=start - 1)
    words = early.split()
    rows = [Day(name, day, "sign_up", 1, sessions), *(Day(name, day, word, words.count(word)) for word in set(words))]
    return [*rows, Day(name, day + timedelta(days=4), "view", 1, 1)] if stays else rows


def crowd(prefix: str, n: int, start: int, early: str, n_stay: int) -> list[Day]:
    return [row for i in range(n) for row in person(f"{prefix}{i}", start, early, stays=i < n_stay)]


def test_the_start_date_is_the_first_of_the_days_and_staying_begins_after_the_last() -> None:
    on_the_last = Day("a", START + timedelta(days=2), "x", 1)
    after_it = Day("b", START + timedelta(days=3), "x", 1)
    log = [*person("a", 1), *person("b", 1), *person("c", 1), on_the_last, after_it]
    row = from_sql(log, SMALL)["x", 1, 3]
    assert (row["n_persons"], row["n_did"], row["retention_rate_did"], row["retention_rate_did_not"]) == (
        3,
        1,
        0.0,
        0.5,
    )
    assert ("x", 1, 1) not in from_sql(log, SMALL)


def test_whoever_has_not_had_time_to_stay_is_nobody() -> None:
    # 3 days and 4 of staying: the last to count starts on the 25th of January. The window of one day lets two more in.
    log = [row for day in (25, 26, 27, 28) for row in person(f"p{day}", day, "x")]
    assert [from_sql(log, SMALL)["x", 1, days]["n_persons"] for days in (3, 1)] == [1, 2]


def test_the_middle_cohort_belongs_to_the_earlier_half_and_cohorts_count_not_persons() -> None:
    log = [row for day, n in ((1, 1), (2, 1), (3, 5)) for i in range(n) for row in person(f"p{day}-{i}", day, "x")]
    row = from_sql(log, SMALL)["x", 1, 1]
    assert (row["n_persons"], row["later_n_persons"]) == (2, 5)


def test_where_nobody_signs_up_the_first_event_is_the_start() -> None:
    log = [Day("a", START, "x", 2), Day("a", START + timedelta(days=1), "y", 1)]
    found = from_sql(log, SMALL)
    assert {key for key in found if key[2] == 1} == {("x", 1, 1), ("x", 2, 1)}
    assert found["x", 1, 1]["retention_rate_did"] == 1.0


def test_the_start_event_is_no_behaviour_and_a_day_before_it_does_not_count() -> None:
    log = [Day("a", START, "x", 1), *person("a", 2, "y")]
    assert {key[0] for key in from_sql(log, SMALL)} == {"y"}
    assert {key[0] for key in from_sql(log, Rules("y", (1,), (3,), 4))} == {"sign_up"}


def test_figures_of_a_table_worked_out_by_hand() -> None:
    # 40 did, 30 stayed; 60 did not, 15 stayed: φ = (30·45 − 10·15) / √(40·60·45·55) = 1200 / 2437.2, χ² = 100 φ² =
    # 24.2424
    log = crowd("did", 40, 1, "x", 30) + crowd("not", 60, 1, "", 15)
    row = from_sql(log, SMALL)["x", 1, 1]
    assert (row["n_did"], row["n_did_not"], row["precision"], row["retention_rate_did_not"]) == (40, 60, 0.75, 0.25)
    assert (row["lift"], row["recall"]) == (3.0, pytest.approx(30 / 45))
    assert row["phi"] == pytest.approx(0.492366, abs=1e-6)
    assert row["p_value"] == pytest.approx(8.4946e-07, rel=1e-3)
    assert row["holds_out_of_time"] is None


def test_a_behaviour_too_rare_for_the_test_has_no_p_value_and_comes_last() -> None:
    log = crowd("did", 4, 1, "x", 4) + crowd("not", 60, 1, "", 30) + crowd("more", 40, 1, "y", 30)
    found = from_sql(log, SMALL)
    assert found["x", 1, 1]["p_value"] is found["x", 1, 1]["p_value_adjusted"] is None
    assert found["y", 1, 1]["aha_rank"] < found["x", 1, 1]["aha_rank"]


def test_what_holds_only_on_the_earlier_half_does_not_hold() -> None:
    found_early = crowd("did", 40, 1, "x y", 30) + crowd("not", 60, 1, "", 15)
    later = crowd("did2-", 40, 2, "x", 12) + crowd("not2-", 60, 2, "y", 40)
    row = from_sql(found_early + later, SMALL)
    assert row["x", 1, 1]["later_phi"] < 0
    assert not row["x", 1, 1]["holds_out_of_time"]
    assert row["y", 1, 1]["holds_out_of_time"]


def test_what_all_who_stay_do_is_structural() -> None:
    log = crowd("did", 80, 1, "x", 58) + crowd("not", 20, 1, "", 2)
    row = from_sql(log, SMALL)["x", 1, 1]
    assert (row["recall"], row["structural_reason"]) == (pytest.approx(58 / 60), "done_by_all_who_stay")


def test_what_only_the_active_do_is_structural_and_what_helps_among_equals_is_not() -> None:
    # With the sessions the share who see the page grows, and the share who stay; given the sessions, the page changes
    # nothing and
    # a friend a third: every combination of the three is there equally often.
    log: list[Day] = []
    for sessions in (1, 2, 3, 4):
        for i in range(4 * 2 * 12):
            page, friend, luck = i % 4 < sessions, (i // 4) % 2, i // 8
            words = " ".join(["page"] * page + ["friend"] * friend)
            log += person(f"p{sessions}-{i}", 1, words, luck < 2 * sessions + 4 * friend, sessions)
    found = from_sql(log, SMALL)
    page_row, friend_row = found["page", 1, 1], found["friend", 1, 1]
    assert page_row["p_value_adjusted"] < 0.05
    assert friend_row["p_value_adjusted"] < 0.05
    assert page_row["activity_adjusted_lift"] == pytest.approx(1)
    assert (page_row["structural_reason"], friend_row["structural_reason"]) == ("explained_by_activity", None)
    assert (friend_row["aha_rank"], page_row["is_structural"], friend_row["is_structural"]) == (1, True, False)


@pytest.mark.parametrize("chi_square", [0.0, 0.001, 0.5, 1.0, 3.841, 10.0, 50.0, 400.0, 1300.0])
def test_p_values_are_those_of_scipy(chi_square: float) -> None:
    # the SQL of the macro as the model has it, with the number in place of the column
    sql = dict(steps_of(SMALL))["marts.aha_moments"]
    expression = sql.split("case when is_testable then", 1)[1].split("end as p_value", 1)[0]
    found = duckdb.execute(f"select {expression.replace('chi_square', f'{chi_square}::double')}").fetchone()
    assert found is not None
    assert found[0] == pytest.approx(float(stats.chi2.sf(chi_square, 1)), rel=2e-7)


PEOPLE = st.lists(
    st.tuples(
        st.integers(1, 28),
        st.sampled_from(["", "x", "x x", "y", "x y y", "z z z"]),
        st.booleans(),
        st.integers(1, 3),
        st.sampled_from([0, 1, 2, 3, 6]),
        st.sampled_from(["x", "y", "sign_up"]),
    ),
    min_size=30,
    max_size=80,
)


@settings(max_examples=15, deadline=None)
@given(people=PEOPLE, rules=st.sampled_from([SMALL, Rules("x", (1, 3), (2,), 3)]))
def test_random_logs_give_what_scipy_and_a_plain_reading_give(people: list, rules: Rules) -> None:
    log: dict[tuple, Day] = {}
    for i, (start, early, stays, sessions, later, event) in enumerate(people):
        extra = Day(f"p{i}", START + timedelta(days=start - 1 + later), event, 2, 1)
        for row in [*person(f"p{i}", start, early, stays, sessions), extra]:
            log[row.person, row.day, row.event] = row
    by_sql, plain = from_sql(list(log.values()), rules), moments(list(log.values()), AS_OF, rules)
    assert set(by_sql) == set(plain)
    for key, expected in plain.items():
        for name, figure in expected.items():
            close = figure if figure is None else pytest.approx(figure, rel=1e-6, abs=1e-9)
            assert by_sql[key][name] == close, (key, name)
