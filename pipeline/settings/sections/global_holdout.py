"""Section `global_holdout`: persons whom no campaign contacts."""

from __future__ import annotations

from pipeline.settings.types import Section, Share, Text


class GlobalHoldout(Section):
    """The share of persons in the holdout, chosen by a salted hash."""

    share: Share = 0.0
    salt: Text = "growthhouse"
