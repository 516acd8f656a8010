"""Logs of sessions and what their paths must be, worked out by hand.

A log is sessions by person; a word is an event, one that starts with / the view of that page. Public cases name their
source; what stands there is written in our own words, and where we count otherwise on purpose, `differs` says why.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.conformance.reference.paths import Rules

EVENTS = Rules()
PAGES = Rules(groups=("/no/such/*",))  # steps are pages


@dataclass(frozen=True)
class Case:
    """`expected`: table -> key -> the first figures of that row; `only`: whether the table holds nothing else."""

    name: str
    log: dict[str, list[str]]
    expected: dict[str, dict[Any, tuple]]
    rules: Rules = EVENTS
    revenue: dict[str, float] = field(default_factory=dict)  # by `person/number of the session`
    only: bool = True
    source: str = ""
    differs: str = ""


OURS = (
    Case(
        "a repeat is one step of a path, but a transition of its own",
        {"a": ["x x x y"]},
        {
            "sequences": {"x → y": (1, 1, 1.0, 0.0)},
            "transitions": {
                ("(entry)", "x"): (1, 1, 1),
                ("x", "x"): (2, 1, 1),
                ("x", "y"): (1, 1, 1),
                ("y", "(exit)"): (1, 1, 1),
            },
        },
    ),
    Case("a loop of two steps is no repeat", {"a": ["x y x y"]}, {"sequences": {"x → y → x → y": (1, 1, 1.0, 0.0)}}),
    Case(
        "ten steps are kept, counted after collapsing",
        {"a": ["1 1 2 3 4 5 6 7 8 9 10 10 11"]},
        {"sequences": {"1 → 2 → 3 → 4 → 5 → 6 → 7 → 8 → 9 → 10": (1, 1, 1.0, 0.0)}},
    ),
    Case(
        "who converts after the tenth step has converted",
        {"a": ["1 2 3 4 5 6 7 8 9 10 11 purchase"]},
        {"sequences": {"1 → 2 → 3 → 4 → 5 → 6 → 7 → 8 → 9 → 10": (1, 1, 1.0, 1.0)}},
    ),
    Case(
        "nobody leaves at the tenth step who goes on",
        {"a": ["1 2 3 4 5 6 7 8 9 10 11"]},
        {"flows": {**{("entry", n, str(n), str(n + 1)): (1, 1) for n in range(1, 10)}}},
    ),
    Case(
        "a session of ten steps does not show its exit",
        {"a": ["1 2 3 4 5 6 7 8 9 10"], "b": ["1"]},
        {
            "flows": {
                **{("entry", n, str(n), str(n + 1)): (1, 1) for n in range(1, 10)},
                ("entry", 1, "1", "(exit)"): (1, 1),
            }
        },
    ),
    Case(
        "one person twice is two sessions and one person",
        {"a": ["x y", "x y"]},
        {"sequences": {"x → y": (2, 1, 1.0, 0.0)}},
    ),
    Case(
        "paths lead up to the first conversion, not the last",
        {"a": ["x purchase y purchase"]},
        {"flows": {("end", 1, "x", "purchase"): (1, 1), ("end", 2, "(entry)", "x"): (1, 1)}},
        only=False,
    ),
    Case(
        "a session that begins with the conversion comes from its entry",
        {"a": ["purchase x"]},
        {"flows": {("end", 1, "(entry)", "purchase"): (1, 1)}},
        only=False,
    ),
    Case(
        "paths from a start begin at its first time",
        {"a": ["y x z x"]},
        {
            "flows": {
                ("start", 1, "x", "z"): (1, 1),
                ("start", 2, "z", "x"): (1, 1),
                ("start", 3, "x", "(exit)"): (1, 1),
                ("entry", 1, "y", "x"): (1, 1),
                ("entry", 2, "x", "z"): (1, 1),
                ("entry", 3, "z", "x"): (1, 1),
                ("entry", 4, "x", "(exit)"): (1, 1),
            }
        },
        rules=Rules(start="x"),
    ),
    # 3 reach the cart; one is lost there, the others go on: 40 and 0, 20 a session. Two end at the item: 1 went on from
    # it … 3 did.
    Case(
        "money at stake is what those bring who go on, also without buying",
        {"a": ["item cart"], "b": ["item cart purchase"], "c": ["item cart help"]},
        {"drop_offs": {"item": (3, 0, 0, 0, 0.0), "cart": (3, 1, 1, 1, 20.0), "help": (1, 1, 1, 1, 0.0)}},
        revenue={"b/0": 40.0},
    ),
    Case(
        "a step after the conversion is not where anybody was lost",
        {"a": ["item purchase help"]},
        {"drop_offs": {"item": (1, 0, 0, 0, 0.0)}},
        revenue={"a/0": 9.0},
    ),
    Case(
        "who leaves twice is one person, and not lost for good who buys another time",
        {"a": ["item", "item", "item purchase"]},
        {"drop_offs": {"item": (3, 2, 1, 0, 20.0)}},
        revenue={"a/2": 10.0},
    ),
    Case("where nobody ever went on nothing is at stake", {"a": ["item"]}, {"drop_offs": {"item": (1, 1, 1, 1, 0.0)}}),
    Case(
        "the first group that matches wins, a star spans slashes, and what matches none keeps its path",
        {"a": ["/product/new /product/7/photos /about search"]},
        {"sequences": {"/product/new → /product/* → /about → search": (1, 1, 1.0, 0.0)}},
        rules=Rules(groups=("/product/new", "/product/*")),
    ),
    Case(
        "a group is no regular expression and no LIKE pattern",
        {"a": ["/a.b /axb /a_c /ayc /50% /500"]},
        {"sequences": {"/a.* → /axb → /a_* → /ayc → /50% → /500": (1, 1, 1.0, 0.0)}},
        rules=Rules(groups=("/a.*", "/a_*", "/50%")),
    ),
    Case(
        "pages of one group are one step, and no transition of a page to itself is lost",
        {"a": ["/p/1 /p/2 cart"]},
        {
            "sequences": {"/p/* → cart": (1, 1, 1.0, 0.0)},
            "transitions": {
                ("(entry)", "/p/*"): (1, 1, 1),
                ("/p/*", "/p/*"): (1, 1, 1),
                ("/p/*", "cart"): (1, 1, 1),
                ("cart", "(exit)"): (1, 1, 1),
            },
        },
        rules=Rules(groups=("/p/*",)),
    ),
)

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

CASES = (*OURS, *POSTHOG, *CLICKHOUSE)
