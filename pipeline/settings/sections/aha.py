"""Section `aha`: the grid of behaviours that are tested for an association with staying."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from pipeline.settings.types import Count, Section, Text


def _ascending(values: tuple[int, ...]) -> tuple[int, ...]:
    if list(values) != sorted(set(values)):
        raise ValueError("expected numbers in ascending order, without repeats")
    return values


Ascending = Annotated[tuple[Count, ...], Field(min_length=1, max_length=10), AfterValidator(_ascending)]


class Aha(Section):
    """How often, within how many days of the start, and what counts as staying."""

    start_event: Text | None = None
    counts: Ascending = (1, 2, 3, 5)
    days: Ascending = (1, 3, 7)
    retention_days: Count = 7
