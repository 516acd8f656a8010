"""Keys and values of the contract that are not implemented yet.

A source's format that is only planned is refused (`pipeline.ingest.check_formats`); a key that nothing uses is accepted
with a notice. Remove an entry when its feature is built.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from pipeline.settings.locations import Location

PLANNED_FORMATS = ("snowplow",)


@dataclass(frozen=True)
class _Rule:
    """A key, and the values that would have no effect."""

    key: str
    matches: Callable[[Any], bool]


def _is_set(value: Any) -> bool:
    return bool(value)


def _is_not(*supported: Any) -> Callable[[Any], bool]:
    return lambda value: value not in supported


_UNUSED = (
    _Rule("interventions", _is_set),
    _Rule("global_holdout", _is_set),
    _Rule("experiments", _is_set),
    _Rule("segments.rules.at_risk.active_days", _is_not(30)),
    _Rule("segments.rules.at_risk.inactive_days", _is_not(7)),
)


def unused(settings: Any) -> Iterator[Location]:
    """The keys that are accepted but not used yet."""
    for rule in _UNUSED:
        location, value = tuple(rule.key.split(".")), settings
        for part in location:
            value = getattr(value, part) if part in value.model_fields_set else None
            if value is None:
                break
        else:
            if rule.matches(value):
                yield location
