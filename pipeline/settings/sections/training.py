"""Section `training`: how much each training may cost."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from pipeline.settings.types import Section


class Training(Section):
    """Budget for tuning at each training, in estimated seconds on two cores; 0 keeps the default parameters."""

    tuning_budget_s: Annotated[float, Field(ge=0, le=3600)] = 20
