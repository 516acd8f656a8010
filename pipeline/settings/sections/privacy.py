"""Section `privacy`: how long data and published versions are kept."""

from __future__ import annotations

from pipeline.settings.types import Count, Section


class Privacy(Section):
    """`raw_days` counts back from as_of, `version_days` from the time of publication."""

    raw_days: Count | None = None
    versions: Count = 3
    version_days: Count | None = None
