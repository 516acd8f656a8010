"""Logs of sessions and what their paths must be, worked out by hand.

A log is sessions by person; a word is an event, one that starts with / the view of that page. Not here: cases from
other projects' tests (paths_public.py).
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
    source: str = ""  # of a public case
    differs: str = ""  # why we count otherwise on purpose


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
