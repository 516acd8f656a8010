"""Section `churn`: the label of the churn model."""

from __future__ import annotations

from pipeline.settings.types import ActionValue, BandThresholds, Count, Section


class Churn(Section):
    """Horizon and look-back of the label, what an action against churn costs and brings, and bands of the score."""

    horizon_days: Count = 7
    lookback_days: Count = 30
    min_snapshots: Count = 3
    action: ActionValue | None = None
    bands: BandThresholds | None = None
