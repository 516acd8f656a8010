"""Section `purchase`: the label of the purchase model."""

from __future__ import annotations

from pipeline.settings.types import ActionValue, BandThresholds, Count, Section


class Purchase(Section):
    """Horizon of the label, what an action to win an order costs and brings, and bands of the score."""

    horizon_days: Count = 7
    action: ActionValue | None = None
    bands: BandThresholds | None = None
