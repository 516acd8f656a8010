"""Section `paths`: where paths through a session start and end, and how steps are named."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from pipeline.settings.types import Section, Text


def _page_pattern(value: str) -> str:
    if not value.startswith(("/", "*")):
        raise ValueError("expected a page path that starts with / (* matches any text), such as /product/*")
    return value.rstrip("/") or "/"


PagePattern = Annotated[Text, AfterValidator(_page_pattern)]


class Paths(Section):
    """The anchors of paths, and the page groups that replace page events."""

    start: Text | None = None
    end: Text = "purchase"
    groups: tuple[PagePattern, ...] = ()
    page_events: Annotated[tuple[Text, ...], Field(min_length=1)] = ("page_view",)

    @model_validator(mode="after")
    def _distinct_groups(self) -> Paths:
        for group in self.groups:
            if self.groups.count(group) > 1:
                raise ValueError(f"the group '{group}' is listed twice")
        return self
