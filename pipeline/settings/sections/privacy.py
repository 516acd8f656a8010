"""Section `privacy`: how long data and published versions are kept, and how much one erasure may remove."""

from __future__ import annotations

from pipeline.settings.types import Count, Section, Share


class Privacy(Section):
    """`raw_days` counts back from as_of, `version_days` from the time of publication.

    An erasure that removes more than `max_erased_rate` of all lines asks first.
    """

    raw_days: Count | None = None
    versions: Count = 3
    version_days: Count | None = None
    max_erased_rate: Share = 0.05
