"""Sessions, channels, devices, attribution: known answers and a public suite's; two builds, one per configuration."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import astuple
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import duckdb
import pytest

from tests.conformance.cases import attribution, channels, identity, sessions, snowplow_web
from tests.conformance.harness import build
from tests.conformance.reference import attribution as reference
from tests.conformance.reference import sessions as plain

_MODELS = ("fct_sessions", "dim_identities", "identity_links", "dim_identities_history", "channel_attribution")
_SOURCES = {"sources": [{"name": "erp", "sessions": False}]}
_CUT_SITE = {"site": {"timezone": "Europe/Berlin", "currency": "EUR"}, **_SOURCES}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """The default configuration."""
    lines = [*(one for case in sessions.PLAIN for one in case.lines), *channels.channel_lines(), *identity.LINES]
    lines += [one for lines_of_case, _ in attribution.CASES.values() for one in lines_of_case] + snowplow_web.LINES
    con = build(tmp_path_factory.mktemp("plain") / "home", lines, _SOURCES, _MODELS)
    yield con
    con.close()


@pytest.fixture(scope="module")
def cut(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """Cut at midnight in Berlin and at campaigns."""
    config = {**_CUT_SITE, "sessions": {"cut_at_midnight": True, "cut_on_campaign": True}}
    lines = [one for case in sessions.CUT for one in case.lines]
    con = build(tmp_path_factory.mktemp("cut") / "home", lines, config, ("fct_sessions",))
    yield con
    con.close()


def _sessions_of(con: duckdb.DuckDBPyConnection, person: str) -> list[dict[str, Any]]:
    found = con.execute("from marts.fct_sessions where person_id = ? order by session_number", [person])
    names = [column[0] for column in found.description]
    return [
        {
            name: value.isoformat() if hasattr(value, "isoformat") and name == "session_date" else value
            for name, value in zip(names, row, strict=True)
        }
        for row in found.fetchall()
    ]


def _only(rows: list[dict[str, Any]], wanted: sessions.Sessions) -> list[dict[str, Any]]:
    """The rows with the columns that are asked for; a row too many keeps all."""
    asked = [*map(set, wanted), *[None] * len(rows)]
    return [{k: v for k, v in row.items() if keys is None or k in keys} for row, keys in zip(rows, asked, strict=False)]


@pytest.mark.parametrize("case", sessions.PLAIN, ids=lambda case: case.name)
def test_sessions(built: duckdb.DuckDBPyConnection, case: sessions.Case) -> None:
    assert _only(_sessions_of(built, f"{case.name}/p"), case.sessions) == case.sessions


@pytest.mark.parametrize("case", sessions.CUT, ids=lambda case: case.name)
def test_sessions_that_are_cut_at_midnight_and_at_campaigns(
    cut: duckdb.DuckDBPyConnection, case: sessions.Case
) -> None:
    assert _only(_sessions_of(cut, f"{case.name}/p"), case.sessions) == case.sessions


@pytest.mark.parametrize("which", ["plain", "cut"])
def test_the_plain_reading_makes_the_sessions_of_the_cases(which: str) -> None:
    """The random logs are judged by this reading: it has to know the traps too."""
    cases = sessions.PLAIN if which == "plain" else sessions.CUT
    rules = (
        plain.Rules()
        if which == "plain"
        else plain.Rules(cut_at_midnight=True, cut_on_campaign=True, timezone="Europe/Berlin")
    )
    for case in cases:
        events = {
            (event := _as_event(one)).event_id: event for one in case.lines
        }.values()  # the same id again is the same event
        placed = plain.sessionize(events, rules)
        starts = sorted({start for start in placed.values() if start is not None})
        assert len(starts) == len(case.sessions), case.name
        for start, wanted in zip(starts, case.sessions, strict=True):
            inside = [e for e in events if placed[e.source, e.event_id] == start]
            assert wanted.get("n_events", len(inside)) == len(inside), case.name
            moments = [e.at for e in inside if not e.is_server]
            engaged = plain.engaged_time_s(moments, rules)
            assert wanted.get("engaged_time_s", engaged) == engaged, case.name


def _as_event(one: dict[str, Any]) -> plain.Event:
    at = datetime.fromisoformat(one["timestamp"]).replace(tzinfo=None)
    source = one.get("source", "web")
    return plain.Event("p", at, one["eventId"], source, one.get("utm_campaign"), source == "erp")


@pytest.mark.parametrize("name", channels.CHANNELS)
def test_channel(built: duckdb.DuckDBPyConnection, name: str) -> None:
    assert [row["channel"] for row in _sessions_of(built, f"channel/{name}")] == [channels.CHANNELS[name][1]]


def test_every_channel_has_a_case(built: duckdb.DuckDBPyConnection) -> None:
    assert len({channel for _, channel in channels.CHANNELS.values()}) == 20


@pytest.mark.parametrize("device", identity.DEVICES)
def test_device(built: duckdb.DuckDBPyConnection, device: str) -> None:
    query = "select person_id, n_user_ids, is_shared_device from marts.dim_identities where anonymous_id = ?"
    assert built.execute(query, [device]).fetchall() == [identity.DEVICES[device]]


@pytest.mark.parametrize("device", identity.HISTORY)
def test_device_as_it_was_known(built: duckdb.DuckDBPyConnection, device: str) -> None:
    query = (
        "select known_from, person_id, state, known_until from marts.dim_identities_history where anonymous_id = "
        "? order by 1"
    )
    found = built.execute(query, [device]).fetchall()
    assert [row[:3] for row in found] == identity.HISTORY[device]
    assert [row[3] for row in found] == [start for start, _, _ in identity.HISTORY[device][1:]] + [None]


def test_events_go_where_their_device_belongs(built: duckdb.DuckDBPyConnection) -> None:
    found = dict(built.execute("select person_id, count(*) from marts.fct_events group by 1").fetchall())
    assert {person: found.get(person) for person in identity.EVENTS_OF} == identity.EVENTS_OF


def test_what_is_known_now_is_the_latest_table(built: duckdb.DuckDBPyConnection) -> None:
    columns = "anonymous_id, user_id, person_id, is_shared_device"
    now = f"select {columns} from marts.dim_identities_history where known_until is null"
    latest = f"select {columns} from marts.dim_identities"
    assert built.execute(f"({now} except {latest}) union all ({latest} except {now})").fetchall() == []
    assert built.execute(f"select count(*) > 9 from ({latest})").fetchone() == (True,)


@pytest.mark.parametrize("name", attribution.CASES)
def test_attribution(built: duckdb.DuckDBPyConnection, name: str) -> None:
    found: dict[str, dict[str, tuple[Decimal, Decimal]]] = {}
    for model in reference.MODELS:
        owed = built.execute(
            f"select channel, sum({model}_share), sum({model}_revenue) from marts.fct_attribution_touches "
            f"where person_id = ? group by channel having sum({model}_share) <> 0",
            [f"{name}/p"],
        ).fetchall()
        if owed:
            found[model] = {channel: (orders, revenue) for channel, orders, revenue in owed}
    wanted = {
        model: {channel: (Decimal(n), Decimal(revenue)) for channel, (n, revenue) in owed.items()}
        for model, owed in attribution.CASES[name][1].items()
    }
    assert found == wanted


def test_attributed_revenue_is_the_revenue_of_the_orders_to_the_last_digit(built: duckdb.DuckDBPyConnection) -> None:
    owed = built.execute(
        "select distinct sum(n_conversions), sum(revenue) from marts.channel_attribution group by model, period"
    ).fetchall()
    orders = built.execute(
        "select count(*), sum(cast(revenue as decimal(38, 6))) from marts.fct_orders "
        "where not is_suspicious and not is_bot"
    ).fetchall()
    assert owed == orders


@pytest.mark.parametrize("name", snowplow_web.AGREED)
def test_facts_of_snowplow_web(built: duckdb.DuckDBPyConnection, name: str) -> None:
    wanted = [dict(zip(snowplow_web.COLUMNS, astuple(session), strict=True)) for session in snowplow_web.AGREED[name]]
    assert _only(_sessions_of(built, f"snowplow/{name}"), wanted) == wanted


@pytest.mark.parametrize("name", snowplow_web.DIFFERENT)
def test_where_we_differ_from_snowplow_web(built: duckdb.DuckDBPyConnection, name: str) -> None:
    theirs, ours, _ = snowplow_web.DIFFERENT[name]
    found = _sessions_of(built, f"snowplow/{name}") or [
        row for n in range(1, 11) for row in _sessions_of(built, f"snowplow/{name}/{n}")
    ]
    assert len(found) == ours != theirs
    assert all(row["ended_at"] - row["started_at"] <= timedelta(days=1) for row in found)
