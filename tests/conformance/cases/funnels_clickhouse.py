"""Funnel cases that ClickHouse tests itself with: logs and levels, in our own words (funnels_public.py says how)."""

from __future__ import annotations

from tests.conformance.cases.funnels_public import (
    NO_MODE,
    NONE_BETWEEN,
    ONE_EVENT_ONE_STEP,
    Public,
    group,
    levels,
    named,
    numbers,
    where,
)

CLICKHOUSE = (
    "ClickHouse/ClickHouse, tests/queries/0_stateless/00632_aggregation_window_funnel.sql"  # a copy: timeplus-io/proton
)
EVERY_ENTRY = "best looks at every entry, also one inside the way of another (there: allow_reentry)"
_RUN = "n1000@0 n1001@1 n1002@2 n1003@3 n1004@4 n1005@5 n1006@6 n1007@7 n1008@8"
_REFIRED = "n1000@0 n1001@10 n1002@20 n1003@30 n1004@40 n1005@50 n1005@51 n1006@60 n1007@70 n1008@80"
_NUMBERED = " ".join(f"e@{i}[price={1000 + i}]" for i in range(1, 9))
_LAST = (1003, 1004, 1005, 1006, 1007)
_USERS = {
    "1": "a@1 b@2 c@3",
    "2": "a@1 d@2 b@3 c@4",
    "3": "a@1 a@2 b@3 b@4 c@5 c@6",
    "4": "a@1 a@2 a@3 a@4 b@5 b@6 c@7 c@8",
    "5": "a@1 a@2 b@3 b@4 d@5 c@6 c@7",
    "6": "c@1 c@2 b@3 b@4 a@5 a@6",
}
_REENTRY = {
    "1": "a@1 b@2 a@3 c@4",
    "2": "a@1 b@2 a@3 b@4 c@5",
    "3": "a@1 b@2 c@3 b@4 d@5",
    "4": "a@1 c@2 b@3",
    "5": "a@1 b@2 c@3 a@4 b@5 c@6 d@7",
}
_NULLS = {
    "1": "e@1[item_id=a1,category=b1] e@2[item_id=a2,category=b2]",
    "2": "e@1[item_id=a1] e@2[item_id=a2]",
    "3": "e@1",
    "4": "e@1[category=b1] e@2[item_id=a2] e@3[category=b3]",
}
_ATTEMPTS = {
    "123": "failure@180 failure@220 success@250",
    "234": "failure@100 failure@250",
    "345": "success@200 failure@210 success@230",
}

CASES: tuple[Public, ...] = (
    *group(CLICKHOUSE, "one_step", numbers(1000), {"run": (_RUN, 1)}, window=10000),
    *group(CLICKHOUSE, "two_steps", numbers(1000, 1001), {"run": (_RUN, 2)}, window=10000),
    *group(CLICKHOUSE, "three_steps", numbers(1000, 1001, 1002), {"run": (_RUN, 3)}, window=10000),
    *group(CLICKHOUSE, "four_steps_with_a_gap", numbers(1000, 1001, 1002, 1008), {"run": (_RUN, 4)}, window=10000),
    *group(CLICKHOUSE, "window_2", numbers(*_LAST), {"run": (_RUN, 3)}, window=2),
    *group(CLICKHOUSE, "window_3", numbers(*_LAST), {"run": (_RUN, 4)}, window=3),
    *group(CLICKHOUSE, "window_4", numbers(*_LAST), {"run": (_RUN, 5)}, window=4),
    *group(CLICKHOUSE, "far_apart", numbers(1001, 1008), {"run": (_RUN, 2)}, window=10000),
    *group(CLICKHOUSE, "backwards", numbers(1008, 1001), {"run": (_RUN, 1)}, window=10000),
    *group(
        CLICKHOUSE,
        "overlapping",
        where("price <= 1007", "price >= 1002", "price <= 1006", "price >= 1004"),
        {"run": (_NUMBERED, 4)},
        window=4,
    ),
    *group(CLICKHOUSE, "refired", numbers(*range(1000, 1007)), {"run": (_REFIRED, 7)}, window=10000),
    *group(
        CLICKHOUSE,
        "refired_strict_deduplication",
        numbers(*range(1000, 1007)),
        {"run": (_REFIRED, 6)},
        {"run": 7},
        NO_MODE,
        window=10000,
    ),
    *group(CLICKHOUSE, "abc", named(*"abc"), levels(_USERS, 3, 3, 3, 3, 3, 1), window=86400),
    *group(
        CLICKHOUSE,
        "abc_strict_order",
        named(*"abc"),
        levels(_USERS, 3, 1, 3, 3, 2, 1),
        {"3": 2, "4": 2},
        NONE_BETWEEN,
        window=86400,
        order="strict",
    ),
    *group(
        CLICKHOUSE,
        "abc_strict_order_and_deduplication",
        named(*"abc"),
        levels(_USERS, 3, 1, 2, 2, 2, 1),
        window=86400,
        order="strict",
    ),
    *group(CLICKHOUSE, "strict_order", named(*"abc"), {"7": ("a@1 c@2 b@3", 1)}, window=10, order="strict"),
    *group(
        CLICKHOUSE,
        "reentry_strict_order",
        named(*"abc"),
        levels(_REENTRY, 2, 2, 3, 1, 3),
        {"2": 3},
        EVERY_ENTRY,
        window=86400,
        order="strict",
    ),
    *group(CLICKHOUSE, "nulls", where("item_id = 'a1'", "item_id = 'a2'"), levels(_NULLS, 2, 2, 0, 0), window=86400),
    *group(
        CLICKHOUSE,
        "nulls_of_two_columns",
        where("item_id = 'a1'", "category = 'b2'"),
        levels(_NULLS, 2, 1, 0, 0),
        window=86400,
    ),
    *group(
        CLICKHOUSE, "is_null", where("item_id is null and category is null"), levels(_NULLS, 0, 0, 1, 0), window=86400
    ),
    *group(
        CLICKHOUSE,
        "null_then_value",
        where("item_id is null", "category = 'b3'"),
        levels(_NULLS, 0, 0, 1, 2),
        window=86400,
    ),
    *group(
        CLICKHOUSE,
        "null_then_value_strict_order",
        where("item_id is null", "category = 'b3'"),
        levels(_NULLS, 0, 0, 1, 1),
        window=86400,
        order="strict",
    ),
    *group(
        CLICKHOUSE,
        "equal_times",
        numbers(1000, 1001, 1002, 1003, 1004),
        {"run": ("n1000@0 n1001@1 n1002@1 n1003@1 n1004@2", 5)},
        window=10000,
    ),
    *group(
        CLICKHOUSE,
        "equal_times_strict_increase",
        numbers(1000, 1001, 1002, 1003, 1004),
        {"run": ("n1000@0 n1001@1 n1002@1 n1003@1 n1004@2", 2)},
        {"run": 5},
        NO_MODE,
        window=10000,
    ),
    *group(
        CLICKHOUSE,
        "one_event_for_three_steps",
        numbers(1004, 1004, 1004),
        {"run": ("n1003@1 n1004@2", 3)},
        {"run": 1},
        ONE_EVENT_ONE_STEP,
        window=10000,
    ),
    *group(
        CLICKHOUSE,
        "one_event_for_three_steps_strict_once",
        numbers(1004, 1004, 1004),
        {"run": ("n1003@1 n1004@2", 1)},
        window=10000,
    ),
    *group(
        CLICKHOUSE,
        "attempts_strict_once",
        named("failure", "failure", "success"),
        levels(_ATTEMPTS, 3, 2, 1),
        window=200,
    ),
)
