"""Brushing: tiny logs and their answers, worked out by hand, with the limits of orders.py."""

from __future__ import annotations

from tests.conformance.cases.orders import Answers, add, buy
from tests.conformance.harness import Line, line

CASES: dict[str, tuple[list[Line], Answers]] = {}

add(
    CASES,
    "as_many_orders_a_day_as_allowed_are_fine",
    [buy(f"o{n}", f"2026-02-01T0{n}:00") for n in range(3)],
    {f"o{n}": {"suspicion_reason": None} for n in range(3)},
)

add(
    CASES,
    "one_order_more_makes_all_of_that_day_suspicious_and_no_other",
    [
        *(buy(f"o{n}", f"2026-02-01T0{n}:00", person="b") for n in range(4)),
        buy("next", "2026-02-02T03:00", person="b"),
    ],
    {
        **{f"o{n}": {"suspicion_reason": "too_many_orders_per_day"} for n in range(4)},
        "next": {"suspicion_reason": None, "order_number": 5},
    },
)

add(
    CASES,
    "one_item_in_four_orders_within_three_dates",
    [  # 1st, 3rd, 3rd, 3rd; the 2nd is of another item
        buy("a", "2026-02-01T03:00", productId="x"),
        buy("b", "2026-02-03T03:00", productId="x"),
        buy("c", "2026-02-03T04:00", productId="x"),
        buy("d", "2026-02-03T05:00", productId="x"),
        buy("other", "2026-02-02T03:00", productId="y"),
    ],
    {**{order: {"suspicion_reason": "same_item_again"} for order in "abcd"}, "other": {"suspicion_reason": None}},
)

add(
    CASES,
    "one_item_in_four_orders_within_four_dates_is_fine",
    [
        buy("a", "2026-02-01T03:00", productId="x"),
        buy("b", "2026-02-03T03:00", productId="x"),
        buy("c", "2026-02-03T04:00", productId="x"),
        buy("d", "2026-02-04T05:00", productId="x"),
    ],
    {order: {"suspicion_reason": None} for order in "abcd"},
)

add(
    CASES,
    "only_orders_of_the_busy_dates_are_suspicious",
    [  # 1, 4, 4, 5, 6: the last four lie within three dates
        buy("a", "2026-02-01T03:00", productId="x"),
        buy("b", "2026-02-04T03:00", productId="x"),
        buy("c", "2026-02-04T04:00", productId="x"),
        buy("d", "2026-02-05T05:00", productId="x"),
        buy("e", "2026-02-06T05:00", productId="x"),
    ],
    {"a": {"suspicion_reason": None}, **{order: {"suspicion_reason": "same_item_again"} for order in "bcde"}},
)

add(
    CASES,
    "one_item_in_many_lines_of_an_order_is_one_order",
    [buy("a", f"2026-02-01T03:00:0{n}", productId="x", value=10 + n) for n in range(6)],
    {"a": {"suspicion_reason": None, "n_items": 6, "revenue": 75}},
)

add(
    CASES,
    "three_accounts_on_one_device",
    [  # also the guest who orders there; not the account's order elsewhere
        buy("a", "2026-02-01T03:00", person="u1", anonymousId="d"),
        buy("b", "2026-02-02T03:00", person="u2", anonymousId="d"),
        buy("c", "2026-02-03T03:00", person="u3", anonymousId="d"),
        line("", "purchase", "2026-02-03T04:00", user=None, anonymousId="d", orderId="guest", value=1),
        buy("home", "2026-02-03T03:00", person="u3", anonymousId="own"),
    ],
    {
        **{order: {"suspicion_reason": "one_device_many_accounts"} for order in ("a", "b", "c", "guest")},
        "home": {"suspicion_reason": None},
    },
)

add(
    CASES,
    "a_family_on_one_device_is_fine",
    [  # two accounts and a guest at a time; the third comes when the first is long over
        buy("a", "2026-02-01T03:00", person="u1", anonymousId="d"),
        buy("b", "2026-02-03T03:00", person="u2", anonymousId="d"),
        line("", "purchase", "2026-02-03T04:00", user=None, anonymousId="d", orderId="guest", value=1),
        buy("c", "2026-02-04T03:00", person="u3", anonymousId="d"),
    ],
    {order: {"suspicion_reason": None} for order in ("a", "b", "c", "guest")},
)

add(
    CASES,
    "the_first_broken_rule_is_the_reason",
    [buy(f"o{n}", f"2026-02-01T0{n}:00", person="b", productId="x") for n in range(4)],
    {f"o{n}": {"suspicion_reason": "too_many_orders_per_day"} for n in range(4)},
)
