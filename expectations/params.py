"""The thresholds and places a gate needs, as plain values. Reading growth.yaml is the caller's business."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo


@dataclass(frozen=True)
class GateParams:
    """Limits of one run; every rate is 0–1, every duration names its unit."""

    as_of: date
    lake_events: str = ""
    ledger: str = ""
    timezone: str = "UTC"
    server_sources: tuple[str, ...] = ()
    max_rejected_rate: float = 0.05
    max_future_hours: float = 24
    max_session_hours: float = 24
    max_duration_s: float = 86400
    max_duplicate_rate: float = 0.2
    min_volume_ratio: float = 0.3
    max_bot_rate: float = 0.3
    max_base_rate_gap: float = 0.15
    funnels_with_optional_steps: tuple[str, ...] = ()
    segments: tuple[str, ...] = ("new", "at_risk", "high_value", "dormant", "regular")

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> "GateParams":
        """Build from a mapping; an unknown key is an error, because a misspelt limit would silently not apply."""
        unknown = sorted(set(values) - {field.name for field in fields(cls)})
        if unknown:
            raise ValueError(f"unknown gate parameters: {', '.join(unknown)}")
        given: dict[str, Any] = {key: tuple(v) if isinstance(v, list) else v for key, v in values.items()}
        return cls(**given)

    @property
    def end_at(self) -> datetime:
        """First UTC instant after as_of in the site's timezone, without tzinfo, as the lake stores times."""
        midnight = datetime.combine(self.as_of + timedelta(days=1), time(), ZoneInfo(self.timezone))
        return midnight.astimezone(UTC).replace(tzinfo=None)
