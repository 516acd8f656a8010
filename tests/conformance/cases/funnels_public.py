"""Funnel cases that other projects test themselves with: their logs and the levels they expect, in our own words.

`level` is theirs. Where ours differs, `ours` is our level and `why` names the word of our definition that decides it;
the table in docs/conformance.md is counted from here. Not here: those of ClickHouse
(funnels_clickhouse.py), our own traps (funnels.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

BEHAVIORAL = "tomtom215/duckdb-behavioral, src/window_funnel.rs and test/sql/window_funnel.test"
POSTHOG_STRICT = "PostHog/posthog, posthog/hogql_queries/insights/funnels/test/test_funnel_strict.py"
POSTHOG_ANY = "PostHog/posthog, posthog/hogql_queries/insights/funnels/test/test_funnel_unordered.py"
ONE_EVENT_ONE_STEP = "one event serves one step"
NONE_BETWEEN = "strict: none between, not even one of the funnel's own steps again"
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


def named(*events: str) -> list[dict[str, Any]]:
    return [{"event": event} for event in events]


def where(*conditions: str) -> list[dict[str, Any]]:
    """Steps of one event, distinguished by conditions."""
    return [{"event": "e", "where": condition} for condition in conditions]


def numbers(*events: int) -> list[dict[str, Any]]:
    return named(*(f"n{event}" for event in events))


def group(
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


def levels(logs: dict[str, str], *levels: int) -> dict[str, tuple[str, int]]:
    return {who: (log, level) for (who, log), level in zip(logs.items(), levels, strict=True)}


_SHOP = {"1": "view@0 cart@300 purchase@600", "2": "view@0 cart@300", "3": "view@0 cart@18000"}

CASES: tuple[Public, ...] = (
    *group(BEHAVIORAL, "one_hour", named("view", "cart", "purchase"), levels(_SHOP, 3, 2, 1), window=3600),
    *group(BEHAVIORAL, "half_an_hour", named("view", "cart", "purchase"), levels(_SHOP, 3, 2, 1), window=1800),
    *group(
        BEHAVIORAL,
        "strict_order",
        named("view", "cart", "purchase"),
        levels(_SHOP, 3, 2, 1),
        window=3600,
        order="strict",
    ),
    *group(BEHAVIORAL, "no_first_step", named("nonexistent", "cart"), {"1": (_SHOP["1"], 0)}, window=3600),
    *group(BEHAVIORAL, "multiple_entries_best_wins", named(*"abc"), {"run": ("a@0 b@120 a@200 b@230", 2)}, window=60),
    *group(
        BEHAVIORAL,
        "all_conditions_same_row",
        where("price > 0", "price > 1", "price > 2"),
        {"run": ("e@0[price=3]", 1)},
        window=3600,
    ),
    *group(
        BEHAVIORAL,
        "multi_condition_event",
        where("price = 1", "price > 1", "price > 2"),
        {"run": ("e@0[price=1] e@1[price=3]", 3)},
        {"run": 2},
        ONE_EVENT_ONE_STEP,
        window=3600,
    ),
    *group(
        BEHAVIORAL,
        "strict_once_multi_condition_event",
        where("price = 1", "price > 1", "price > 2"),
        {"run": ("e@0[price=1] e@1[price=3]", 2)},
        window=3600,
    ),
    *group(
        BEHAVIORAL,
        "strict_once_triple",
        where("price > 0", "price > 1", "price > 2", "price > 3"),
        {"run": ("e@0[price=4] e@1[price=4] e@2[price=4] e@3[price=4]", 4)},
        window=3600,
    ),
    *group(BEHAVIORAL, "duplicate_timestamps", named(*"ab"), {"run": ("a@100 b@100", 2)}, window=3600),
    *group(
        BEHAVIORAL,
        "window_boundary",
        named(*"ab"),
        {"included": ("a@0 b@1000", 2), "past": ("a@0 b@1001", 1)},
        window=1000,
    ),
    *group(
        BEHAVIORAL,
        "strict_deduplication_same_timestamp",
        named(*"ab"),
        {"run": ("a@0 b@0", 1)},
        {"run": 2},
        NO_MODE,
        window=3600,
    ),
    *group(
        BEHAVIORAL,
        "strict_order_repeated_first_step",
        named(*"abc"),
        {"run": ("a@0 a@1 b@2", 2)},
        window=3600,
        order="strict",
    ),
    *group(
        BEHAVIORAL, "strict_backward_step", named(*"abc"), {"run": ("a@0 b@1 b@2 c@3", 2)}, window=3600, order="strict"
    ),
    *group(
        BEHAVIORAL,
        "strict_order_irrelevant_event",
        named(*"ab"),
        {"run": ("a@0 z@1 b@2", 2)},
        {"run": 1},
        NONE_BETWEEN,
        window=3600,
        order="strict",
    ),
    *group(
        POSTHOG_STRICT,
        "basic",
        named("signed_up", "page", "insight"),
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
    *group(
        POSTHOG_STRICT,
        "breakdown",
        named("sign_up", "play_movie"),
        {"person1": ("sign_up@0 blah@3600 play_movie@7200", 1), "person2": ("sign_up@0 play_movie@3600", 2)},
        window=604800,
        order="strict",
    ),
    *group(
        POSTHOG_ANY,
        "big_multi_step",
        named("signed_up", "page", "insight", "crying"),
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
    *group(
        POSTHOG_ANY,
        "exclusions_full_window",
        named("signed_up", "paid"),
        {
            "person1": ("signed_up@3600 paid@7200", 2),
            "person2": ("signed_up@10800 x@12600 paid@14400", 1),
            "person3": ("signed_up@18000 paid@21600", 2),
        },
        window=1209600,
        order="any",
        exclude=["x"],
    ),
    *group(
        POSTHOG_ANY,
        "exclusion_after_completion",
        named("signed_up", "paid", "left"),
        {"person1": ("signed_up@1 paid@2 left@3 x@4 left@5", 3)},
        window=1209600,
        order="any",
        exclude=["x"],
    ),
    *group(
        POSTHOG_ANY,
        "multiple_exclusions_between_steps",
        named("signed_up", "page", "insight", "invite", "page2"),
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
    *group(
        POSTHOG_ANY,
        "entity_filters",
        [{"event": "signed_up", "where": "item_id = 'a'"}, {"event": "signed_up", "where": "item_id = 'b'"}],
        {"user": ("signed_up@0[item_id=a] signed_up@1[item_id=b]", 2)},
        window=1209600,
        order="any",
    ),
)
