"""Paths that other projects test themselves with, in our own words: where each is from, and where we count otherwise on
purpose, why. Not here: our own traps (paths.py).
"""

from __future__ import annotations

from tests.conformance.cases.paths import PAGES, Case
from tests.conformance.reference.paths import Rules

_POSTHOG = "PostHog/posthog, posthog/hogql_queries/insights/test/test_paths_query_runner.py, "
_FOUR_PEOPLE = {"p1": ["/ /about"], "p2": ["/ /pricing /about"], "p3": ["/pricing /"], "p4": ["/ /pricing"]}
_START_LOG = {
    "p1": ["/ /about/"],
    "p2": ["/ /pricing/ /about"],
    "p3": ["/pricing / /about/"],
    "p4": ["/ /pricing/"],
    "p5": ["/pricing /about /pricing/ /help"],
}

# Their tools show moves only; ours also tell where sessions end, so those rows are not in `expected`.
POSTHOG = (
    Case(
        "pages of four people",
        _FOUR_PEOPLE,
        {
            "flows": {
                ("entry", 1, "/", "/pricing"): (2,),
                ("entry", 1, "/", "/about"): (1,),
                ("entry", 1, "/pricing", "/"): (1,),
                ("entry", 2, "/pricing", "/about"): (1,),
            }
        },
        PAGES,
        only=False,
        source=_POSTHOG + "test_current_url_paths_and_logic",
    ),
    Case(
        "events of four people",
        {"p1": ["e1 e3"], "p2": ["e1 e2 e3"], "p3": ["e2 e1"], "p4": ["e1 e2"]},
        {
            "flows": {
                ("entry", 1, "e1", "e2"): (2,),
                ("entry", 1, "e1", "e3"): (1,),
                ("entry", 1, "e2", "e1"): (1,),
                ("entry", 2, "e2", "e3"): (1,),
            }
        },
        only=False,
        source=_POSTHOG + "test_custom_event_paths",
    ),
    Case(
        "pages from a start, a slash at the end makes no difference",
        _START_LOG,
        {
            "flows": {
                ("start", 1, "/pricing", "/about"): (2,),
                ("start", 1, "/pricing", "/"): (1,),
                ("start", 2, "/", "/about"): (1,),
                ("start", 2, "/about", "/pricing"): (1,),
                ("start", 3, "/pricing", "/help"): (1,),
            }
        },
        Rules(start="/pricing", groups=PAGES.groups),
        only=False,
        source=_POSTHOG + "test_paths_start, from /pricing",
    ),
    Case(
        "pages from the home page",
        _START_LOG,
        {
            "flows": {
                ("start", 1, "/", "/about"): (2,),
                ("start", 1, "/", "/pricing"): (2,),
                ("start", 2, "/pricing", "/about"): (1,),
            }
        },
        Rules(start="/", groups=PAGES.groups),
        only=False,
        source=_POSTHOG + "test_paths_start, from /",
    ),
    Case(
        "the same way on two days counts twice",
        {"p1": ["/ /about", "/ /about"]},
        {"flows": {("entry", 1, "/", "/about"): (2, 1), ("entry", 2, "/about", "(exit)"): (2, 1)}},
        PAGES,
        source=_POSTHOG + "test_paths_in_window",
    ),
    Case(
        "cleaned pages are one node",
        {"p1": ["/merchant/123/dashboard /merchant/456/dashboard"]},
        {"flows": {("entry", 1, "/merchant/*/dashboard", "(exit)"): (1, 1)}},
        Rules(groups=("/merchant/*/dashboard",)),
        source=_POSTHOG + "test_path_replacements_default_applies_team_cleaning",
    ),
    Case(
        "without cleaning they are two",
        {"p1": ["/merchant/123/dashboard /merchant/456/dashboard"]},
        {"flows": {("entry", 1, "/merchant/123/dashboard", "/merchant/456/dashboard"): (1, 1)}},
        PAGES,
        only=False,
        source=_POSTHOG + "test_path_replacements_false_skips_team_cleaning",
    ),
    Case(
        "each move has its place",
        {"p1": ["/1 /2 /3 /4"]},
        {"flows": {("entry", 1, "/1", "/2"): (1,), ("entry", 2, "/2", "/3"): (1,), ("entry", 3, "/3", "/4"): (1,)}},
        PAGES,
        only=False,
        source=_POSTHOG.replace("runner.py", "runner_2.py") + "test_step_limit, stepLimit 4",
    ),
    Case(
        "many like ways are not scrambled",
        {f"user{i}": ["one two three branch" if i % 2 == 0 else "one two three"] for i in range(50)},
        {
            "flows": {
                ("entry", 1, "one", "two"): (50,),
                ("entry", 2, "two", "three"): (50,),
                ("entry", 3, "three", "branch"): (25,),
                ("entry", 3, "three", "(exit)"): (25,),
                ("entry", 4, "branch", "(exit)"): (25,),
            }
        },
        source=_POSTHOG.replace("runner.py", "runner_2.py") + "test_event_ordering",
    ),
)

_NEXT_NODE = "ClickHouse/ClickHouse, tests/queries/0_stateless/01656_sequence_next_node_long.sql, "
_SIX = {"1": ["A B C D"], "2": ["B B D C"], "3": ["A B"], "4": ["A A A B C"], "5": ["A B A C"], "6": ["A B A B C"]}

CLICKHOUSE = (
    Case(
        "what follows an A at the head",
        _SIX,
        {"flows": {("entry", 1, "A", "B"): (5, 5), ("entry", 1, "B", "D"): (1, 1)}},
        only=False,
        source=_NEXT_NODE + "(forward, head, A) and B",
        differs="B of 4 and D of 2 where theirs is A and B: repeats are collapsed before counting",
    ),
    Case(
        "what follows A B at the head",
        _SIX,
        {
            "flows": {
                ("entry", 2, "B", "C"): (2, 2),
                ("entry", 2, "B", "(exit)"): (1, 1),
                ("entry", 2, "B", "A"): (2, 2),
            }
        },
        only=False,
        source=_NEXT_NODE + "(forward, head, A->B)",
        differs="4 counts for C where theirs has nothing: its A A A is one A",
    ),
    Case(
        "what follows the first A",
        _SIX,
        {"flows": {("start", 1, "A", "B"): (5, 5)}},
        Rules(start="A"),
        only=False,
        source=_NEXT_NODE + "(forward, first_match, A)",
        differs="B of 4 where theirs is A: repeats are collapsed",
    ),
    Case(
        "what follows the first B",
        _SIX,
        {
            "flows": {
                ("start", 1, "B", "C"): (2, 2),
                ("start", 1, "B", "D"): (1, 1),
                ("start", 1, "B", "(exit)"): (1, 1),
                ("start", 1, "B", "A"): (2, 2),
            }
        },
        Rules(start="B"),
        only=False,
        source=_NEXT_NODE + "(forward, first_match, B)",
        differs="D of 2 where theirs is B: repeats are collapsed",
    ),
    Case(
        "what comes before a C",
        _SIX,
        {"flows": {("end", 1, "B", "C"): (3, 3), ("end", 1, "D", "C"): (1, 1), ("end", 1, "A", "C"): (1, 1)}},
        Rules(end="C"),
        only=False,
        source=_NEXT_NODE + "(backward, tail, C)",
        differs="1 is in it too: its C need not be the last event",
    ),
    Case(
        "every pair of neighbours, repeats as they are",
        _SIX,
        {
            "transitions": {
                ("A", "B"): (6, 5, 5),
                ("A", "A"): (2, 1, 1),
                ("B", "B"): (1, 1, 1),
                ("B", "A"): (2, 2, 2),
                ("A", "C"): (1, 1, 1),
                ("B", "C"): (3, 3, 3),
                ("C", "D"): (1, 1, 1),
                ("B", "D"): (1, 1, 1),
                ("D", "C"): (1, 1, 1),
            }
        },
        only=False,
        source=_NEXT_NODE + "the log of all of them",
    ),
)
