"""Hand-made logs of visits and orders, and what each model owes to which channel, worked out by hand.

Look-back 30 days, half-life 7 days, 40/20/40. All at 12:00 UTC of days of 2025; visits are one page view.
"""

from __future__ import annotations

from typing import Any

from tests.conformance.harness import Line, line

_UTM = {
    "email": {"utm_source": "letter", "utm_medium": "email"},
    "paid_search": {"utm_source": "google", "utm_medium": "cpc"},
    "affiliates": {"utm_source": "partner", "utm_medium": "affiliate"},
    "direct": {},
}
Owed = dict[str, dict[str, tuple[str, str]]]  # model -> channel -> orders, revenue


def _visit(case: str, day: str, channel: str, clock: str = "12:00:00", **more: Any) -> Line:
    return line(f"{case}/p", "page_view", f"2025-{day}T{clock}Z", **_UTM[channel], **more)


def _order(case: str, day: str, value: float, clock: str = "12:10:00", **more: Any) -> Line:
    properties = {"orderId": f"{case}/{day}", "value": value, **more}
    return line(f"{case}/p", "purchase", f"2025-{day}T{clock}Z", **properties)


def _all(channel: str, orders: str, revenue: str) -> Owed:
    models = ("first_touch", "last_touch", "last_non_direct_touch", "linear", "position_based", "time_decay")
    return {model: {channel: (orders, revenue)} for model in models}


CASES: dict[str, tuple[list[Line], Owed]] = {
    # the order's own session is its last touch; weeks are half-lives: weights 1/4, 1/2, 1
    "three_visits_a_week_apart": (
        [
            _visit("three_visits_a_week_apart", "04-01", "email"),
            _visit("three_visits_a_week_apart", "04-08", "paid_search"),
            _visit("three_visits_a_week_apart", "04-15", "direct"),
            _order("three_visits_a_week_apart", "04-15", 70),
        ],
        {
            "first_touch": {"email": ("1", "70")},
            "last_touch": {"direct": ("1", "70")},
            "last_non_direct_touch": {"paid_search": ("1", "70")},
            "linear": {
                "email": ("0.333333", "23.333333"),
                "paid_search": ("0.333333", "23.333333"),
                "direct": ("0.333334", "23.333334"),
            },
            "position_based": {"email": ("0.4", "28"), "paid_search": ("0.2", "14"), "direct": ("0.4", "28")},
            "time_decay": {
                "email": ("0.142857", "10"),
                "paid_search": ("0.285714", "20"),
                "direct": ("0.571429", "40"),
            },
        },
    ),
    "two_visits_share_by_position_in_halves": (
        [
            _visit("two_visits_share_by_position_in_halves", "04-01", "email"),
            _visit("two_visits_share_by_position_in_halves", "04-01", "affiliates", "18:00:00"),
            _order("two_visits_share_by_position_in_halves", "04-01", 0.01, "18:05:00"),
        ],
        {
            "first_touch": {"email": ("1", "0.01")},
            "last_touch": {"affiliates": ("1", "0.01")},
            "last_non_direct_touch": {"affiliates": ("1", "0.01")},
            "linear": {"email": ("0.5", "0.005"), "affiliates": ("0.5", "0.005")},
            "position_based": {"email": ("0.5", "0.005"), "affiliates": ("0.5", "0.005")},
            # 2^(-6/168) = 0.9755486; divided by 1.9755486: 0.49381151
            "time_decay": {"email": ("0.493812", "0.004938"), "affiliates": ("0.506188", "0.005062")},
        },
    ),
    "all_direct_is_owed_to_direct": (
        [_visit("all_direct_is_owed_to_direct", "04-01", "direct"), _order("all_direct_is_owed_to_direct", "04-01", 5)],
        _all("direct", "1", "5"),
    ),
    # 30 days before 1 May 12:00:00 is 1 April 12:00:00; the order is a server's and stands in no session
    "a_visit_exactly_the_look_back_before_counts": (
        [
            _visit("a_visit_exactly_the_look_back_before_counts", "04-01", "email"),
            _order("a_visit_exactly_the_look_back_before_counts", "05-01", 5, "12:00:00", source="erp"),
        ],
        _all("email", "1", "5"),
    ),
    "a_visit_a_second_before_the_look_back_does_not": (
        [
            _visit("a_visit_a_second_before_the_look_back_does_not", "04-01", "email", "11:59:59"),
            _order("a_visit_a_second_before_the_look_back_does_not", "05-01", 5, "12:00:00", source="erp"),
        ],
        _all("no_touch", "1", "5"),
    ),
    "an_order_without_any_visit_is_not_lost": (
        [_order("an_order_without_any_visit_is_not_lost", "04-01", 5, source="erp")],
        _all("no_touch", "1", "5"),
    ),
    "a_visit_that_begins_at_the_orders_instant_counts": (
        [
            _order(
                "a_visit_that_begins_at_the_orders_instant_counts", "04-01", 5, utm_source="letter", utm_medium="email"
            )
        ],
        _all("email", "1", "5"),
    ),
    "a_visit_after_the_order_does_not_count": (
        [
            _visit("a_visit_after_the_order_does_not_count", "04-01", "email"),
            _order("a_visit_after_the_order_does_not_count", "04-01", 5),
            _visit("a_visit_after_the_order_does_not_count", "04-02", "paid_search"),
        ],
        _all("email", "1", "5"),
    ),
    "each_order_looks_back_for_itself": (
        [
            _visit("each_order_looks_back_for_itself", "04-01", "email"),
            _order("each_order_looks_back_for_itself", "04-01", 5),
            _order("each_order_looks_back_for_itself", "04-02", 7, "12:00:00", source="erp"),
        ],
        _all("email", "2", "12"),
    ),
    "an_order_told_by_tracker_and_server_counts_once": (
        [
            _visit("an_order_told_by_tracker_and_server_counts_once", "04-01", "email"),
            _order("an_order_told_by_tracker_and_server_counts_once", "04-01", 5),
            _order("an_order_told_by_tracker_and_server_counts_once", "04-01", 6, "12:11:00", source="erp"),
        ],
        _all("email", "1", "6"),
    ),
    "suspicious_orders_are_left_out": (
        [
            _visit("suspicious_orders_are_left_out", "04-01", "email"),
            *(
                line(
                    "suspicious_orders_are_left_out/p",
                    "purchase",
                    f"2025-04-01T12:{n:02}:00Z",
                    orderId=f"odd/{n}",
                    value=1,
                )
                for n in range(51)
            ),
        ],
        {},
    ),
    "orders_of_programs_are_left_out": (
        [
            _visit("orders_of_programs_are_left_out", "04-01", "email", context={"userAgent": "Googlebot/2.1"}),
            _order("orders_of_programs_are_left_out", "04-01", 5),
        ],
        {},
    ),
}
