"""Section `recommendations`: length of the lists, weights of events, and which items are allowed."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from pipeline.settings.types import Count, Section, Text


class Recommendations(Section):
    """How many items, what each event weighs, and how fast its weight fades.

    days: older interactions do not count, but a bought item is never forgotten. horizon_days: the days after a snapshot
    in which recommendations made on it are evaluated.
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
