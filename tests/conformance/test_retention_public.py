"""What other projects' test suites say of retention and lifecycle, and random logs, against the SQL.

The public figures hold for the SQL where our definition is theirs; where it is not, ours stand beside theirs in the
case.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conformance.cases.lifecycle_public import LIFECYCLE_CASES, LifecycleCase
from tests.conformance.cases.retention_public import PLAIN, RETENTION_CASES, PublicCase
from tests.conformance.reference import lifecycle as plain
from tests.conformance.reference.retention import Event, Rules, retention
from tests.conformance.retention_tables import rows_of, sql_cells, sql_lifecycle, tables

# Clocks go back on 2 November 2025; the history given starts after a stray event.
AUTUMN = Rules(
    as_of=date(2025, 11, 9),
    timezone="America/New_York",
    week_start="sunday",
    max_days=6,
    max_weeks=1,
    max_months=1,
    brackets=((0, 1), (1, 2), (2, 12)),
    warm_up_days=3,
    history_start=date(2025, 10, 30),
)
NAMED = Rules(
    as_of=date(2025, 11, 9),
    start_event="sign_up",
    return_event="purchase",
    max_days=3,
    max_weeks=2,
    max_months=0,
    brackets=(),
    warm_up_days=0,
    week_start="wednesday",
)
CHANNELS = {f"p{n}": ("direct", "email", "paid")[n % 3] for n in range(40)}


@pytest.mark.parametrize("case", RETENTION_CASES, ids=lambda case: case.test)
def test_retention_figures_of_other_projects(case: PublicCase) -> None:
    cells = sql_cells(tables(case.log, case.rules))
    for row in case.rows:
        expected = row.theirs if row.ours is None else row.ours
        found = [cells.get((row.mode, row.grain, row.cohort, period)) for period in range(len(expected))]
        assert [len(cell.retained) if cell else None for cell in found] == list(expected)
        if not expected:
            assert (row.mode, row.grain, row.cohort, 0) not in cells
        assert row.ours is None or row.ours == row.theirs or case.why
    assert cells == retention(case.log, case.rules)


@pytest.mark.parametrize("case", LIFECYCLE_CASES, ids=lambda case: case.test)
def test_lifecycle_figures_of_other_projects(case: LifecycleCase) -> None:
    periods = sql_lifecycle(tables(case.log, case.rules))
    starts = sorted(start for grain, start in periods if grain == case.grain and start >= case.first)
    for state in ("new", "returning", "resurrected", "dormant"):
        expected = getattr(case, state)
        found = [len(getattr(periods[case.grain, start], state)) for start in starts[: len(expected)]]
        assert found == list(expected), state
    assert periods == plain.lifecycle(case.log, case.rules)


def test_who_a_cell_holds_is_told_as_another_project_tells_it() -> None:
    """PostHog's test_retention_people_in_period_first_time: the periods in which the one person of 10 June appears."""
    case = next(case for case in RETENTION_CASES if case.test == "test_first_time_retention")
    rows = rows_of(
        tables(case.log, case.rules),
        "select person_id, list(period_number order by period_number) from marts.retention_persons "
        "where mode = 'calendar_on' and grain = 'day' and cohort_start = '2020-06-10' and is_retained group by all",
    )
    assert rows == [("p3", [0, 1, 3, 4, 5])]


def test_a_breakdown_is_retention_among_the_persons_of_a_value() -> None:
    """PostHog's test_retention_with_breakdown_with_person_properties, its countries as channels: first row of each."""
    days = {"p1": (0, 1, 3), "p3": (0, 2), "p2": (0, 1, 4), "p4": (0, 5)}
    log = [Event(p, "view", datetime(2020, 6, 10 + day, 5)) for p, numbers in days.items() for day in numbers]
    con = tables(log, PLAIN, {"p1": "US", "p2": "UK", "p3": "US", "p4": "Germany"})
    rows = rows_of(
        con,
        "select breakdown_value, list(n_retained order by period_number) from activation.retention_breakdown where "
        "mode = 'calendar_on' and grain = 'day' and period_number < 6 group by breakdown_value order by 1",
    )
    assert rows == [("Germany", [1, 0, 0, 0, 0, 1]), ("UK", [1, 1, 0, 0, 1, 0]), ("US", [2, 1, 1, 1, 0, 0])]


def _moments() -> st.SearchStrategy[datetime]:
    """Times of three weeks around the change of clocks, most of them near a midnight or a whole day from another."""
    hours = st.sampled_from((0, 3, 4, 5, 6, 12, 23)) | st.integers(0, 23)
    seconds = st.sampled_from((0, 1, 1799, 1800, 3599)) | st.integers(0, 3599)
    return st.builds(
        lambda day, hour, second: datetime(2025, 10, 25) + timedelta(day, second, hours=hour),
        st.sampled_from((6, 7, 8, 9)) | st.integers(0, 20),
        hours,
        seconds,
    )


def _logs() -> st.SearchStrategy[list[Event]]:
    person = st.integers(0, 39)
    names = st.sampled_from(("view", "view", "sign_up", "purchase"))
    event = st.builds(
        lambda n, name, at, cents: Event(f"p{n}", name, at, cents / 100 if name == "purchase" else 0.0, n % 13 == 12),
        person,
        names,
        _moments(),
        st.integers(0, 9999),
    )
    return st.lists(event, min_size=1, max_size=150)


@pytest.mark.parametrize("rules", [AUTUMN, NAMED], ids=["autumn", "named"])
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(log=_logs(), order=st.randoms(use_true_random=False))
def test_random_logs_give_what_the_plain_reading_gives_in_any_order(
    rules: Rules, log: list[Event], order: object
) -> None:
    known = [event for event in log if rules.local(event.at) <= rules.as_of]
    if not any(not event.is_bot for event in known):
        return
    order.shuffle(log)  # type: ignore[attr-defined]
    con = tables(log, rules, CHANNELS)
    cells = sql_cells(con)
    assert cells == retention(known, rules)
    assert sql_lifecycle(con) == plain.lifecycle(known, rules)
    activity = rows_of(con, "select activity_date, dau, wau, mau from marts.user_activity")
    assert {day: tuple(counts) for day, *counts in activity} == plain.activity(known, rules)
    power = rows_of(con, "select month_start, n_active_days, n_persons from marts.power_user_curve where n_persons > 0")
    assert {(month, n): count for month, n, count in power} == plain.power_users(known, rules)
    broken_down = {}
    for channel in set(CHANNELS.values()):
        for key, cell in retention([e for e in known if CHANNELS[e.person] == channel], rules).items():
            broken_down[(channel, *key)] = (cell.n_cohort, len(cell.retained), cell.revenue, cell.cumulative_revenue)
            # as mature and as warm as the whole cohort
            assert key in cells
    rows = rows_of(
        con,
        "select breakdown_value, mode, grain, cohort_start, period_number, n_cohort, n_retained, round(revenue, 6), "
        "round(cumulative_revenue, 6), is_mature, is_warm_up from activation.retention_breakdown",
    )
    assert {tuple(row[:5]): tuple(row[5:9]) for row in rows} == broken_down
    assert all(cells[tuple(row[1:5])][4:] == tuple(row[9:]) for row in rows)


def test_the_random_logs_are_in_the_hours_that_come_twice() -> None:
    """The clocks of the first config do go back within its logs: 2 November has 25 hours."""
    zone = ZoneInfo(AUTUMN.timezone)
    first, second = (datetime(2025, 11, day, tzinfo=zone).astimezone(ZoneInfo("UTC")) for day in (2, 3))
    assert second - first == timedelta(hours=25)
