"""Section `market_basket`: items bought or viewed together."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from pipeline.settings.types import Count, Section


class MarketBasket(Section):
    """Days covered, baskets that a pair needs, and how many items of one basket count."""

    days: Count = 90
    min_together: Count = 5
    max_items: Annotated[int, Field(ge=2, le=500)] = 50
