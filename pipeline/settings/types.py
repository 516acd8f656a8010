"""Small value types of the config (durations, names) and how they are read. No sections here."""

from __future__ import annotations

import re
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

_UNIT_SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400, "week": 604800}
_SHORT_UNITS = {"s": "second", "sec": "second", "min": "minute", "m": "minute", "h": "hour", "d": "day", "w": "week"}
_DURATION = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([a-z]+)\s*", re.IGNORECASE)


class Section(BaseModel):
    """A part of the config: unknown keys are errors, and nothing changes after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


def parse_duration(value: Any) -> Any:
    """Turn `7 days`, `30 min` or a number of seconds into seconds."""
    if isinstance(value, bool):
        raise ValueError("expected a duration such as '7 days' or a number of seconds")
    if isinstance(value, (int, float)):
        return int(value)
    match = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError("expected a duration such as '7 days', '30 minutes' or a number of seconds")
    unit = match[2].lower()
    unit = _SHORT_UNITS.get(unit, unit.removesuffix("s"))
    if unit not in _UNIT_SECONDS:
        raise ValueError(f"unknown unit '{match[2]}', expected one of seconds, minutes, hours, days, weeks")
    return round(float(match[1]) * _UNIT_SECONDS[unit])


def parse_timezone(value: Any) -> Any:
    """Accept an IANA time zone name, and say so where it is none."""
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, TypeError, OSError) as error:
        raise ValueError("expected an IANA time zone name such as UTC or Asia/Shanghai") from error
    return value


def _as_text(value: Any) -> Any:
    """YAML reads a bare 5 or 0 as a number; where the config means a name, the text is meant."""
    return str(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else value


Duration = Annotated[int, BeforeValidator(parse_duration), Field(gt=0)]
Timezone = Annotated[str, BeforeValidator(parse_timezone)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Text = Annotated[str, BeforeValidator(_as_text), Field(min_length=1)]
Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=1)]
