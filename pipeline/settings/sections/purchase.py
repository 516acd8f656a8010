"""Section `purchase`: the label of the purchase model."""

from __future__ import annotations

from pipeline.settings.types import ActionValue, Count, Section


class Purchase(Section):
    """Horizon of the label, and what an action to win an order costs and brings."""

    horizon_days: Count = 7
    action: ActionValue | None = None
