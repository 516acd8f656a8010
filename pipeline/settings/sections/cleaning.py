"""Section `cleaning`: what a line may contain, how many may be rejected, and what is flagged as fake."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from pipeline.settings.types import Count, Section, Share


class Cleaning(Section):
    """Limits of a line, the accepted share of rejected lines, and the limits behind is_bot and is_suspicious."""

    max_duration_s: Annotated[float, Field(gt=0)] = 86400
    max_future_hours: Annotated[float, Field(ge=0)] = 24
    max_line_bytes: Annotated[int, Field(ge=64)] = 1048576
    max_expansion: Annotated[float, Field(gt=1)] = 200
    max_rejected_rate: Share = 0.05
    max_orders_per_day: Count = 50
    brushing_window_days: Count = 7
    max_orders_per_item: Count = 10
    max_accounts_per_device: Count = 5
    max_events_per_minute: Count = 300
    days_late_allowed: Annotated[int, Field(ge=0, le=36500)] | None = None
