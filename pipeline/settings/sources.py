"""The sections about what comes in: site, sources, cleaning, identity, sessions. Analysis sections are in analysis.py."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from pipeline.settings.types import Count, Name, Section, Share, Text, Timezone

SourceFormat = Literal[
    "tracker", "table", "ga4", "mixpanel", "sensors", "segment", "snowplow", "amplitude", "access_log", "survey"
]

# Canonical names that the `columns` of a table may fill; everything else of a row lands in `properties`.
CANONICAL_COLUMNS = (
    "event_id", "event_name", "event_at", "received_at", "sent_at", "user_id", "anonymous_id", "item_id", "category",
    "price", "quantity", "revenue", "currency", "order_id", "search_term", "page_url", "page_path", "referrer",
    "utm_source", "utm_medium", "utm_campaign", "device_type", "user_agent", "duration_s",
)  # fmt: skip

DEFAULT_INVALID_IDS = (
    "null", "(null)", "none", "nil", "undefined", "nan", "n/a", "unknown", "anonymous", "(not set)",
    "[object object]", "0", "00000000-0000-0000-0000-000000000000",
)  # fmt: skip

_NAMED_TIMESTAMP_FORMATS = ("iso", "epoch_s", "epoch_ms", "epoch_us")


class Site(Section):
    """Where the site lives: the calendar of `_date` columns and the currency of amounts that name none."""

    timezone: Timezone = "UTC"
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] = "USD"
    week_start: Literal["monday", "sunday", "saturday"] = "monday"


def _position_or_name(value: Any) -> Any:
    """A column is given by its name or by its position from 0."""
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        raise ValueError("expected the name of a column or its position (0, 1, …)")
    return value


ColumnRef = Annotated[int | str, BeforeValidator(_position_or_name)]


class Source(Section):
    """One kind of raw files and how to read them."""

    name: Name
    format: SourceFormat = "tracker"
    path: Text
    sessions: bool = True
    event_names: dict[Text, Text] = Field(default_factory=dict)
    header: bool = True
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] | None = None
    columns: dict[str, ColumnRef] = Field(default_factory=dict)
    event_name: Text | None = None
    timestamp_format: Text = "iso"
    timezone: Timezone = "UTC"

    @field_validator("columns")
    @classmethod
    def _canonical_names(cls, value: dict[str, int | str]) -> dict[str, int | str]:
        for name in value:
            if name not in CANONICAL_COLUMNS:
                raise ValueError(f"'{name}' is no canonical column, expected one of {', '.join(CANONICAL_COLUMNS)}")
        return value

    @field_validator("timestamp_format")
    @classmethod
    def _known_format(cls, value: str) -> str:
        if value not in _NAMED_TIMESTAMP_FORMATS and "%" not in value:
            raise ValueError(
                "expected iso, epoch_s, epoch_ms, epoch_us or a strptime pattern such as '%Y-%m-%d %H:%M:%S'"
            )
        return value

    @model_validator(mode="after")
    def _complete_table(self) -> Source:
        if self.format != "table":
            return self
        if not self.columns:
            raise ValueError("a table needs `columns`: canonical name to the name or position in the file")
        if "event_at" not in self.columns:
            raise ValueError("`columns` lacks event_at")
        if "event_name" not in self.columns and self.event_name is None:
            raise ValueError("name the column of event_name in `columns`, or give one `event_name` for all rows")
        if "user_id" not in self.columns and "anonymous_id" not in self.columns:
            raise ValueError("`columns` needs user_id or anonymous_id")
        if not self.header and any(isinstance(theirs, str) for theirs in self.columns.values()):
            raise ValueError("with header: false, `columns` are positions 0, 1, …")
        return self


class Cleaning(Section):
    """Limits of what a line may hold, and the share of lines that may be refused in a night."""

    max_duration_s: Annotated[float, Field(gt=0)] = 86400
    max_future_hours: Annotated[float, Field(ge=0)] = 24
    max_line_bytes: Annotated[int, Field(ge=64)] = 1048576
    max_expansion: Annotated[float, Field(gt=1)] = 200
    max_rejected_rate: Share = 0.05
    max_orders_per_day: Count = 50
    brushing_window_days: Count = 7
    max_orders_per_item: Count = 10
    max_accounts_per_device: Count = 5
    max_events_per_minute: Count = 300
    days_late_allowed: Annotated[int, Field(ge=0, le=36500)] | None = None


class Identity(Section):
    """Which ids are none, how many users a device may have before it counts as shared, and what of it enters the lake."""

    invalid_ids: tuple[Text, ...] = DEFAULT_INVALID_IDS
    max_users_per_device: Count = 1
    pseudonymise: tuple[Literal["user_id", "anonymous_id"], ...] = ()
    key_env: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")] = "GROWTH_HASH_KEY"
    keep_full_ip: bool = False


class Privacy(Section):
    """How long data are kept: `raw_days` counts back from as_of, `version_days` from the time of publication."""

    raw_days: Count | None = None
    versions: Count = 3
    version_days: Count | None = None


class Sessions(Section):
    """Where a session ends, and how much of a pause inside one counts as engaged time."""

    timeout_minutes: Annotated[float, Field(gt=0)] = 30
    max_hours: Annotated[float, Field(gt=0)] = 24
    cut_at_midnight: bool = False
    cut_on_campaign: bool = False
    max_engaged_gap_s: Annotated[float, Field(gt=0)] = 300
