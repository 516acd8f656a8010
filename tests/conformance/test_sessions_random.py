"""Random logs of a few people, shuffled: sessions, devices and attribution of the SQL against the plain readings."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conformance.harness import compiled, run_compiled
from tests.conformance.reference import attribution, identity, sessions

MODELS = (
    "int_device_users",
    "int_devices",
    "int_identity_links",
    "identity_links",
    "dim_identities_history",
    "int_sessionized",
    "fct_attribution_touches",
    "int_order_channels",
    "channel_attribution",
)
CONFIGS: tuple[tuple[sessions.Rules, int, attribution.Rules], ...] = (
    (sessions.Rules(), 1, attribution.Rules()),
    # short sessions, cuts of every kind, a zone whose clocks are changed within the days of the logs
    (
        sessions.Rules(timedelta(minutes=10), timedelta(hours=1), True, True, "Europe/Berlin"),
        2,
        attribution.Rules(timedelta(days=1), timedelta(hours=1), 0.5, 0.1),
    ),
    (
        sessions.Rules(timedelta(minutes=45), timedelta(hours=2), False, True, "Asia/Kolkata"),
        1,
        attribution.Rules(timedelta(hours=6), timedelta(minutes=1), 0.0, 0.0),
    ),
)
START = datetime(2025, 3, 29, 20)
FEW = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
seeds = st.integers(min_value=0, max_value=2**32 - 1)


@cache
def _steps(number: int) -> dict[str, tuple[str, str]]:
    rules, max_users, shares = CONFIGS[number]
    variables = {
        "timezone": rules.timezone,
        "session_timeout_minutes": rules.timeout.total_seconds() / 60,
        "session_max_hours": rules.max_length.total_seconds() / 3600,
        "cut_at_midnight": rules.cut_at_midnight,
        "cut_on_campaign": rules.cut_on_campaign,
        "server_sources": ["erp"],
        "max_users_per_device": max_users,
        "max_late_days": identity.MAX_LATE_DAYS,
        "attribution": {
            "lookback_s": int(shares.lookback.total_seconds()),
            "half_life_s": int(shares.half_life.total_seconds()),
            "first_share": shares.first_share,
            "last_share": shares.last_share,
        },
    }
    return dict(zip(MODELS, compiled(MODELS, variables), strict=True))


def _moment(rng: random.Random) -> datetime:
    """Within 30 hours, on few different minutes, so that pauses are often exactly a limit."""
    minutes = rng.choice((0, 5, 10, 30, 45, 60, 61)) + 15 * rng.randrange(100)
    return START + timedelta(minutes=minutes, milliseconds=rng.choice((0, 0, 0, 1)))


@pytest.mark.parametrize("config", range(len(CONFIGS)))
@FEW
@given(seed=seeds)
def test_sessions_are_those_of_the_plain_reading(config: int, seed: int) -> None:
    rng = random.Random(seed)
    rules = CONFIGS[config][0]
    events = [
        sessions.Event(
            f"p{rng.randrange(2)}",
            _moment(rng),
            f"e{rng.randrange(10)}-{n}",
            source,
            rng.choice((None, None, "a", "b")),
            source == "erp",
        )
        for n in range(rng.randrange(1, 40))
        for source in [rng.choice(("web", "web", "app", "erp"))]
    ]
    wanted = sessions.sessionize(events, rules)
    zone = ZoneInfo(rules.timezone)
    rows = [
        (
            n,
            "f",
            n,
            e.source,
            e.event_id,
            e.person,
            e.at,
            e.at.replace(tzinfo=UTC).astimezone(zone).date(),
            "x",
            e.campaign,
        )
        for n, e in enumerate(events)
    ]
    rng.shuffle(rows)
    columns = (
        "row_key bigint, file_id varchar, line_number bigint, source varchar, event_id varchar, person_id varchar, "
        "event_at timestamp, event_date date, event_name varchar, utm_campaign varchar"
    )
    con = run_compiled([_steps(config)["int_sessionized"]], {"intermediate.int_events": (columns, rows)})
    found = con.execute(
        "select row_key, min(case when is_session_start then event_at end) over (partition by session_id), session_id, "
        "is_session_start from intermediate.int_sessionized"
    ).fetchall()
    assert {
        (events[key].source, events[key].event_id): started if session else None for key, started, session, _ in found
    } == wanted
    starts = {(events[key].person, events[key].at) for key, _, _, is_start in found if is_start}
    assert starts == {(e.person, s) for e in events if (s := wanted[e.source, e.event_id]) is not None}


@pytest.mark.parametrize("config", range(len(CONFIGS)))
@FEW
@given(seed=seeds)
def test_devices_are_those_of_the_plain_reading_now_and_as_known_at_any_moment(config: int, seed: int) -> None:
    rng = random.Random(seed)
    rules, max_users, _ = CONFIGS[config]
    seen = [_sighting(rng) for _ in range(rng.randrange(1, 30))]
    rows = [("f", n, s.device, s.user, "web", f"e{n}", "x", s.at, s.received) for n, s in enumerate(seen)]
    rng.shuffle(rows)
    columns = (
        "file_id varchar, line_number bigint, anonymous_id varchar, user_id varchar, source varchar, event_id varchar, "
        "event_name varchar, event_at timestamp, received_at timestamp"
    )
    given_tables: dict[str, tuple[str, Any]] = {
        "staging.stg_events": (columns, rows),
        "intermediate.int_duplicates": ("file_id varchar, line_number bigint", []),
    }
    steps = _steps(config)
    con = run_compiled([steps[name] for name in MODELS[:5]], given_tables)
    now = con.execute("select anonymous_id, person_id, is_shared_device, n_user_ids from intermediate.int_devices")
    latest = identity.devices(seen, max_users)
    assert {device: identity.Device(*rest) for device, *rest in now.fetchall()} == latest
    moments = sorted({identity.known_at(s, rules.timezone) for s in seen})
    for moment in [moments[0] - timedelta(microseconds=1), *moments]:
        known = con.execute(
            "select anonymous_id, person_id, is_shared_device from marts.dim_identities_history "
            "where known_from <= ? and (known_until is null or known_until > ?)",
            [moment, moment],
        ).fetchall()
        wanted = identity.devices_known_at(seen, moment, max_users, rules.timezone)
        assert sorted(known) == sorted((device, d.person, d.is_shared) for device, d in wanted.items())
    _log_of_links_agrees(con, seen, max_users, rules.timezone)


def _log_of_links_agrees(con: Any, seen: list[identity.Sighting], max_users: int, timezone: str) -> None:
    first: dict[tuple[str, str], datetime] = {}
    for s in seen:
        if s.user is not None:
            moment = identity.known_at(s, timezone)
            first[s.device, s.user] = min(first.get((s.device, s.user), moment), moment)
    shared = {}
    for device in {device for device, _ in first}:
        known = sorted(moment for (d, _), moment in first.items() if d == device)
        shared[device] = known[max_users] if len(known) > max_users else None
    found = con.execute(
        "select anonymous_id, user_id, linked_at, became_shared_at from marts.identity_links"
    ).fetchall()
    assert sorted(found, key=str) == sorted(
        ((device, user, moment, shared[device]) for (device, user), moment in first.items()), key=str
    )


def _sighting(rng: random.Random) -> identity.Sighting:
    at = _moment(rng)
    late = rng.choice((None, 0, 1, 60, 24 * 60, 29 * 24 * 60, 30 * 24 * 60, 40 * 24 * 60, -5))
    received = None if late is None else at + timedelta(minutes=late)
    return identity.Sighting(f"d{rng.randrange(2)}", rng.choice((None, None, "u1", "u2", "u3")), at, received)


@pytest.mark.parametrize("config", range(len(CONFIGS)))
@FEW
@given(seed=seeds)
def test_attribution_is_that_of_the_plain_reading_and_adds_up_exactly(config: int, seed: int) -> None:
    rng = random.Random(seed)
    rules = CONFIGS[config][2]
    visits = [
        attribution.Session(
            f"s{n}",
            f"p{rng.randrange(2)}",
            _moment(rng),
            rng.choice(("direct", "direct", "email", "sms")),
            rng.random() < 0.1,
        )
        for n in range(rng.randrange(0, 15))
    ]
    orders = [
        attribution.Order(
            f"o{n}",
            f"p{rng.randrange(2)}",
            _moment(rng),
            Decimal(rng.randrange(-500, 100_000)) / 100,
            rng.random() < 0.1,
            rng.random() < 0.1,
        )
        for n in range(rng.randrange(1, 6))
    ]
    con = run_compiled(
        [_steps(config)[name] for name in MODELS[6:]],
        {
            "marts.fct_orders": (
                "order_id varchar, person_id varchar, ordered_at timestamp, order_date date, net_revenue double, "
                "is_suspicious boolean, is_bot boolean",
                [
                    (o.order_id, o.person, o.at, o.at.date(), float(o.revenue), o.is_suspicious, o.is_bot)
                    for o in orders
                ],
            ),
            "marts.fct_sessions": (
                "session_id varchar, person_id varchar, started_at timestamp, channel varchar, is_bot boolean, "
                "traffic_source varchar, traffic_medium varchar, utm_campaign varchar",
                [(s.session_id, s.person, s.started, s.channel, s.is_bot, None, None, None) for s in visits],
            ),
        },
    )
    wanted = {
        (order.order_id, *key): share
        for order in attribution.counted(orders)
        for key, share in attribution.shares(order, visits, rules).items()
    }
    revenues = {order.order_id: float(order.revenue) for order in orders}
    for model in attribution.MODELS:
        found = con.execute(
            f"select order_id, session_id, {model}_share, {model}_revenue from marts.fct_attribution_touches"
        ).fetchall()
        # every touch has a share in the linear model, and so a row
        assert sorted(map(str, ((order, session) for order, session, _, _ in found))) == sorted(
            str((order, session)) for order, model_, session in wanted if model_ == "linear"
        )
        for order, session, share, revenue in found:
            expected = wanted.get((order, model, session), 0.0)
            # rounding may leave half a millionth per touch to the latest; a touch without a share is left nothing
            assert abs(float(share) - expected) < 1e-5 * (expected > 0) + 1e-12
            assert abs(float(revenue) - revenues[order] * expected) < 1e-5 * (expected > 0) + 1e-12
    _adds_up(con, orders)


def _adds_up(con: Any, orders: list[attribution.Order]) -> None:
    sums: dict[tuple[str, str], list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0)])
    for model, period, n, revenue in con.execute(
        "select model, period, n_conversions, revenue from marts.channel_attribution"
    ).fetchall():
        sums[model, period][0] += n
        sums[model, period][1] += revenue
    kept = attribution.counted(orders)
    total = [Decimal(len(kept)), sum((order.revenue for order in kept), Decimal(0))]
    assert dict(sums) == ({(m, p): total for m in attribution.MODELS for p in ("all", "month")} if kept else {})


@pytest.fixture(autouse=True, scope="module")
def _compile_once() -> Iterator[None]:
    """What is compiled first is slow; it is no part of an example."""
    for number in range(len(CONFIGS)):
        _steps(number)
    yield
