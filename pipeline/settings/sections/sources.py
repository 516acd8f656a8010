"""Section `sources`: which raw files are read, and how."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator, model_validator

from pipeline.settings.types import Name, Section, Text, Timezone

# Canonical names that `columns` of a table can map; all other columns are kept in `properties`.
CANONICAL_COLUMNS = (
    "event_id",
    "event_name",
    "event_at",
    "original_at",
    "received_at",
    "sent_at",
    "user_id",
    "anonymous_id",
    "item_id",
    "category",
    "price",
    "quantity",
    "revenue",
    "currency",
    "order_id",
    "search_term",
    "page_url",
    "page_path",
    "referrer",
    "utm_source",
    "utm_medium",
    "utm_campaign",
    "device_type",
    "user_agent",
    "duration_s",
)

# Names that `columns` of a survey can map besides.
SURVEY_COLUMNS = ("response_id", "score", "comment", "category")

_NAMED_TIMESTAMP_FORMATS = ("iso", "epoch_s", "epoch_ms", "epoch_us")


def _position_or_name(value: Any) -> Any:
    """Accept a column's name or its position from 0."""
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        raise ValueError("expected the name of a column or its position (0, 1, …)")
    return value


ColumnRef = Annotated[int | str, BeforeValidator(_position_or_name)]


class LogEvent(Section):
    """Requests of an access log that are an event."""

    path: Text  # `/product/{item_id}`: a canonical name stands for a part of the path, * for anything
    event: Text
    method: Annotated[str, BeforeValidator(lambda value: value.upper() if isinstance(value, str) else value)] = "GET"
    search_term: Text | None = None  # the parameter with the words that were searched


class Source(Section):
    """Raw files of one format, and how to read them."""

    name: Name
    format: Text = "tracker"  # `pipeline.ingest.check_formats` says which there are, and checks the keys of each
    path: Text
    sessions: bool = True
    order_ids: Literal["shared", "own"] = "shared"
    """`own`: the source numbers its orders by itself; an id that other sources give too is another order."""
    event_names: dict[Text, Text] = Field(default_factory=dict)
    header: bool = True
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] | None = None
    columns: dict[str, ColumnRef] = Field(default_factory=dict)
    event_name: Text | None = None
    timestamp_format: Text = "iso"
    timezone: Timezone = "UTC"
    project_timezone: Timezone | None = None
    """Of `format: mixpanel`: the zone of a project from before 2023, whose times are its local time."""
    log_format: Text = "combined"
    events: tuple[LogEvent, ...] = ()
    pages: Literal["html", "none"] = "html"
    visitor: Text | Annotated[tuple[Text, ...], Field(min_length=1)] = ("address", "user_agent")
    host: Text | None = None
    kind: Literal["nps", "csat", "ces", "text"] = "nps"
    header_rows: Annotated[int, Field(ge=1, le=100)] = 1  # the first has the names; survey tools write more

    @model_validator(mode="before")
    @classmethod
    def _an_answer_makes_no_session(cls, data: Any) -> Any:
        if isinstance(data, dict) and data.get("format") == "survey" and "sessions" not in data:
            return {**data, "sessions": False}
        return data

    @property
    def event_columns(self) -> dict[str, ColumnRef]:
        """The columns that are mapped to columns of events; the category of an answer is none of an item."""
        of_answer = SURVEY_COLUMNS if self.format == "survey" else ()
        return {name: theirs for name, theirs in self.columns.items() if name not in of_answer}

    @property
    def visitor_is_cookie(self) -> bool:
        """Whether a value of the log is the visitor's id as it is, and no hash is made."""
        return isinstance(self.visitor, str)

    @property
    def visitor_fields(self) -> tuple[str, ...]:
        """The values of an access log that tell visitors apart."""
        return (self.visitor,) if isinstance(self.visitor, str) else self.visitor

    @field_validator("columns")
    @classmethod
    def _canonical_names(cls, value: dict[str, int | str], info: ValidationInfo) -> dict[str, int | str]:
        known = (*SURVEY_COLUMNS, *CANONICAL_COLUMNS) if info.data.get("format") == "survey" else CANONICAL_COLUMNS
        for name in value:
            if name not in known:
                expected = ", ".join(dict.fromkeys(known))
                raise ValueError(f"'{name}' is not a canonical column, expected one of {expected}")
        return value

    @field_validator("timestamp_format")
    @classmethod
    def _known_format(cls, value: str) -> str:
        if value not in _NAMED_TIMESTAMP_FORMATS and "%" not in value:
            raise ValueError(
                "expected iso, epoch_s, epoch_ms, epoch_us or a strptime pattern such as '%Y-%m-%d %H:%M:%S'"
            )
        return value
