"""Hand-made logs about sessions: each a trap, with the sessions that the definition gives, worked out by hand.

A case's persons are `case/p`; expected is one dict per session in order, with the columns that the trap is about.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tests.conformance.harness import Line, line

Sessions = list[dict[str, Any]]
_IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 Version/17.0 Mobile/15E148 "
    "Safari/604.1"
)
_SHOP = "https://www.shop.example"


@dataclass(frozen=True)
class Case:
    """Lines of one person, and the sessions they make."""

    name: str
    lines: list[Line]
    sessions: Sessions


def _case(name: str, events: list[tuple[str, str, dict[str, Any]]], sessions: Sessions) -> Case:
    """Events are (event, time or date and time, more); a time alone is on 2025-05-05."""
    lines = []
    for number, (event, at, more) in enumerate(events):
        moment = at if "-" in at else f"2025-05-05T{at}Z"
        lines.append(line(f"{name}/p", event, moment, **{"eventId": f"{name}-{number}", **more}))
    return Case(name, lines, sessions)


def _page(path: str, referrer: str | None = None, **more: Any) -> dict[str, Any]:
    page = {"url": _SHOP + path, "path": path.split("?")[0], **({"referrer": referrer} if referrer else {})}
    return {"context": {"page": page}, **more}


def _every_half_hour(n: int) -> list[tuple[str, str, dict[str, Any]]]:
    start = datetime(2025, 5, 5)
    return [("x", f"{start + timedelta(minutes=30 * k):%Y-%m-%dT%H:%M:%SZ}", {}) for k in range(n)]


_ERP = {"source": "erp"}
# Timeout 30 minutes, 24 hours, no other cuts, engaged pauses up to 300 s; `erp` is a source with sessions: false.
PLAIN = [
    _case(
        "gap_of_exactly_the_timeout_stays",
        [("x", "10:00:00", {}), ("x", "10:30:00", {})],
        [{"n_events": 2, "duration_s": 1800, "engaged_time_s": 300}],
    ),
    _case(
        "gap_a_millisecond_over_the_timeout_splits",
        [("x", "10:00:00", {}), ("x", "10:30:00.001", {})],
        [{"n_events": 1, "engaged_time_s": 0}, {"n_events": 1, "session_number": 2}],
    ),
    _case(
        "event_exactly_max_hours_after_the_first_stays", _every_half_hour(49), [{"n_events": 49, "duration_s": 86400}]
    ),
    _case(
        "event_a_second_over_max_hours_splits",
        [*_every_half_hour(49), ("x", "2025-05-06T00:00:01Z", {})],
        [{"n_events": 49, "duration_s": 86400}, {"n_events": 1, "duration_s": 0}],
    ),
    _case(
        "second_session_of_a_long_island_counts_its_own_hours",
        _every_half_hour(99),
        [{"n_events": 49}, {"n_events": 49}, {"n_events": 1}],
    ),
    _case(
        "midnight_alone_does_not_split_where_it_is_no_cut",
        [("x", "2025-05-05T23:59:59Z", {}), ("x", "2025-05-06T00:00:01Z", {})],
        [{"n_events": 2}],
    ),
    _case(
        "order_at_one_instant_is_by_event_id",
        [("last", "10:00:00", {"eventId": "b"}), ("first", "10:00:00", {"eventId": "a"})],
        [{"entry_event": "first", "exit_event": "last", "n_events": 2, "duration_s": 0}],
    ),
    _case(
        "an_event_told_twice_counts_once",
        [
            ("purchase", "10:00:00", {"eventId": "one", "value": 5}),
            ("purchase", "10:00:00", {"eventId": "one", "value": 5}),
        ],
        [{"n_events": 1, "n_purchases": 1, "revenue": 5}],
    ),
    _case(
        "server_events_join_what_is_under_way",
        [
            ("too_early", "09:59:59", _ERP),
            ("x", "10:00:00", {}),
            ("equal", "10:00:00", _ERP),
            ("inside", "10:10:00", _ERP),
            ("x", "10:20:00", {}),
            ("timeout_after", "10:50:00", _ERP),
            ("over", "10:50:01", _ERP),
            ("between", "11:20:00", _ERP),
            ("x", "11:30:00", {}),
        ],
        [
            {
                "n_events": 5,
                "duration_s": 1200,
                "engaged_time_s": 300,
                "entry_event": "x",
                "exit_event": "timeout_after",
            },
            {"n_events": 1, "entry_event": "x", "exit_event": "x"},
        ],
    ),
    _case(
        "a_server_event_bridges_no_pause",
        [("x", "10:00:00", {}), ("s", "10:25:00", _ERP), ("x", "10:50:00", {})],
        [{"n_events": 2, "duration_s": 0}, {"n_events": 1}],
    ),
    _case(
        "a_server_events_page_campaign_and_device_say_nothing_of_the_session",
        [
            ("x", "10:00:00", {}),
            (
                "s",
                "10:01:00",
                _ERP | _page("/api", "https://www.google.com/", utm_source="erp", utm_medium="email", deviceType="tv"),
            ),
        ],
        [{"landing_page": None, "exit_page": None, "channel": "direct", "utm_source": None, "device_type": None}],
    ),
    _case("only_server_events_make_no_session", [("s", "10:00:00", _ERP)], []),
    _case(
        "each_pause_counts_up_to_the_limit",
        [("x", "10:00:00", {}), ("x", "10:00:10", {}), ("x", "10:05:10", {}), ("x", "10:10:11", {})],
        [{"duration_s": 611, "engaged_time_s": 610}],
    ),
    _case(
        "a_server_event_does_not_divide_a_pause",
        [("x", "10:00:00", {}), ("s", "10:05:00", _ERP), ("x", "10:10:00", {})],
        [{"duration_s": 600, "engaged_time_s": 300}],
    ),
    _case(
        "a_server_event_at_the_end_adds_no_engaged_time",
        [("x", "10:00:00", {}), ("s", "10:05:00", _ERP)],
        [{"duration_s": 0, "engaged_time_s": 0, "is_bounce": True}],
    ),
    _case(
        "landing_and_exit_are_the_first_and_last_event_that_name_a_page",
        [
            ("search", "10:00:00", {}),
            ("page_view", "10:00:05", _page("/a", "https://www.google.com/")),
            ("page_view", "10:01:00", _page("/b", _SHOP + "/a")),
            ("add_to_cart", "10:02:00", {}),
        ],
        [{"landing_page": "/a", "exit_page": "/b", "channel": "organic_search", "referrer_host": "google.com"}],
    ),
    _case(
        "coming_back_from_a_payment_page_is_no_new_origin",
        [
            ("page_view", "10:00:00", _page("/a")),
            ("page_view", "10:05:00", _page("/done", "https://www.paypal.com/pay")),
        ],
        [{"landing_page": "/a", "exit_page": "/done", "channel": "direct", "referrer_host": None}],
    ),
    _case(
        "campaign_values_of_two_events_are_not_mixed",
        [
            ("x", "10:00:00", {"utm_source": "leaflet"}),
            ("x", "10:01:00", {"utm_source": "google", "utm_medium": "cpc"}),
        ],
        [{"utm_source": "leaflet", "utm_medium": None, "traffic_medium": "(not set)", "channel": "unassigned"}],
    ),
    _case(
        "what_the_log_says_of_the_device_goes_before_the_user_agent",
        [("x", "10:00:00", {"deviceType": "kiosk", "context": {"userAgent": _IPHONE}})],
        [{"device_type": "kiosk", "browser": "Mobile Safari", "operating_system": "iOS", "is_bot": False}],
    ),
    _case(
        "the_user_agent_tells_the_device_where_the_log_does_not",
        [("x", "10:00:00", {"context": {"userAgent": _IPHONE}})],
        [{"device_type": "mobile", "is_bot": False}],
    ),
    _case(
        "a_person_with_one_event_of_a_program_is_a_bot_throughout",
        [
            ("x", "10:00:00", {"context": {"userAgent": _IPHONE}}),
            ("x", "12:00:00", {"context": {"userAgent": "curl/8.5.0"}}),
        ],
        [{"is_bot": True, "n_events": 1}, {"is_bot": True}],
    ),
]

_NEWS, _SALE = {"utm_campaign": "news"}, {"utm_campaign": "sale"}
# Cut at midnight in Berlin and at a new campaign. Midnight there is 23:00 UTC in winter and 22:00 in summer (30 March
# to 26 October 2025).
CUT = [
    _case(
        "midnight_in_winter_is_at_23_utc",
        [("x", "2025-02-03T22:59:59Z", {}), ("x", "2025-02-03T23:00:00Z", {})],
        [{"n_events": 1, "session_date": "2025-02-03"}, {"n_events": 1, "session_date": "2025-02-04"}],
    ),
    _case(
        "midnight_before_the_day_of_23_hours_is_still_at_23_utc",
        [("x", "2025-03-29T22:30:00Z", {}), ("x", "2025-03-29T22:59:00Z", {}), ("x", "2025-03-29T23:01:00Z", {})],
        [{"n_events": 2}, {"n_events": 1}],
    ),
    _case(
        "midnight_after_the_day_of_23_hours_is_at_22_utc",
        [
            ("x", "2025-03-30T21:59:59Z", {}),
            ("x", "2025-03-30T22:00:00Z", {}),
            ("x", "2025-03-30T22:29:00Z", {}),
            ("x", "2025-03-30T22:58:00Z", {}),
            ("x", "2025-03-30T23:01:00Z", {}),
        ],
        [{"n_events": 1}, {"n_events": 4}],
    ),
    _case(
        "midnight_after_the_day_of_25_hours_is_at_23_utc_again",
        [
            ("x", "2025-10-26T21:50:00Z", {}),
            ("x", "2025-10-26T22:10:00Z", {}),
            ("x", "2025-10-26T22:35:00Z", {}),
            ("x", "2025-10-26T23:00:00Z", {}),
        ],
        [{"n_events": 3}, {"n_events": 1}],
    ),
    _case(
        "a_new_campaign_splits",
        [("x", "10:00:00", _NEWS), ("x", "10:01:00", _SALE), ("x", "10:02:00", {})],
        [{"n_events": 1, "utm_campaign": "news"}, {"n_events": 2, "utm_campaign": "sale"}],
    ),
    _case(
        "the_same_campaign_again_does_not_split",
        [("x", "10:00:00", _NEWS), ("x", "10:01:00", {}), ("x", "10:02:00", _NEWS)],
        [{"n_events": 3}],
    ),
    _case(
        "a_first_campaign_amid_a_session_splits",
        [("x", "10:00:00", {}), ("x", "10:01:00", _NEWS)],
        [{"n_events": 1, "utm_campaign": None}, {"n_events": 1, "utm_campaign": "news"}],
    ),
    _case(
        "another_campaign_at_the_same_instant_does_not_split",
        [("x", "10:00:00", _NEWS), ("x", "10:00:00", _SALE)],
        [{"n_events": 2, "utm_campaign": "news"}],
    ),
    _case(
        "a_server_events_campaign_splits_nothing",
        [("x", "10:00:00", _NEWS), ("s", "10:01:00", _ERP | _SALE), ("x", "10:02:00", _NEWS)],
        [{"n_events": 3, "utm_campaign": "news"}],
    ),
    _case(
        "a_server_event_past_midnight_is_in_no_session_of_the_day_before",
        [("x", "2025-02-03T22:59:00Z", {}), ("s", "2025-02-03T23:01:00Z", _ERP)],
        [{"n_events": 1}],
    ),
]
