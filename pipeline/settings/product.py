"""The sections about what people do: paths through a session, and behaviours that go with staying.

Funnels, retention and models are in analysis.py.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from pipeline.settings.types import Count, Section, Text


def _page_pattern(value: str) -> str:
    if not value.startswith(("/", "*")):
        raise ValueError("expected a page path that starts with / (* stands for any text), such as /product/*")
    return value.rstrip("/") or "/"


def _rising(values: tuple[int, ...]) -> tuple[int, ...]:
    if list(values) != sorted(set(values)):
        raise ValueError("expected rising numbers, each once")
    return values


PagePattern = Annotated[Text, AfterValidator(_page_pattern)]
Rising = Annotated[tuple[Count, ...], Field(min_length=1, max_length=10), AfterValidator(_rising)]


class Paths(Section):
    """Where paths are anchored, and what a step is called."""

    start: Text | None = None
    end: Text = "purchase"
    groups: tuple[PagePattern, ...] = ()
    page_events: Annotated[tuple[Text, ...], Field(min_length=1)] = ("page_view",)

    @model_validator(mode="after")
    def _groups_differ(self) -> Paths:
        for group in self.groups:
            if self.groups.count(group) > 1:
                raise ValueError(f"the group '{group}' is given twice")
        return self


class Aha(Section):
    """The grid of behaviours: how often, within how many days of the start, and what counts as staying."""

    start_event: Text | None = None
    counts: Rising = (1, 2, 3, 5)
    days: Rising = (1, 3, 7)
    retention_days: Count = 7
