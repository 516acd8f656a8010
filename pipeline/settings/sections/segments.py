"""Section `segments`: the rules of the segments, and the clusters."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from pipeline.settings.types import Count, Section, Share


class NewRule(Section):
    """New: first seen within these days."""

    within_days: Count = 7


class AtRiskRule(Section):
    """At risk: active earlier, but not, or far less, in the last days."""

    active_days: Count = 30
    inactive_days: Count = 7
    activity_drop: Share = 0.5


class HighValueRule(Section):
    """High value: the share of buyers with the most revenue."""

    top_share: Share = 0.2


class SegmentRules(Section):
    """The rules, in their fixed order of precedence."""

    new: NewRule = NewRule()
    at_risk: AtRiskRule = AtRiskRule()
    high_value: HighValueRule = HighValueRule()


class KMeans(Section):
    """Number of clusters, or `auto` to choose it by silhouette."""

    k: Literal["auto"] | Annotated[int, Field(ge=2, le=20)] = "auto"


class Segments(Section):
    """Segment rules and clusters."""

    rules: SegmentRules = SegmentRules()
    kmeans: KMeans = KMeans()
