"""Funnel cases that other projects test themselves with: their logs and the levels they expect, in our own words.

`level` is theirs. Where ours differs, `ours` is our level and `why` names the word of our definition that decides it;
the table in docs/conformance.md is counted from here. Not here: our own traps (funnels.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

CLICKHOUSE = (
    "ClickHouse/ClickHouse, tests/queries/0_stateless/00632_aggregation_window_funnel.sql"  # a copy: timeplus-io/proton
)
BEHAVIORAL = "tomtom215/duckdb-behavioral, src/window_funnel.rs and test/sql/window_funnel.test"
POSTHOG_STRICT = "PostHog/posthog, posthog/hogql_queries/insights/funnels/test/test_funnel_strict.py"
POSTHOG_ANY = "PostHog/posthog, posthog/hogql_queries/insights/funnels/test/test_funnel_unordered.py"
ONE_EVENT_ONE_STEP = "one event serves one step"
NONE_BETWEEN = "strict: none between, not even one of the funnel's own steps again"
EVERY_ENTRY = "best looks at every entry, also one inside the way of another (there: allow_reentry)"
NO_MODE = "there is no such mode; the level is that of an ordered funnel"


@dataclass(frozen=True)
class Public:
    """A person's log and the level it has in the funnel there (0: not entered)."""

    source: str
    name: str
    steps: list[dict[str, Any]]
    log: str
    level: int
    funnel: dict[str, Any]
    ours: int | None = None
    why: str = ""

    @property
    def expected(self) -> int:
        """The level we stand by."""
        return self.level if self.ours is None else self.ours


def _named(*events: str) -> list[dict[str, Any]]:
    return [{"event": event} for event in events]


def _where(*conditions: str) -> list[dict[str, Any]]:
    """Steps of one event, distinguished by conditions."""
    return [{"event": "e", "where": condition} for condition in conditions]


def _numbers(*events: int) -> list[dict[str, Any]]:
    return _named(*(f"n{event}" for event in events))


def _group(
    source: str,
    name: str,
    steps: list[dict[str, Any]],
    logs: dict[str, tuple[str, int]],
    /,
    ours: dict[str, int] | None = None,
    why: str = "",
    **funnel: Any,
) -> list[Public]:
    known = ours or {}
    return [
        Public(source, f"{name}_{who}", steps, log, level, funnel, known.get(who), why if who in known else "")
        for who, (log, level) in logs.items()
    ]


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
_SHOP = {"1": "view@0 cart@300 purchase@600", "2": "view@0 cart@300", "3": "view@0 cart@18000"}


def _levels(logs: dict[str, str], *levels: int) -> dict[str, tuple[str, int]]:
    return {who: (log, level) for (who, log), level in zip(logs.items(), levels, strict=True)}


CASES: tuple[Public, ...] = (
    *_group(CLICKHOUSE, "one_step", _numbers(1000), {"run": (_RUN, 1)}, window=10000),
    *_group(CLICKHOUSE, "two_steps", _numbers(1000, 1001), {"run": (_RUN, 2)}, window=10000),
    *_group(CLICKHOUSE, "three_steps", _numbers(1000, 1001, 1002), {"run": (_RUN, 3)}, window=10000),
    *_group(CLICKHOUSE, "four_steps_with_a_gap", _numbers(1000, 1001, 1002, 1008), {"run": (_RUN, 4)}, window=10000),
    *_group(CLICKHOUSE, "window_2", _numbers(*_LAST), {"run": (_RUN, 3)}, window=2),
    *_group(CLICKHOUSE, "window_3", _numbers(*_LAST), {"run": (_RUN, 4)}, window=3),
    *_group(CLICKHOUSE, "window_4", _numbers(*_LAST), {"run": (_RUN, 5)}, window=4),
    *_group(CLICKHOUSE, "far_apart", _numbers(1001, 1008), {"run": (_RUN, 2)}, window=10000),
    *_group(CLICKHOUSE, "backwards", _numbers(1008, 1001), {"run": (_RUN, 1)}, window=10000),
    *_group(
        CLICKHOUSE,
        "overlapping",
        _where("price <= 1007", "price >= 1002", "price <= 1006", "price >= 1004"),
        {"run": (_NUMBERED, 4)},
        window=4,
    ),
    *_group(CLICKHOUSE, "refired", _numbers(*range(1000, 1007)), {"run": (_REFIRED, 7)}, window=10000),
    *_group(
        CLICKHOUSE,
        "refired_strict_deduplication",
        _numbers(*range(1000, 1007)),
        {"run": (_REFIRED, 6)},
        {"run": 7},
        NO_MODE,
        window=10000,
    ),
    *_group(CLICKHOUSE, "abc", _named(*"abc"), _levels(_USERS, 3, 3, 3, 3, 3, 1), window=86400),
    *_group(
        CLICKHOUSE,
        "abc_strict_order",
        _named(*"abc"),
        _levels(_USERS, 3, 1, 3, 3, 2, 1),
        {"3": 2, "4": 2},
        NONE_BETWEEN,
        window=86400,
        order="strict",
    ),
    *_group(
        CLICKHOUSE,
        "abc_strict_order_and_deduplication",
        _named(*"abc"),
        _levels(_USERS, 3, 1, 2, 2, 2, 1),
        window=86400,
        order="strict",
    ),
    *_group(CLICKHOUSE, "strict_order", _named(*"abc"), {"7": ("a@1 c@2 b@3", 1)}, window=10, order="strict"),
    *_group(
        CLICKHOUSE,
        "reentry_strict_order",
        _named(*"abc"),
        _levels(_REENTRY, 2, 2, 3, 1, 3),
        {"2": 3},
        EVERY_ENTRY,
        window=86400,
        order="strict",
    ),
    *_group(CLICKHOUSE, "nulls", _where("item_id = 'a1'", "item_id = 'a2'"), _levels(_NULLS, 2, 2, 0, 0), window=86400),
    *_group(
        CLICKHOUSE,
        "nulls_of_two_columns",
        _where("item_id = 'a1'", "category = 'b2'"),
        _levels(_NULLS, 2, 1, 0, 0),
        window=86400,
    ),
    *_group(
        CLICKHOUSE, "is_null", _where("item_id is null and category is null"), _levels(_NULLS, 0, 0, 1, 0), window=86400
    ),
    *_group(
        CLICKHOUSE,
        "null_then_value",
        _where("item_id is null", "category = 'b3'"),
        _levels(_NULLS, 0, 0, 1, 2),
        window=86400,
    ),
    *_group(
        CLICKHOUSE,
        "null_then_value_strict_order",
        _where("item_id is null", "category = 'b3'"),
        _levels(_NULLS, 0, 0, 1, 1),
        window=86400,
        order="strict",
    ),
    *_group(
        CLICKHOUSE,
        "equal_times",
        _numbers(1000, 1001, 1002, 1003, 1004),
        {"run": ("n1000@0 n1001@1 n1002@1 n1003@1 n1004@2", 5)},
        window=10000,
    ),
    *_group(
        CLICKHOUSE,
        "equal_times_strict_increase",
        _numbers(1000, 1001, 1002, 1003, 1004),
        {"run": ("n1000@0 n1001@1 n1002@1 n1003@1 n1004@2", 2)},
        {"run": 5},
        NO_MODE,
        window=10000,
    ),
    *_group(
        CLICKHOUSE,
        "one_event_for_three_steps",
        _numbers(1004, 1004, 1004),
        {"run": ("n1003@1 n1004@2", 3)},
        {"run": 1},
        ONE_EVENT_ONE_STEP,
        window=10000,
    ),
    *_group(
        CLICKHOUSE,
        "one_event_for_three_steps_strict_once",
        _numbers(1004, 1004, 1004),
        {"run": ("n1003@1 n1004@2", 1)},
        window=10000,
    ),
    *_group(
        CLICKHOUSE,
        "attempts_strict_once",
        _named("failure", "failure", "success"),
        _levels(_ATTEMPTS, 3, 2, 1),
        window=200,
    ),
    *_group(BEHAVIORAL, "one_hour", _named("view", "cart", "purchase"), _levels(_SHOP, 3, 2, 1), window=3600),
    *_group(BEHAVIORAL, "half_an_hour", _named("view", "cart", "purchase"), _levels(_SHOP, 3, 2, 1), window=1800),
    *_group(
        BEHAVIORAL,
        "strict_order",
        _named("view", "cart", "purchase"),
        _levels(_SHOP, 3, 2, 1),
        window=3600,
        order="strict",
    ),
    *_group(BEHAVIORAL, "no_first_step", _named("nonexistent", "cart"), {"1": (_SHOP["1"], 0)}, window=3600),
    *_group(BEHAVIORAL, "multiple_entries_best_wins", _named(*"abc"), {"run": ("a@0 b@120 a@200 b@230", 2)}, window=60),
    *_group(
        BEHAVIORAL,
        "all_conditions_same_row",
        _where("price > 0", "price > 1", "price > 2"),
        {"run": ("e@0[price=3]", 1)},
        window=3600,
    ),
    *_group(
        BEHAVIORAL,
        "multi_condition_event",
        _where("price = 1", "price > 1", "price > 2"),
        {"run": ("e@0[price=1] e@1[price=3]", 3)},
        {"run": 2},
        ONE_EVENT_ONE_STEP,
        window=3600,
    ),
    *_group(
        BEHAVIORAL,
        "strict_once_multi_condition_event",
        _where("price = 1", "price > 1", "price > 2"),
        {"run": ("e@0[price=1] e@1[price=3]", 2)},
        window=3600,
    ),
    *_group(
        BEHAVIORAL,
        "strict_once_triple",
        _where("price > 0", "price > 1", "price > 2", "price > 3"),
        {"run": ("e@0[price=4] e@1[price=4] e@2[price=4] e@3[price=4]", 4)},
        window=3600,
    ),
    *_group(BEHAVIORAL, "duplicate_timestamps", _named(*"ab"), {"run": ("a@100 b@100", 2)}, window=3600),
    *_group(
        BEHAVIORAL,
        "window_boundary",
        _named(*"ab"),
        {"included": ("a@0 b@1000", 2), "past": ("a@0 b@1001", 1)},
        window=1000,
    ),
    *_group(
        BEHAVIORAL,
        "strict_deduplication_same_timestamp",
        _named(*"ab"),
        {"run": ("a@0 b@0", 1)},
        {"run": 2},
        NO_MODE,
        window=3600,
    ),
    *_group(
        BEHAVIORAL,
        "strict_order_repeated_first_step",
        _named(*"abc"),
        {"run": ("a@0 a@1 b@2", 2)},
        window=3600,
        order="strict",
    ),
    *_group(
        BEHAVIORAL, "strict_backward_step", _named(*"abc"), {"run": ("a@0 b@1 b@2 c@3", 2)}, window=3600, order="strict"
    ),
    *_group(
        BEHAVIORAL,
        "strict_order_irrelevant_event",
        _named(*"ab"),
        {"run": ("a@0 z@1 b@2", 2)},
        {"run": 1},
        NONE_BETWEEN,
        window=3600,
        order="strict",
    ),
    *_group(
        POSTHOG_STRICT,
        "basic",
        _named("signed_up", "page", "insight"),
        {
            "person1": ("signed_up@0", 1),
            "person2": ("page@0 signed_up@1", 1),
            "person3": ("signed_up@0 page@1 other@2 insight@3", 2),
            "person4": ("insight@0 other@1 page@2 signed_up@3", 1),
            "person5": ("page@0 signed_up@1 other@2 page@3 insight@4", 1),
            "person6": ("other@0 signed_up@1 other@2 page@3", 1),
            "person7": ("other@0 signed_up@1 page@2 insight@3 other@4", 3),
            "person8": ("insight@0 page@1", 0),
        },
        window=1209600,
        order="strict",
    ),
    *_group(
        POSTHOG_STRICT,
        "breakdown",
        _named("sign_up", "play_movie"),
        {"person1": ("sign_up@0 blah@3600 play_movie@7200", 1), "person2": ("sign_up@0 play_movie@3600", 2)},
        window=604800,
        order="strict",
    ),
    *_group(
        POSTHOG_ANY,
        "big_multi_step",
        _named("signed_up", "page", "insight", "crying"),
        {
            "person1": ("signed_up@0", 1),
            "person2": ("page@0 crying@1", 2),
            "person3": ("signed_up@0 page@1 other@2 insight@3", 3),
            "person4": ("insight@0 crying@1 signed_up@2", 3),
            "person5": ("page@0 signed_up@1 crying@2 insight@3", 4),
            "person6": ("other@0 insight@1", 1),
            "person7": ("page@0 other@1", 1),
            "person8": ("insight@0 page@1", 2),
        },
        window=1209600,
        order="any",
    ),
    *_group(
        POSTHOG_ANY,
        "exclusions_full_window",
        _named("signed_up", "paid"),
        {
            "person1": ("signed_up@3600 paid@7200", 2),
            "person2": ("signed_up@10800 x@12600 paid@14400", 1),
            "person3": ("signed_up@18000 paid@21600", 2),
        },
        window=1209600,
        order="any",
        exclude=["x"],
    ),
    *_group(
        POSTHOG_ANY,
        "exclusion_after_completion",
        _named("signed_up", "paid", "left"),
        {"person1": ("signed_up@1 paid@2 left@3 x@4 left@5", 3)},
        window=1209600,
        order="any",
        exclude=["x"],
    ),
    *_group(
        POSTHOG_ANY,
        "multiple_exclusions_between_steps",
        _named("signed_up", "page", "insight", "invite", "page2"),
        {
            "person1": ("signed_up@60 x@120 page@180 insight@240 y@270 invite@300 page2@360", 2),
            "person2": ("signed_up@60 y@90 page@120 insight@240 y@270 invite@300 x@330 page2@360", 1),
            "person3": ("signed_up@60 x@90 page@120 insight@240 invite@300 x@330 page2@360", 1),
            "person4": ("signed_up@60 page@120 insight@240 invite@300 page2@360", 5),
            "person5": ("signed_up@60 x@90 page@120 x@150 insight@240 y@270 invite@300 x@330 page2@360", 1),
        },
        window=1209600,
        order="any",
        exclude=["x", "y"],
    ),
    *_group(
        POSTHOG_ANY,
        "entity_filters",
        [{"event": "signed_up", "where": "item_id = 'a'"}, {"event": "signed_up", "where": "item_id = 'b'"}],
        {"user": ("signed_up@0[item_id=a] signed_up@1[item_id=b]", 2)},
        window=1209600,
        order="any",
    ),
)
