"""Section `attribution`: which sessions are touches of an order, and how its revenue is shared."""

from __future__ import annotations

from pydantic import model_validator

from pipeline.settings.types import Duration, Section, Share


class Attribution(Section):
    """How far before an order touches count, and the parameters of the attribution models."""

    lookback: Duration = 30 * 86400
    half_life: Duration = 7 * 86400
    first_share: Share = 0.4
    last_share: Share = 0.4

    @model_validator(mode="after")
    def _shares_within_one(self) -> Attribution:
        if self.first_share + self.last_share > 1:
            raise ValueError("first_share + last_share must be at most 1; the touches between share the rest")
        return self
