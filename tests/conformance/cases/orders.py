"""Orders and refunds: tiny logs and their answers, worked out by hand. Site in Shanghai (UTC+8), as_of 2026-02-20.
Not here: brushing (brushing.py).

Limits are small: 3 orders a day, one item in 3 orders, 2 accounts on a device, within 3 dates on end.
"""

from __future__ import annotations

from typing import Any

from tests.conformance.harness import Line, line

CONFIG = {
    "site": {"timezone": "Asia/Shanghai", "currency": "CNY"},
    "sources": [{"name": "erp", "sessions": False}],
    "cleaning": {
        "max_orders_per_day": 3,
        "max_orders_per_item": 3,
        "max_accounts_per_device": 2,
        "brushing_window_days": 3,
    },
}
AS_OF = "2026-02-20"
# order, column -> answer; orders are `case/name`. Only orders named here are asked, and each column that is named.
Answers = dict[str, dict[str, Any]]
CASES: dict[str, tuple[list[Line], Answers]] = {}


def add(cases: dict[str, tuple[list[Line], Answers]], name: str, lines: list[Line], answers: Answers) -> None:
    """Add a case, its ids made its own."""
    for one in lines:
        for key in ("orderId", "anonymousId", "eventId"):
            if key in one:
                one[key] = f"{name}/{one[key]}"
        if "userId" in one:
            one["userId"] = f"{name}/{one['userId']}"
    cases[name] = (lines, {f"{name}/{order}": columns for order, columns in answers.items()})


def buy(order: str, at: str, person: str = "p", value: float = 10, **more: Any) -> Line:
    """A purchase of that order."""
    return line(person, "purchase", at, orderId=order, value=value, **more)


def refund(order: str, at: str, person: str = "p", **more: Any) -> Line:
    """A refund of that order."""
    return line(person, "refund", at, orderId=order, **more)


add(
    CASES,
    "two_lines_of_one_order_are_one_order",
    [
        buy("a", "2026-02-01T03:00", value=10.1, productId="x", quantity=2),
        buy("a", "2026-02-01T03:00:01", value=0.2, productId="y"),
    ],
    {"a": {"revenue": 10.3, "n_items": 3, "order_number": 1}},
)

add(
    CASES,
    "a_page_that_is_reloaded_reports_the_same_order_again",
    [  # at once, and two days later
        buy("a", "2026-02-01T03:00", value=39.95, eventId="e1"),
        buy("a", "2026-02-01T03:07", value=39.95, eventId="e2"),
        buy("a", "2026-02-03T03:00", value=39.95, eventId="e3"),
        buy("b", "2026-02-04T03:00", value=5, productId="x", quantity=2),
        buy("b", "2026-02-04T03:01", value=5, productId="x", quantity=2),
        buy("b", "2026-02-04T03:01", value=5, productId="x", quantity=3),
        buy("b", "2026-02-04T03:01", value=5, productId="y", quantity=2),
    ],
    {
        "a": {"revenue": 39.95, "n_items": 1, "order_date": "2026-02-01"},
        "b": {"revenue": 15, "n_items": 7, "order_number": 2},
    },
)

add(
    CASES,
    "one_order_id_of_two_users_is_an_order_each",
    [  # the device that nobody is known on reports what u2 bought just before
        buy("a", "2026-02-01T03:00", person="u1", value=10),
        buy("a", "2026-02-05T03:00", person="u2", value=20),
        buy("a", "2026-02-05T03:01", person="", user=None, anonymousId="d", value=20),
        refund("a", "2026-02-06T03:00", person="u2", value=5),
        refund("a", "2026-02-07T03:00", person="agent", value=2),
    ],
    {
        "u1:one_order_id_of_two_users_is_an_order_each/a": {"revenue": 10, "n_buyers": 2, "is_first_order": True},
        "u2:one_order_id_of_two_users_is_an_order_each/a": {
            "revenue": 20,
            "n_items": 1,
            "net_revenue": 15,
            "n_buyers": 2,
            "given_order_id": "one_order_id_of_two_users_is_an_order_each/a",
        },
    },
)

add(
    CASES,
    "the_server_is_believed_and_the_tracker_knows_the_session",
    [
        line("p", "view_item", "2026-02-01T02:59", anonymousId="d"),
        buy("a", "2026-02-01T03:00", value=99, anonymousId="d"),
        buy("a", "2026-02-01T03:10", value=80, source="erp", eventId="s"),
    ],
    {
        "a": {
            "revenue": 80,
            "source": "erp",
            "has_session": True,
            "anonymous_id": "the_server_is_believed_and_the_tracker_knows_the_session/d",
        }
    },
)

add(
    CASES,
    "days_between_are_dates_of_the_site",
    [  # 23:59 and 00:00 in Shanghai
        buy("a", "2026-02-01T15:59"),
        buy("b", "2026-02-01T16:00"),
        buy("c", "2026-02-02T15:59:59"),
    ],
    {
        "a": {"order_number": 1, "days_since_previous_order": None, "is_first_order": True},
        "b": {"order_number": 2, "days_since_previous_order": 1, "is_first_order": False},
        "c": {"order_number": 3, "days_since_previous_order": 0},
    },
)

add(
    CASES,
    "orders_of_the_same_second_are_numbered_by_their_id",
    [
        buy("b", "2026-02-01T03:00"),
        buy("a", "2026-02-01T03:00"),
    ],
    {"a": {"order_number": 1}, "b": {"order_number": 2}},
)

add(
    CASES,
    "a_late_line_comes_before_what_was_delivered_first",
    [
        buy("new", "2026-02-05T03:00"),
        buy("old", "2026-02-01T03:00", receivedAt="2026-02-06T00:00"),
    ],
    {"old": {"order_number": 1}, "new": {"order_number": 2, "days_since_previous_order": 4}},
)

add(
    CASES,
    "two_refunds_of_a_part_add_up",
    [
        buy("a", "2026-02-01T03:00", value=10.1),
        refund("a", "2026-02-02T03:00", value=0.1),
        refund("a", "2026-02-03T03:00", value=0.2),
    ],
    {"a": {"revenue": 10.1, "refunded_amount": 0.3, "net_revenue": 9.8, "n_refunds": 2, "is_fully_refunded": False}},
)

add(
    CASES,
    "a_refund_without_an_amount_is_of_the_whole_order",
    [
        buy("a", "2026-02-01T03:00"),
        refund("a", "2026-02-02T03:00"),
    ],
    {"a": {"refunded_amount": 10, "net_revenue": 0, "is_fully_refunded": True}},
)

add(
    CASES,
    "a_refund_is_no_more_than_was_paid",
    [
        buy("a", "2026-02-01T03:00"),
        refund("a", "2026-02-02T03:00", value=12),
    ],
    {"a": {"revenue": 10, "refunded_amount": 10, "net_revenue": 0}},
)

add(
    CASES,
    "a_refund_told_as_a_negative_amount_is_a_refund",
    [
        buy("a", "2026-02-01T03:00"),
        refund("a", "2026-02-02T03:00", value=-4),
    ],
    {"a": {"refunded_amount": 4, "net_revenue": 6}},
)

add(
    CASES,
    "an_item_that_came_back_is_its_share_of_the_order",
    [
        buy("a", "2026-02-01T03:00", value=30, productId="x", quantity=3),
        buy("a", "2026-02-01T03:00:01", value=7, productId="y"),
        refund("a", "2026-02-02T03:00", productId="x", quantity=2),
    ],
    {"a": {"revenue": 37, "refunded_amount": 20, "net_revenue": 17}},
)

add(
    CASES,
    "a_refund_of_an_item_that_was_not_in_it_takes_nothing",
    [
        buy("a", "2026-02-01T03:00", productId="x"),
        refund("a", "2026-02-02T03:00", productId="z"),
    ],
    {"a": {"refunded_amount": 0, "n_refunds": 1}},
)

add(
    CASES,
    "price_times_quantity_is_an_amount",
    [
        buy("a", "2026-02-01T03:00"),
        refund("a", "2026-02-02T03:00", productId="z", price=1.5, quantity=2),
    ],
    {"a": {"refunded_amount": 3}},
)

add(
    CASES,
    "a_refund_that_two_sources_tell_of_counts_once",
    [
        buy("a", "2026-02-01T03:00"),
        refund("a", "2026-02-02T03:00", value=4),
        refund("a", "2026-02-02T03:05", value=3, source="erp", eventId="s"),
    ],
    {"a": {"refunded_amount": 3, "n_refunds": 1}},
)

add(
    CASES,
    "a_refund_before_its_order_counts_and_one_after_as_of_does_not",
    [  # clocks differ; 16:00 is the 21st in Shanghai
        refund("a", "2026-02-01T02:00", value=4),
        buy("a", "2026-02-01T03:00"),
        refund("a", "2026-02-20T16:00", value=5),
    ],
    {"a": {"refunded_amount": 4, "n_refunds": 1}},
)

add(
    CASES,
    "a_refund_by_somebody_else_is_of_the_order_it_names",
    [
        buy("a", "2026-02-01T03:00"),
        refund("a", "2026-02-02T03:00", person="agent", value=1),
        refund("none", "2026-02-02T03:00", value=9),
    ],
    {"a": {"refunded_amount": 1, "order_number": 1}},
)

# dim_users, by `case/person`: what it adds up to.
PERSONS: dict[str, dict[str, Any]] = {
    "one_order_more_makes_all_of_that_day_suspicious_and_no_other/b": {
        "n_orders": 5,
        "n_suspicious_orders": 4,
        "revenue": 10,
        "net_revenue": 10,
        "avg_order_value": 10,
        "n_order_days": 2,
        "last_order_date": "2026-02-02",
        "days_since_last_order": 18,
    },
    "the_first_broken_rule_is_the_reason/b": {
        "n_orders": 4,
        "n_suspicious_orders": 4,
        "revenue": 0,
        "avg_order_value": None,
    },
    "one_order_id_of_two_users_is_an_order_each/u1": {"n_orders": 1, "revenue": 10, "net_revenue": 10},
    "one_order_id_of_two_users_is_an_order_each/u2": {"n_orders": 1, "revenue": 20, "net_revenue": 15},
    "one_order_id_of_two_users_is_an_order_each/agent": {"n_orders": 0, "revenue": 0, "net_revenue": -2},
    "a_refund_by_somebody_else_is_of_the_order_it_names/p": {"revenue": 10, "net_revenue": 0},
    "two_refunds_of_a_part_add_up/p": {"n_orders": 1, "revenue": 10.1, "net_revenue": 9.8, "avg_order_value": 10.1},
    # the 1st to the 20th are 20 dates, but 30 are counted; three orders
    "days_between_are_dates_of_the_site/p": {
        "n_orders": 3,
        "purchase_frequency": 3.0,
        "first_order_date": "2026-02-01",
    },
}
