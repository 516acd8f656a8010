"""The sections about acting on people: campaigns, whom they never reach, and experiments that tell what acting changed."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, field_validator, model_validator

from pipeline.settings.predicates import checked_predicate
from pipeline.settings.types import Count, Duration, Name, Section, Share, Text

# On tables whose columns are not known here.
Condition = Annotated[Text, AfterValidator(lambda text: checked_predicate(text, columns=None))]


class ScoreBand(Section):
    """Persons whose score lies in a band, ends included."""

    score: Literal["churn_probability", "purchase_probability"]
    min: Share = 0.0
    max: Share = 1.0


class Audience(Section):
    """Who a campaign is for; several conditions must all hold."""

    segment: Text | None = None
    where: Condition | None = None
    score_band: ScoreBand | None = None

    @model_validator(mode="after")
    def _someone(self) -> Audience:
        if self.segment is None and self.where is None and self.score_band is None:
            raise ValueError("say who: segment, where (a predicate on user_profiles) or score_band")
        return self


class Cap(Section):
    """At most so many contacts per person in so many days."""

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


class GlobalHoldout(Section):
    """Persons no campaign ever contacts, chosen by a salted hash."""

    share: Share = 0.0
    salt: Text = "growthhouse"


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
            raise ValueError("give exactly one of event, table, campaign")
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
    """A comparison of variants."""

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
