"""Funnel traps: tiny logs with answers worked out manually. A log is written as `event@second`, in the person's order.

Each case is one person in one funnel, with the steps reached as (number, second) per entry, `!` marking an excluded
one.
Not here: cases from other projects' tests (funnels_public.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Steps = tuple[tuple[int, int], ...]
ABC: list[dict[str, Any]] = [{"event": "a"}, {"event": "b"}, {"event": "c"}]


@dataclass(frozen=True)
class Case:
    """`log`: events such as `a@0` or `a@0[item_id=x]`; `expected`: the steps of each entry, those of excluded ones in
    `excluded`.
    """

    name: str
    funnel: dict[str, Any]
    log: str
    expected: tuple[Steps, ...] = ()
    excluded: tuple[Steps, ...] = ()
    source: str = "by hand"


def _case(
    name: str,
    log: str,
    *expected: Steps,
    steps: list[dict[str, Any]] | None = None,
    excluded: tuple[Steps, ...] = (),
    **funnel: Any,
) -> Case:
    return Case(name, {"steps": steps or ABC, "window": 100, **funnel}, log, expected, excluded)


AAB: list[dict[str, Any]] = [{"event": "a"}, {"event": "a"}, {"event": "b"}]
SKIP: list[dict[str, Any]] = [{"event": "a"}, {"event": "b", "optional": True}, {"event": "c"}]
WITHIN: list[dict[str, Any]] = [{"event": "a"}, {"event": "b"}, {"event": "c", "within": 10}]
CASES = (
    # -- ordered
    _case("others_may_come_between", "a@0 z@1 b@2 z@3 c@4", ((1, 0), (2, 2), (3, 4))),
    _case("the_step_before_must_come_first", "c@0 b@1 a@2", ((1, 2),)),
    _case("the_end_of_the_window_counts", "a@0 b@50 c@100", ((1, 0), (2, 50), (3, 100))),
    _case("a_second_after_the_window_is_late", "a@0 b@50 c@101", ((1, 0), (2, 50))),
    _case("the_window_runs_from_the_entry_and_not_from_the_last_step", "a@0 b@90 c@120", ((1, 0), (2, 90))),
    _case("equal_times_are_in_order_whatever_the_ids_say", "c@5 b@5 a@5", ((1, 5), (2, 5), (3, 5))),
    _case("nobody_enters_without_step_one", "b@0 c@1"),
    # -- best
    _case(
        "best_does_not_stop_at_a_first_entry_that_led_nowhere", "a@0 a@150 b@160 c@170", ((1, 150), (2, 160), (3, 170))
    ),
    _case("best_takes_the_way_that_ends_first", "a@0 b@1 c@2 a@10 b@11 c@12", ((1, 0), (2, 1), (3, 2))),
    _case("best_takes_the_entry_that_starts_last_for_the_same_end", "a@0 a@5 b@6 c@7", ((1, 5), (2, 6), (3, 7))),
    _case("best_prefers_depth_to_an_early_end", "a@0 b@1 a@200 b@210 c@220", ((1, 200), (2, 210), (3, 220))),
    # -- first
    _case("first_keeps_to_the_first_entry", "a@0 a@150 b@160 c@170", ((1, 0),), entry="first"),
    _case(
        "first_takes_the_first_occurrence_of_each_step", "a@0 b@1 b@2 c@3 c@4", ((1, 0), (2, 1), (3, 3)), entry="first"
    ),
    _case("first_counts_the_end_of_the_window", "a@0 b@50 c@100", ((1, 0), (2, 50), (3, 100)), entry="first"),
    _case("first_leaves_out_a_second_after_the_window", "a@0 b@50 c@101", ((1, 0), (2, 50)), entry="first"),
    # -- every
    _case("every_counts_the_end_of_the_window", "a@0 b@50 c@100", ((1, 0), (2, 50), (3, 100)), entry="every"),
    _case("every_leaves_out_a_second_after_the_window", "a@0 b@50 c@101", ((1, 0), (2, 50)), entry="every"),
    _case(
        "every_counts_no_entry_inside_the_window_of_the_last",
        "a@0 b@1 a@50 a@100 a@101 b@110 c@120",
        ((1, 0), (2, 1)),
        ((1, 101), (2, 110), (3, 120)),
        entry="every",
    ),
    _case(
        "every_follows_the_chain_of_windows_and_not_the_gaps",
        "a@0 a@90 a@180 a@270",
        ((1, 0),),
        ((1, 180),),
        entry="every",
    ),
    _case(
        "every_goes_on_after_an_excluded_entry_only_when_its_window_is_over",
        "a@0 x@1 a@50 b@51 c@52 a@101",
        ((1, 101),),
        excluded=(((1, 0), (2, 51), (3, 52)),),
        entry="every",
        exclude=["x"],
    ),
    # -- repeated steps
    _case("one_event_serves_one_step", "a@0 b@1", ((1, 0),), steps=AAB),
    _case("two_events_of_one_instant_serve_two_steps", "a@0 a@0 b@0", ((1, 0), (2, 0), (3, 0)), steps=AAB),
    _case(
        "a_step_that_comes_back_is_another_event",
        "a@0 b@5",
        ((1, 0), (2, 5)),
        steps=[{"event": "a"}, {"event": "b"}, {"event": "a"}],
    ),
    _case(
        "the_narrow_condition_is_left_for_the_step_that_needs_it",
        "a@0[price=5] a@0[price=1]",
        ((1, 0), (2, 0)),
        steps=[{"event": "a"}, {"event": "a", "where": "price > 3"}],
        entry="first",
    ),
    # -- strict
    _case("strict_allows_none_between", "a@0 z@1 b@2 c@3", ((1, 0),), order="strict"),
    _case(
        "strict_finds_the_unbroken_run_among_broken_ones",
        "a@0 z@1 a@2 b@3 c@4",
        ((1, 2), (2, 3), (3, 4)),
        order="strict",
    ),
    _case("strict_first_keeps_to_its_broken_run", "a@0 z@1 a@2 b@3 c@4", ((1, 0),), order="strict", entry="first"),
    _case("strict_stands_in_the_persons_order_at_equal_times", "a@0 c@0 b@0", ((1, 0),), order="strict"),
    _case(
        "strict_and_another_session_between_events_of_other_kinds", "a@0 b@1 z@2 c@3", ((1, 0), (2, 1)), order="strict"
    ),
    # -- any
    _case("any_counts_different_steps_in_any_order", "c@0 a@1 b@2", ((1, 0), (2, 1), (3, 2)), order="any"),
    _case("any_does_not_count_one_step_twice", "a@0 a@1 b@2", ((1, 1), (2, 2)), order="any"),
    _case(
        "any_first_enters_with_an_event_of_any_step", "b@0 a@50 c@101", ((1, 0), (2, 50)), order="any", entry="first"
    ),
    _case(
        "any_best_finds_the_window_that_holds_most", "b@0 a@50 c@101 b@110", ((1, 50), (2, 101), (3, 110)), order="any"
    ),
    _case("any_needs_an_event_for_each_repeat", "b@0 a@1", ((1, 0), (2, 1)), order="any", steps=AAB),
    # -- optional
    _case("an_optional_step_may_be_skipped", "a@0 c@9", ((1, 0), (3, 9)), steps=SKIP),
    _case("an_optional_step_that_was_taken_is_told", "a@0 b@5 c@9", ((1, 0), (2, 5), (3, 9)), steps=SKIP),
    _case(
        "an_optional_step_after_the_conversion_does_not_delay_it",
        "a@0 c@9 b@10 c@11",
        ((1, 0), (3, 9)),
        steps=SKIP,
        entry="first",
    ),
    _case("level_is_the_position_and_not_the_number_of_steps", "a@0 b@5", ((1, 0), (2, 5)), steps=SKIP),
    _case(
        "strict_may_skip_an_optional_step_but_nothing_else",
        "a@0 c@1 a@20 z@21 c@22",
        ((1, 0), (3, 1)),
        steps=SKIP,
        order="strict",
    ),
    # -- within
    _case("within_bounds_the_time_from_the_step_before", "a@0 b@50 c@60", ((1, 0), (2, 50), (3, 60)), steps=WITHIN),
    _case("a_second_more_than_within_is_late", "a@0 b@50 c@61", ((1, 0), (2, 50)), steps=WITHIN),
    _case(
        "best_waits_for_the_later_step_that_is_near_enough",
        "a@0 b@1 b@50 c@55",
        ((1, 0), (2, 50), (3, 55)),
        steps=WITHIN,
    ),
    _case("first_does_not_wait", "a@0 b@1 b@50 c@55", ((1, 0), (2, 1)), steps=WITHIN, entry="first"),
    _case(
        "within_counts_from_the_last_step_that_was_not_skipped",
        "a@0 c@11",
        ((1, 0),),
        steps=[{"event": "a"}, {"event": "b", "optional": True}, {"event": "c", "within": 10}],
    ),
    # -- exclude
    _case(
        "an_excluded_event_before_the_conversion_removes_the_entry",
        "a@0 b@1 x@2 c@3",
        excluded=(((1, 0), (2, 1), (3, 3)),),
        exclude=["x"],
    ),
    _case(
        "an_excluded_event_after_the_conversion_does_not", "a@0 b@1 c@3 x@4", ((1, 0), (2, 1), (3, 3)), exclude=["x"]
    ),
    _case(
        "without_a_conversion_the_whole_window_excludes", "a@0 b@1 x@99", excluded=(((1, 0), (2, 1)),), exclude=["x"]
    ),
    _case("after_the_window_nothing_excludes", "a@0 b@1 x@101", ((1, 0), (2, 1)), exclude=["x"]),
    _case(
        "at_the_instant_of_the_entry_or_of_the_conversion_nothing_excludes",
        "x@0 a@0 b@1 c@3 x@3",
        ((1, 0), (2, 1), (3, 3)),
        exclude=["x"],
    ),
    _case("best_is_the_deepest_of_the_entries_that_are_left", "a@0 b@1 x@2 c@3 a@200", ((1, 200),), exclude=["x"]),
    _case(
        "best_converts_by_a_later_entry_after_the_excluded_event",
        "a@0 x@1 a@2 b@3 c@4",
        ((1, 2), (2, 3), (3, 4)),
        exclude=["x"],
    ),
    _case(
        "first_is_not_replaced_by_a_later_entry",
        "a@0 x@1 a@2 b@3 c@4",
        excluded=(((1, 0), (2, 3), (3, 4)),),
        exclude=["x"],
        entry="first",
    ),
    # -- hold_constant
    _case(
        "every_step_has_the_entrys_value",
        "a@0[item_id=i] b@1[item_id=j] b@2[item_id=i] c@3[item_id=i]",
        ((1, 0), (2, 2), (3, 3)),
        hold_constant=["item_id"],
        entry="first",
    ),
    _case("a_null_matches_nothing_not_even_a_null", "a@0 b@1 c@2", ((1, 0),), hold_constant=["item_id"]),
    _case(
        "best_may_begin_with_another_value",
        "a@0[item_id=i] a@1[item_id=j] b@2[item_id=j]",
        ((1, 1), (2, 2)),
        hold_constant=["item_id"],
    ),
    _case(
        "strict_is_broken_by_another_value",
        "a@0[item_id=i] b@1[item_id=j] b@2[item_id=i]",
        ((1, 0),),
        hold_constant=["item_id"],
        order="strict",
    ),
    _case(
        "two_columns_hold_together",
        "a@0[item_id=i,category=u] b@1[item_id=i,category=v] b@9[item_id=i,category=u]",
        ((1, 0), (2, 9)),
        hold_constant=["item_id", "category"],
    ),
    # -- session scope (sessions end after 30 minutes of silence)
    _case("a_session_holds_all_steps", "a@0 b@10 c@4000", ((1, 0), (2, 10)), window=9000, scope="session"),
    _case(
        "best_is_the_deepest_session",
        "a@0 b@10 a@4000 b@4001 c@4002",
        ((1, 4000), (2, 4001), (3, 4002)),
        window=9000,
        scope="session",
    ),
    _case(
        "every_counts_each_session_for_itself",
        "a@0 b@10 a@20 a@4000",
        ((1, 0), (2, 10)),
        ((1, 4000),),
        window=9000,
        scope="session",
        entry="every",
    ),
)
