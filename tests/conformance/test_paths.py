"""Paths: hand-made and public logs against the SQL and against a plain reading of the definitions, and random logs.

Also here: a two-step path and the strict session funnel are the same count. Not here: how sessions come about.
"""

from __future__ import annotations

import random
from dataclasses import asdict
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conformance.cases.paths import OURS, Case
from tests.conformance.cases.paths_public import CLICKHOUSE, POSTHOG
from tests.conformance.harness import compiled, run_compiled
from tests.conformance.reference.paths import Event, Paths, Rules, paths

CASES = (*OURS, *POSTHOG, *CLICKHOUSE)

MODELS = [
    "fct_session_paths",
    "int_session_steps",
    "int_person_transitions",
    "path_transitions",
    "path_sequences",
    "path_flows",
    "path_drop_offs",
]
EVENTS = (
    "session_id varchar, person_id varchar, event_number bigint, event_at timestamp, event_date date, event_name "
    "varchar, "
    "page_path varchar, next_event_name varchar, next_gap_s double, is_session_start boolean, is_bot boolean"
)
RANDOM_RULES = (
    Rules(),
    Rules(start="b", end="c"),
    Rules(groups=("/p/*", "/"), end="c"),
    Rules(start="/p/*", groups=("/p/1", "/p/*"), page_events=("page_view", "a")),
)


@cache
def steps_of(rules: Rules) -> list[tuple[str, str]]:
    return compiled(MODELS, {"paths": {**asdict(rules), "groups": list(rules.groups)}})


def from_sql(events: list[Event], revenue: dict[str, float], rules: Rules) -> Paths:
    """The tables that the SQL makes of the events, as the reference gives them; a bot's session stands beside them."""
    bot = [Event("bot", "bot", 1, "a", "/p/1"), Event("bot", "bot", 2, "purchase")]
    ordered = sorted(events + bot, key=lambda event: (event.session, event.number))
    rows = []
    for place, event in enumerate(ordered):
        follower = ordered[place + 1] if place + 1 < len(ordered) else None
        follower = follower if follower and follower.session == event.session else None
        at = f"2026-01-05 10:{event.number // 60:02}:{event.number % 60:02}"
        rows.append(
            (
                event.session,
                event.person,
                event.number,
                at,
                "2026-01-05",
                event.name,
                event.page,
                follower.name if follower else None,
                follower.number - event.number if follower else None,
                place == 0 or ordered[place - 1].session != event.session,
                event.person == "bot",
            )
        )
    random.Random(len(rows)).shuffle(rows)
    sessions = [(session, revenue.get(session, 0.0)) for session in {event.session for event in ordered}]
    con = run_compiled(
        steps_of(rules),
        {
            "marts.fct_events": (EVENTS, rows),
            "marts.fct_sessions": ("session_id varchar, revenue double", sessions),
        },
    )

    def table(query: str, n_keys: int) -> dict:
        return {row[:n_keys] if n_keys > 1 else row[0]: row[n_keys:] for row in con.execute(query).fetchall()}

    found = Paths(
        table("select path, n_sessions, n_persons, session_share, conversion_rate from marts.path_sequences", 1),
        table("select anchor, step_number, from_step, to_step, n_sessions, n_persons from marts.path_flows", 4),
        table("select from_event, to_event, n_transitions, n_sessions, n_persons from marts.path_transitions", 2),
        table(
            "select step, n_sessions_reached, n_sessions_lost, n_persons_lost, n_persons_never_converted, "
            "revenue_at_stake from marts.path_drop_offs",
            1,
        ),
    )
    con.close()
    return found


def events_of(case: Case) -> list[Event]:
    return [
        Event(
            f"{person}/{place}",
            person,
            number,
            "page_view" if word.startswith("/") else word,
            word if word.startswith("/") else None,
        )
        for person, sessions in case.log.items()
        for place, words in enumerate(sessions)
        for number, word in enumerate(words.split(), start=1)
    ]


def approximately(found: dict) -> dict:
    return {key: pytest.approx(row) for key, row in found.items()}


@pytest.mark.parametrize("reading", [from_sql, paths], ids=["sql", "plain"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_log_gives_what_was_worked_out_by_hand(case: Case, reading) -> None:
    found = reading(events_of(case), case.revenue, case.rules)
    for table, expected in case.expected.items():
        rows = getattr(found, table)
        held = {key: rows.get(key, ())[: len(figures)] for key, figures in expected.items()}
        assert held == approximately(expected), table
        assert not case.only or set(rows) == set(expected), table


STEPS = st.tuples(
    st.sampled_from(["a", "b", "c", "page_view", "purchase"]), st.sampled_from([None, "/", "/p/1", "/p/2/", "/q"])
)
LOGS = st.lists(st.tuples(st.sampled_from("xyz"), st.lists(STEPS, min_size=1, max_size=14)), min_size=1, max_size=6)


@settings(max_examples=30, deadline=None)
@given(log=LOGS, rules=st.sampled_from(RANDOM_RULES))
def test_random_logs_give_the_same_by_both_readings(log, rules: Rules) -> None:
    events = [
        Event(f"s{place}", person, number, name, page)
        for place, (person, steps) in enumerate(log)
        for number, (name, page) in enumerate(steps, start=1)
    ]
    revenue = {f"s{place}": 10.0 * place for place in range(len(log))}
    by_sql, plain = from_sql(events, revenue, rules), paths(events, revenue, rules)
    assert by_sql.transitions == plain.transitions
    assert by_sql.flows == plain.flows
    assert by_sql.sequences == approximately(plain.sequences)
    assert by_sql.drop_offs == approximately(plain.drop_offs)
