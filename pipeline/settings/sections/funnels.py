"""Section `funnels`: steps, window and counting rules of each funnel."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from pipeline.settings.types import Duration, EventColumn, EventCondition, FunnelBreakdown, Name, Section, Text

MAX_FUNNEL_STEPS = 20
MAX_OPTIONAL_STEPS = 6


class FunnelStep(Section):
    """One step: an event, optionally narrowed by an SQL condition on fct_events."""

    event: Text
    name: Text | None = None
    where: EventCondition | None = None
    optional: bool = False
    within: Duration | None = None

    @property
    def step_name(self) -> str:
        """The configured name, else the event's."""
        return self.name or self.event


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
    breakdown: FunnelBreakdown | None = None

    @field_validator("steps")
    @classmethod
    def _required_ends(cls, steps: tuple[FunnelStep, ...]) -> tuple[FunnelStep, ...]:
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
                raise ValueError(f"with order: any a step has no previous step, so `{key}` has no meaning")
        return order

    @field_validator("exclude")
    @classmethod
    def _excludes_no_step(cls, exclude: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        for event in exclude:
            if any(step.event == event for step in info.data.get("steps", ())):
                raise ValueError(f"'{event}' is a step of this funnel and cannot be excluded")
        return exclude


PAID = FunnelStep(event="purchase", where="revenue > 0")


def default_funnels() -> tuple[Funnel, ...]:
    """From sign-up to purchase, and from any visit to it; used if the config has no `funnels` key."""
    events = {
        "purchase": ("sign_up", "view_item", "add_to_cart"),
        "checkout": ("view_item", "add_to_cart", "begin_checkout"),
    }
    return tuple(
        Funnel(name=name, steps=(*(FunnelStep(event=event) for event in before), PAID))
        for name, before in events.items()
    )
