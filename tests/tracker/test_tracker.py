"""What arrived, judged by the collector's files: every click and page view once by its id, whatever happened to it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from typing import Any

import duckdb
import pytest
from shop_visit import Run, find_browser, visit_shop

SCENARIOS = [
    "funnel",
    "reload",
    "offline",
    "offline_and_closed",
    "closed_tab",
    "closed_while_failing",
    "two_tabs",
    "failing",
    "answer_lost",
    "slow",
    "double_click",
    "double_submit",
    "bfcache",
    "prerender",
    "routes",
    "search",
    "frame_without_storage",
    "old_browser",
    "privacy_control",
    "do_not_track",
    "consent_given",
    "consent_refused",
    "started_twice",
    "login",
    "id_cookie",
    "large",
]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    program = find_browser()
    if program is None:
        pytest.skip("no Chromium or no Node.js on this machine")
    return visit_shop(program, tmp_path_factory.mktemp("tracker") / "home")


def names(events: list[dict[str, Any]]) -> Counter[str]:
    return Counter(event["event"] for event in events)


def test_all_scenarios_are_judged(run: Run) -> None:
    assert sorted(run.ledger) == sorted(SCENARIOS)


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_every_click_and_every_view_is_there_once(run: Run, scenario: str) -> None:
    did, events = run.ledger[scenario], run.of(scenario)
    assert did.get("errors", []) == []
    clicks = Counter(event.get("properties", {}).get("click") for event in events)
    del clicks[None]
    assert clicks == did["clicks"]
    views = [event["context"]["page"]["url"] for event in events if event["event"] == "page_view"]
    assert Counter(url.split(f"/{scenario}/")[1] for url in views) == did["views"]


@pytest.mark.parametrize("scenario", [name for name in SCENARIOS if name != "privacy_control"])
def test_numbers_of_a_page_have_no_gap(run: Run, scenario: str) -> None:
    pages: dict[str, set[int]] = {}
    for event in run.of(scenario):
        page, number = event["eventId"].split("-")
        assert int(number, 36) == event["seq"]
        pages.setdefault(page, set()).add(event["seq"])
    for numbers in pages.values():
        assert numbers == set(range(1, max(numbers) + 1))


def test_copies_differ_only_in_when_they_were_sent(run: Run) -> None:
    first: dict[str, dict[str, Any]] = {}
    for line in run.events:
        event = {key: value for key, value in line.items() if key not in ("sentAt", "receivedAt")}
        assert first.setdefault(line["eventId"], event) == event
    assert len(run.lines("answer_lost")) > len(run.of("answer_lost"))  # or nothing was tested


def test_a_failing_collector_is_left_alone_as_long_as_it_asks(run: Run) -> None:
    assert run.ledger["failing"]["pauseAfter503"] >= 2000
    assert run.ledger["failing"]["nRequests"] == 4  # 503, a login page, no connection, 202


def test_a_tab_that_lives_keeps_its_events(run: Run) -> None:
    assert run.ledger["two_tabs"]["keptWhileAlive"] == 1


def test_a_prerendered_page_is_viewed_when_it_is_shown(run: Run) -> None:
    shown = [event["event"] for event in run.of("prerender") if "product" in event["context"]["page"]["url"]]
    assert shown[:3] == ["page_view", "view_item", "activated"]


def test_the_route_before_is_the_referrer(run: Run) -> None:
    pages = [event["context"]["page"] for event in run.of("routes") if event["event"] == "page_view"]
    assert [page["referrer"] for page in pages[1:]] == [page["url"] for page in pages[:-1]]


def test_a_page_shown_again_was_referred_to_by_nobody(run: Run) -> None:
    views = [event["context"]["page"] for event in run.of("bfcache") if event["event"] == "page_view"]
    assert views[0]["url"] == views[2]["url"] and views[2]["referrer"] == ""


def test_the_words_of_a_search(run: Run) -> None:
    found = [event["properties"]["query"] for event in run.of("search") if event["event"] == "search"]
    assert found == ["blue cup 茶杯"]


def test_an_order_that_is_submitted_twice_keeps_its_id(run: Run) -> None:
    orders = [event["properties"]["orderId"] for event in run.of("double_submit") if event["event"] == "purchase"]
    assert len(orders) == 2 and len(set(orders)) == 1
    assert names(run.of("double_submit"))["place_order"] == 2


def test_privacy_control_leaves_no_trace(run: Run) -> None:
    events = run.of("privacy_control")
    assert run.ledger["privacy_control"]["nStored"] == 0
    assert all("userId" not in event and "-" not in event["eventId"] for event in events)
    assert names(events)["identify"] == 0
    assert sum(event["anonymousId"].startswith("gpc-") for event in events) >= 3
    # Chromium has no such control: the driver adds the header, and cannot to beacons, which show the id of the page.
    pages = {(event["anonymousId"], event["context"]["page"]["path"]) for event in events}
    assert len(pages) == len({event["anonymousId"] for event in events}) > 2


def test_do_not_track(run: Run) -> None:
    assert run.of("do_not_track") == [] and run.ledger["do_not_track"]["nStored"] == 0


def test_nothing_is_stored_before_consent(run: Run) -> None:
    assert run.ledger["consent_given"]["nStored"] == 0
    assert len({event["anonymousId"] for event in run.of("consent_given")}) == 1  # also on the next page


def test_of_who_refuses_only_that_is_kept(run: Run) -> None:
    assert run.of("consent_refused") == []
    assert run.ledger["consent_refused"]["stored"] == {"growthhouse": '{"c":0}'}


def test_an_id_in_the_cookie_outlives_what_the_page_stores(run: Run) -> None:
    events = run.of("id_cookie")
    before, after = ([e["anonymousId"] for e in events if ("userId" in e) == has_user] for has_user in (False, True))
    assert len(set(before)) == 1 and len(before) >= 4
    assert run.ledger["id_cookie"]["idsStored"] == [before[0], before[0]]
    assert len(set(after)) == 1 and set(after) != set(before)  # somebody new after the logout


def test_a_logout_makes_somebody_new(run: Run) -> None:
    login = [event for event in run.of("login") if event["event"] in ("page_view", "identify", "add_to_wishlist")]
    assert [event.get("userId") for event in login] == [None, "customer-1", "customer-1", None]
    ids = [event["anonymousId"] for event in login]
    assert ids[0] == ids[1] == ids[2] != ids[3]
    assert login[1]["properties"] == {"traits": {"plan": "gold"}}


def test_large_events_of_a_closing_page_arrive_whole(run: Run) -> None:
    texts = [event["properties"]["text"] for event in run.of("large") if event["event"] == "large"]
    assert texts == ["茶" * 1000] * 60


@pytest.fixture(scope="module")
def warehouse(run: Run) -> Iterator[duckdb.DuckDBPyConnection]:
    """One night over the collector's files, up to today."""
    today = max(event["timestamp"] for event in run.events)[:10]
    environment = {key: value for key, value in os.environ.items() if not key.startswith("GROWTH_")}
    night = [sys.executable, "-c", "from pipeline.cli.app import app; app()", "run", "--as-of", today]
    done = subprocess.run(
        [*night, "--config", str(run.home / "growth.yaml")],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    with duckdb.connect(str(run.home / "data" / "warehouse.duckdb"), read_only=True) as connection:
        yield connection


def test_after_a_night_every_event_is_there_once(run: Run, warehouse: duckdb.DuckDBPyConnection) -> None:
    rows = warehouse.sql(
        "select event_id, event_name, json_extract_string(properties, '$.click') from marts.fct_events"
    )
    sent = {(e["eventId"], e["event"], e.get("properties", {}).get("click")) for e in run.events}
    assert sorted(map(str, rows.fetchall())) == sorted(map(str, sent))


def test_a_visit_is_a_session(run: Run, warehouse: duckdb.DuckDBPyConnection) -> None:
    """Nobody paused for half an hour, so that each person, who is one anonymous id here, has one session."""
    n_persons = len({event["anonymousId"] for event in run.events})
    assert warehouse.sql("select count(*), count(distinct person_id) from marts.fct_sessions").fetchall() == [
        (n_persons, n_persons)
    ]
    (login,) = {event["anonymousId"] for event in run.of("login") if "userId" in event}
    stitched = f"select distinct person_id from marts.fct_events where anonymous_id = '{login}'"
    assert warehouse.sql(stitched).fetchall() == [("customer-1",)]


def test_the_funnel_and_the_orders(run: Run, warehouse: duckdb.DuckDBPyConnection) -> None:
    """From looking at an item to paying: one visitor did all of it; who submitted twice has one order."""
    viewers = {event["anonymousId"] for event in run.events if event["event"] == "view_item"}
    steps = warehouse.sql("""select step_name, n_reached from marts.funnel_conversion
        where funnel_name = 'checkout' and period = 'all' order by step_number""").fetchall()
    # two_tabs put a cup into the cart as well
    assert [n for _, n in steps] == [len(viewers), 2, 1, 1], steps
    assert warehouse.sql("select count(*), sum(revenue) from marts.fct_orders").fetchall() == [(2, 39 + 12)]
