"""On the shop's published warehouse: paths and aha moments can be recounted from the tables of persons and sessions."""

from __future__ import annotations

import duckdb
import pytest


def one(con: duckdb.DuckDBPyConnection, query: str) -> tuple:
    row = con.execute(query).fetchone()
    assert row is not None
    return row


def test_every_session_is_in_one_sequence_and_the_conversion_is_a_purchase(
    warehouse: duckdb.DuckDBPyConnection,
) -> None:
    n_sessions, n_converted = one(
        warehouse, "select count(*), count(*) filter (is_converted) from marts.fct_sessions where not is_bot"
    )
    n, share, converted = one(
        warehouse,
        "select sum(n_sessions), sum(session_share), sum(n_sessions * conversion_rate) from marts.path_sequences",
    )
    assert (n, share, converted) == (n_sessions, pytest.approx(1), pytest.approx(n_converted))


def test_a_move_from_the_entry_is_a_transition_too(warehouse: duckdb.DuckDBPyConnection) -> None:
    n_more, n_flows = one(
        warehouse,
        """
        select count(*) filter (transitions.n_sessions is null or flows.n_sessions > transitions.n_sessions), count(*)
        from marts.path_flows as flows
        left join marts.path_transitions as transitions
            on flows.from_step = transitions.from_event and flows.to_step = transitions.to_event
        where flows.anchor = 'entry'
    """,
    )
    assert n_more == 0 and n_flows > 50


def test_money_at_stake_is_recounted_from_the_events(warehouse: duckdb.DuckDBPyConnection) -> None:
    recounted = warehouse.execute("""
        with events as (select * from marts.fct_events where session_id is not null and not is_bot),
        bought as (
            select session_id, min(event_number) as bought_at from events where event_name = 'purchase' group by all
        ),
        reached as (
            select distinct session_id, event_name from events left join bought using (session_id)
            where bought_at is null or event_number < bought_at
        ),
        last as (select session_id, arg_max(event_name, event_number) as event_name from events group by all)
        select reached.event_name, count(*), count(*) filter (is_lost),
            count(*) filter (is_lost)
            * coalesce(sum(revenue) filter (not is_lost) / nullif(count(*) filter (not is_lost), 0), 0)
        from (
            select reached.*, sessions.revenue,
                not sessions.is_converted and last.event_name = reached.event_name as is_lost
            from reached join marts.fct_sessions as sessions using (session_id) join last using (session_id)
        ) as reached
        group by 1 order by 1
    """).fetchall()
    table = warehouse.execute(
        "select step, n_sessions_reached, n_sessions_lost, revenue_at_stake from marts.path_drop_offs order by 1"
    ).fetchall()
    assert [row[:3] for row in table] == [row[:3] for row in recounted]
    assert [row[3] for row in table] == pytest.approx([row[3] for row in recounted])
    assert one(warehouse, "select max(revenue_at_stake) > 0 from marts.path_drop_offs where drop_off_rank = 1") == (
        True,
    )


def test_a_moment_is_recounted_from_persons_and_events(warehouse: duckdb.DuckDBPyConnection) -> None:
    n_did, n_stayed = one(
        warehouse,
        """
        with did as (
            select person_id from marts.aha_persons as persons join marts.fct_events as events using (person_id)
            where within_days = 3 and is_earlier_half and event_name = 'view_item'
                and event_date between start_date and start_date + 2
            group by 1 having count(*) >= 2
        )
        select count(*), count(*) filter (is_retained)
        from did join marts.aha_persons using (person_id) where within_days = 3
    """,
    )
    cell = "where event_name = 'view_item' and min_count = 2 and within_days = 3"
    found = one(warehouse, f"select n_did, precision from marts.aha_moments {cell}")
    assert n_did > 20
    assert found == (n_did, pytest.approx(n_stayed / n_did))
    starts = one(warehouse, "select count(*) from marts.aha_moments where event_name = 'sign_up'")
    assert starts == (0,)
