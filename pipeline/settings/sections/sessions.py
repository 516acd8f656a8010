"""Section `sessions`: where a session ends."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from pipeline.settings.types import Section


class Sessions(Section):
    """When a session ends, and how much of a gap inside it counts as engaged time."""

    timeout_minutes: Annotated[float, Field(gt=0)] = 30
    max_hours: Annotated[float, Field(gt=0)] = 24
    cut_at_midnight: bool = False
    cut_on_campaign: bool = False
    max_engaged_gap_s: Annotated[float, Field(gt=0)] = 300
