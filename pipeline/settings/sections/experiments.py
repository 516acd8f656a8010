"""Section `experiments`: comparisons of variants."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from pipeline.settings.types import Condition, Duration, Name, Section, Share, Text


class Assignment(Section):
    """Where an experiment's variants come from: an event, a table's column, or a campaign."""

    event: Text | None = None
    table: Text | None = None
    campaign: Text | None = None
    where: Condition | None = None
    variant: Text = "variant"
    person: Text = "person_id"
    at: Text | None = None

    @model_validator(mode="after")
    def _one_origin(self) -> Assignment:
        if sum(origin is not None for origin in (self.event, self.table, self.campaign)) != 1:
            raise ValueError("expected exactly one of event, table, campaign")
        return self


class Metric(Section):
    """What an experiment measures per person: a conversion, a mean, or a ratio of two sums."""

    name: Name
    kind: Literal["conversion", "mean", "ratio"] = "conversion"
    event: Text | None = None
    where: Condition | None = None
    column: Text | None = None
    numerator: Text | None = None
    denominator: Text | None = None
    window: Duration | None = None


class Experiment(Section):
    """A comparison of variants by one or more metrics."""

    name: Name
    assignment: Assignment
    exposure: Assignment | None = None
    metrics: Annotated[tuple[Metric, ...], Field(min_length=1)]
    control: Text = "control"
    expected_shares: dict[Text, Share] | None = None
    starts_on: Text | None = None
    ends_on: Text | None = None
    alpha: Annotated[float, Field(gt=0, lt=1)] = 0.05
    cuped_days: Annotated[int, Field(ge=0)] = 0

    @field_validator("starts_on", "ends_on", mode="before")
    @classmethod
    def _dates_as_text(cls, value: Any) -> Any:
        return value.isoformat() if hasattr(value, "isoformat") else value
