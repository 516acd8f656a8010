"""The sections about what is computed: funnels, retention, attribution, models, segments, recommendations.

What comes in (sources, cleaning, identity, sessions) is in sources.py, campaigns and experiments in campaigns.py.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationInfo, field_validator, model_validator

from pipeline.settings.predicates import checked_column, checked_predicate
from pipeline.settings.types import Count, Duration, Name, Section, Share, Text

EventColumn = Annotated[Text, AfterValidator(checked_column)]
EventCondition = Annotated[Text, AfterValidator(checked_predicate)]


class FunnelStep(Section):
    """One step: an event, narrowed by an SQL condition on fct_events."""

    event: Text
    name: Text | None = None
    where: EventCondition | None = None
    optional: bool = False
    within: Duration | None = None

    @property
    def step_name(self) -> str:
        """The name given, else the event's."""
        return self.name or self.event


MAX_FUNNEL_STEPS = 20
MAX_OPTIONAL_STEPS = 6


class Funnel(Section):
    """A list of steps and the rules by which a person passes them."""

    name: Name
    steps: Annotated[tuple[FunnelStep, ...], Field(min_length=1, max_length=MAX_FUNNEL_STEPS)]
    window: Duration = 7 * 86400
    order: Literal["ordered", "strict", "any"] = "ordered"
    entry: Literal["best", "first", "every"] = "best"
    scope: Literal["person", "session"] = "person"
    exclude: tuple[Text, ...] = ()
    hold_constant: tuple[EventColumn, ...] = ()
    breakdown: EventColumn | None = None

    @field_validator("steps")
    @classmethod
    def _ends_count(cls, steps: tuple[FunnelStep, ...]) -> tuple[FunnelStep, ...]:
        if steps[0].optional:
            raise ValueError("the first step of a funnel is its entry and cannot be optional")
        if steps[-1].optional:
            raise ValueError("the last step of a funnel is its conversion and cannot be optional")
        if sum(step.optional for step in steps) > MAX_OPTIONAL_STEPS:
            raise ValueError(f"at most {MAX_OPTIONAL_STEPS} steps of a funnel can be optional")
        return steps

    @field_validator("order")
    @classmethod
    def _has_previous_steps(cls, order: str, info: ValidationInfo) -> str:
        for step in info.data.get("steps", ()) if order == "any" else ():
            if step.optional or step.within is not None:
                key = "optional" if step.optional else "within"
                raise ValueError(f"in any order no step has one before it, so `{key}` of a step means nothing")
        return order

    @field_validator("exclude")
    @classmethod
    def _is_no_step(cls, exclude: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        for event in exclude:
            if any(step.event == event for step in info.data.get("steps", ())):
                raise ValueError(f"'{event}' is a step of this funnel, so it cannot disqualify")
        return exclude


def default_funnels() -> tuple[Funnel, ...]:
    """The purchase funnel, which stands where the config has no `funnels` key."""
    steps = (
        FunnelStep(event="sign_up"),
        FunnelStep(event="view_item"),
        FunnelStep(event="add_to_cart"),
        FunnelStep(event="purchase", where="revenue > 0"),
    )
    return (Funnel(name="purchase", steps=steps),)


# Columns of activation.user_profiles that retention may be told apart by: names, not figures.
RetentionBreakdown = Literal[
    "acquisition_channel", "segment", "cluster_name", "lifecycle_stage", "favourite_category", "is_known_user"
]  # fmt: skip


class Retention(Section):
    """What starts a cohort, what counts as coming back, how far to look, and where the history can be trusted."""

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
    def _rising(cls, value: tuple[tuple[int, int], ...]) -> tuple[tuple[int, int], ...]:
        for first, last in value:
            if not 0 <= first <= last:
                raise ValueError(f"expected [first day, last day] with first ≤ last, not [{first}, {last}]")
        return value

    @field_validator("breakdowns")
    @classmethod
    def _each_once(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(value)) < len(value):
            raise ValueError("a breakdown is named twice")
        return value


class Attribution(Section):
    """How far before an order its touches may lie, and how the models divide its revenue among them."""

    lookback: Duration = 30 * 86400
    half_life: Duration = 7 * 86400
    first_share: Share = 0.4
    last_share: Share = 0.4

    @model_validator(mode="after")
    def _at_most_all(self) -> Attribution:
        if self.first_share + self.last_share > 1:
            raise ValueError("first_share and last_share together are at most 1: the rest goes to the touches between")
        return self


class ActionValue(Section):
    """What acting on one person costs, and brings where the person is one of those predicted; in the site's currency."""

    cost: Annotated[float, Field(gt=0)]
    benefit: Annotated[float, Field(gt=0)]

    @model_validator(mode="after")
    def _can_pay(self) -> ActionValue:
        if self.cost >= self.benefit:
            raise ValueError("an action that costs as much as it brings pays for nobody: cost is less than benefit")
        return self


class Churn(Section):
    """Horizon and look-back of the churn label; what keeping somebody costs and brings."""

    horizon_days: Count = 7
    lookback_days: Count = 30
    min_snapshots: Count = 3
    action: ActionValue | None = None


class Purchase(Section):
    """Horizon of the purchase label; what winning an order costs and brings."""

    horizon_days: Count = 7
    action: ActionValue | None = None


class Training(Section):
    """What trying parameters may cost at each training of a model, in seconds of a two-core machine; 0: the usual ones."""

    tuning_budget_s: Annotated[float, Field(ge=0, le=3600)] = 20


class CustomerValue(Section):
    """How far ahead expected orders and revenue look."""

    horizon_days: Count = 90


class NewRule(Section):
    """Who is new."""

    within_days: Count = 7


class AtRiskRule(Section):
    """Who is leaving: active in the days before the last ones, and then not, or by far less."""

    active_days: Count = 30
    inactive_days: Count = 7
    activity_drop: Share = 0.5


class HighValueRule(Section):
    """Who is valuable: the share of buyers with the most revenue."""

    top_share: Share = 0.2


class SegmentRules(Section):
    """The rules of the segments, in their fixed order of precedence."""

    new: NewRule = NewRule()
    at_risk: AtRiskRule = AtRiskRule()
    high_value: HighValueRule = HighValueRule()


class KMeans(Section):
    """How many clusters: a number, or `auto` for the silhouette's choice."""

    k: Literal["auto"] | Annotated[int, Field(ge=2, le=20)] = "auto"


class Segments(Section):
    """Segment rules and clusters."""

    rules: SegmentRules = SegmentRules()
    kmeans: KMeans = KMeans()


class MarketBasket(Section):
    """Items bought or viewed together: of how many days, in how many baskets at least, and how many items of a basket count."""

    days: Count = 90
    min_together: Count = 5
    max_items: Annotated[int, Field(ge=2, le=500)] = 50


class Recommendations(Section):
    """How many items to recommend, what each event says about interest, and how fast interest fades.

    days: older interactions are not looked at (what was bought is never forgotten); horizon_days: the span of time after
    a date in which a recommendation made on it has to prove right.
    """

    top_n: Annotated[int, Field(ge=1, le=100)] = 10
    event_weights: dict[Text, Annotated[float, Field(ge=0)]] = Field(
        default_factory=lambda: {"view_item": 1.0, "add_to_wishlist": 2.0, "add_to_cart": 3.0, "purchase": 5.0}
    )
    allow_repeat: bool = False
    half_life_days: Annotated[float, Field(gt=0, le=3650)] = 30
    days: Count = 180
    horizon_days: Count = 7
    unavailable_items: Text | None = None
