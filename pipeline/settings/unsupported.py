"""Keys and values of the contract that are not implemented yet.

They are refused if ignoring them would give other figures than configured, else accepted with a notice. Remove an entry
when its feature is built.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from pipeline.settings.locations import Location

Refusal = tuple[Location, str, str]


@dataclass(frozen=True)
class _Rule:
    """A key (`*` stands for each entry of a list), the values that match, and what to do instead."""

    key: str
    matches: Callable[[Any], bool]
    remedy: str = "remove it"


def _is_set(value: Any) -> bool:
    return bool(value)


def _is_not(*supported: Any) -> Callable[[Any], bool]:
    return lambda value: value not in supported


_REFUSED = (
    _Rule(
        "sources.*.format",
        _is_not("tracker", "table"),
        "use tracker, or table, which reads any CSV, TSV, Parquet or JSON lines",
    ),
)

_TABLE_KEYS = ("columns", "header", "delimiter", "event_name")
_UNUSED = (
    _Rule("interventions", _is_set),
    _Rule("global_holdout", _is_set),
    _Rule("experiments", _is_set),
    _Rule("segments.rules.at_risk.active_days", _is_not(30)),
    _Rule("segments.rules.at_risk.inactive_days", _is_not(7)),
)


def _found(value: Any, parts: list[str], location: Location = ()) -> Iterator[tuple[Location, Any]]:
    if not parts:
        yield location, value
    elif parts[0] == "*":
        for index, entry in enumerate(value):
            yield from _found(entry, parts[1:], (*location, index))
    elif parts[0] in value.model_fields_set:
        yield from _found(getattr(value, parts[0]), parts[1:], (*location, parts[0]))


def _matching(settings: Any, rules: tuple[_Rule, ...]) -> Iterator[tuple[Location, Any, str]]:
    for rule in rules:
        for location, value in _found(settings, rule.key.split(".")):
            if rule.matches(value):
                yield location, value, rule.remedy


def refused(settings: Any) -> list[Refusal]:
    """Location, problem and remedy of each value that would have no effect."""
    only_tables: list[Refusal] = [
        (("sources", index, key), "is for `format: table` only", "remove it, or set format: table")
        for index, source in enumerate(settings.sources)
        for key in _TABLE_KEYS
        if source.format == "tracker" and key in source.model_fields_set
    ]
    return only_tables + [
        (location, f"{value!r} is not supported yet" if isinstance(value, str) else "is not supported yet", remedy)
        for location, value, remedy in _matching(settings, _REFUSED)
    ]


def unused(settings: Any) -> list[Location]:
    """The keys that are accepted but not used yet."""
    return [location for location, _, _ in _matching(settings, _UNUSED)]
