"""The thresholds and places a gate needs, as plain values. Reading growth.yaml is the caller's business."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime, time, timedelta
from glob import iglob
from typing import Any


@dataclass(frozen=True)
class GateParams:
    """Limits of one run; every rate is 0–1, every duration names its unit. Names are those of the dbt variables."""

    as_of_date: date
    lake_events: str = ""
    lake_new: tuple[str, ...] | None = None
    """The lake's files that this gate looks into: those not checked before. None: all of them."""
    is_full: bool = True
    lake_rejected: str = ""
    ledger: str = ""
    published_at: datetime | None = None
    as_of_end_at: datetime | None = None
    """First UTC instant after as_of_date in the site's timezone, without tzinfo. None: that of UTC."""
    currency: str = "USD"
    session_max_hours: float = 24
    max_rejected_rate: float = 0.05
    max_future_hours: float = 24
    max_duration_s: float = 86400
    max_duplicate_rate: float = 0.2
    min_volume_ratio: float = 0.3
    max_volume_ratio: float = 3
    max_silence_ratio: float = 3
    max_bot_rate: float = 0.3
    max_base_rate_gap: float = 0.15
    lookback_days: int = 30
    top_n: int = 10
    allow_repeat: bool = False
    unidentified_sources: tuple[str, ...] = ()
    """Sources of which an event may name nobody."""
    new_within_days: int = 7
    """A person is in the segment `new` for so many days."""
    left_out_of_funnels: tuple[Mapping[str, str], ...] = ()
    """What the default funnels lack because it never occurs: funnel_name and left_out of each."""
    segments: tuple[str, ...] = ("new", "at_risk", "high_value", "dormant", "regular")

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> "GateParams":
        """Pick what the gates need from a run's dbt variables and limits; the other variables are ignored."""
        names = {field.name for field in fields(cls)}
        given: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in values.items() if key in names
        }
        given["as_of_date"] = date.fromisoformat(str(values["as_of_date"])[:10])
        if "churn" in values:
            given["lookback_days"] = int(values["churn"]["lookback_days"])
        return cls(**given)

    @property
    def end_at(self) -> datetime:
        """The first instant after as_of_date, as the lake stores times."""
        return self.as_of_end_at or datetime.combine(self.as_of_date + timedelta(days=1), time())

    @property
    def lake_is_empty(self) -> bool:
        """True where no event was ever accepted; DuckDB refuses to read a pattern that matches no file."""
        return not _matches(self.lake_events)

    @property
    def new_is_empty(self) -> bool:
        """True where nothing in the lake is still unchecked."""
        return self.lake_is_empty if self.lake_new is None else not self.lake_new

    @property
    def lake_has_rejects(self) -> bool:
        """False where no line was ever rejected: then there is no file to read."""
        return _matches(self.lake_rejected)


def _matches(pattern: str) -> bool:
    return next(iglob(pattern, recursive=True), None) is not None
