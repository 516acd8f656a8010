"""What the contract knows and the pipeline does not do yet: refused where ignoring it would give other figures than
asked for, else accepted with a notice. Take an entry out when its feature is built.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

Location = tuple[int | str, ...]
Refusal = tuple[Location, str, str]


@dataclass(frozen=True)
class _Rule:
    """A place in the config (`*` stands for each entry of a list), the values it is about, and what to do instead."""

    place: str
    is_meant: Callable[[Any], bool]
    remedy: str = "remove it"


def _is_set(value: Any) -> bool:
    return bool(value)


def _is_not(*supported: Any) -> Callable[[Any], bool]:
    return lambda value: value not in supported


_REFUSED = (
    _Rule(
        "sources.*.format", _is_not("tracker", "table"),
        "use tracker, or table, which reads any CSV, TSV, Parquet or JSON lines",
    ),
)  # fmt: skip

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
        for location, value in _found(settings, rule.place.split(".")):
            if rule.is_meant(value):
                yield location, value, rule.remedy


def refused(settings: Any) -> list[Refusal]:
    """Where, what and what to do instead, for each key that would not be honoured."""
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
    """The keys that are accepted and that nothing reads yet."""
    return [location for location, _, _ in _matching(settings, _UNUSED)]
