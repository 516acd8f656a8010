"""Section `interventions`: campaigns, each with its audience, action and limits."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from pipeline.settings.types import Condition, Count, Name, Section, Share, Text


class ScoreBand(Section):
    """Persons whose score lies in a band, ends included."""

    score: Literal["churn_probability", "purchase_probability"]
    min: Share = 0.0
    max: Share = 1.0


class Audience(Section):
    """Who a campaign is for; all conditions must hold."""

    segment: Text | None = None
    where: Condition | None = None
    score_band: ScoreBand | None = None

    @model_validator(mode="after")
    def _has_condition(self) -> Audience:
        if self.segment is None and self.where is None and self.score_band is None:
            raise ValueError("expected at least one of segment, where (a condition on user_profiles), score_band")
        return self


class Cap(Section):
    """The maximum number of contacts per person in so many days."""

    contacts: Count = 1
    days: Count = 30


class Intervention(Section):
    """A campaign: who gets which action, within which limits."""

    campaign: Name
    who: Audience
    action: Text
    priority: int = 100
    cap: Cap = Cap()
    quiet_days: Annotated[int, Field(ge=0)] = 0
    budget: Annotated[int, Field(ge=0)] | None = None
    holdout: Share = 0.1
    requires_consent: bool = False
