"""Section `retention`: cohorts, returns, and how far to look."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, field_validator

from pipeline.settings.types import Count, Section, Text

# Columns of activation.user_profiles by which retention can be broken down: categories, not numbers.
RetentionBreakdown = Literal[
    "acquisition_channel",
    "segment",
    "cluster_name",
    "lifecycle_stage",
    "favourite_category",
    "is_known_user",
]


class Retention(Section):
    """What starts a cohort, what counts as a return, how many periods, and from when the history is reliable."""

    start_event: Text | None = None
    return_event: Text | None = None
    max_days: Count = 30
    max_weeks: Count = 12
    max_months: Count = 12
    brackets: tuple[tuple[int, int], ...] = ((1, 3), (4, 7), (8, 30))
    breakdowns: tuple[RetentionBreakdown, ...] = ("acquisition_channel", "segment")
    warm_up_days: Annotated[int, Field(ge=0)] = 30
    history_start: date | None = None

    @field_validator("brackets")
    @classmethod
    def _ascending_brackets(cls, value: tuple[tuple[int, int], ...]) -> tuple[tuple[int, int], ...]:
        for first, last in value:
            if not 0 <= first <= last:
                raise ValueError(f"expected [first day, last day] with first ≤ last, not [{first}, {last}]")
        return value

    @field_validator("breakdowns")
    @classmethod
    def _each_once(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(value)) < len(value):
            raise ValueError("a breakdown is listed twice")
        return value
