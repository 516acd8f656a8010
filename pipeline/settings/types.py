"""Types that several sections share: durations, names, conditions. No sections here."""

from __future__ import annotations

import re
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from pipeline.settings.predicates import checked_breakdown, checked_column, checked_predicate

_UNIT_SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400, "week": 604800}
_SHORT_UNITS = {"s": "second", "sec": "second", "min": "minute", "m": "minute", "h": "hour", "d": "day", "w": "week"}
_MAX_SECONDS = 1000 * 366 * 86400
_DURATION = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([a-z]+)\s*", re.IGNORECASE)


class Section(BaseModel):
    """A part of the config: unknown keys are errors, and values are immutable."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, allow_inf_nan=False)


def parse_duration(value: Any) -> Any:
    """Turn `7 days`, `30 min` or a number of seconds into seconds."""
    if isinstance(value, bool):
        raise ValueError("expected a duration such as '7 days' or a number of seconds")
    if isinstance(value, (int, float)):
        return int(_bounded(value))
    match = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError("expected a duration such as '7 days', '30 minutes' or a number of seconds")
    unit = match[2].lower()
    unit = _SHORT_UNITS.get(unit, unit.removesuffix("s"))
    if unit not in _UNIT_SECONDS:
        raise ValueError(f"unknown unit '{match[2]}', expected one of seconds, minutes, hours, days, weeks")
    return round(_bounded(float(match[1]) * _UNIT_SECONDS[unit]))


def _bounded(value: float) -> float:
    """A longer duration, or one that is not a number, would leave the range of times in SQL."""
    if not abs(value) <= _MAX_SECONDS:
        raise ValueError("expected a duration of at most 1000 years")
    return value


def parse_timezone(value: Any) -> Any:
    """Accept an IANA time zone name."""
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, TypeError, OSError) as error:
        raise ValueError("expected an IANA time zone name such as UTC or Asia/Shanghai") from error
    return value


def _as_text(value: Any) -> Any:
    """YAML reads a bare 5 as a number; where the config expects a name, it is text."""
    return str(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else value


Duration = Annotated[int, BeforeValidator(parse_duration), Field(gt=0)]
Timezone = Annotated[str, BeforeValidator(parse_timezone)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
EnvironmentName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
Text = Annotated[str, BeforeValidator(_as_text), Field(min_length=1)]
Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=1)]
EventColumn = Annotated[Text, AfterValidator(checked_column)]
FunnelBreakdown = Annotated[Text, AfterValidator(checked_breakdown)]
EventCondition = Annotated[Text, AfterValidator(checked_predicate)]
# A condition on a table whose columns are not known here.
Condition = Annotated[Text, AfterValidator(lambda text: checked_predicate(text, columns=None))]


class BandThresholds(Section):
    """The lowest probability of the bands high and medium, instead of multiples of the base rate."""

    high: Annotated[float, Field(gt=0, le=1)]
    medium: Annotated[float, Field(gt=0, le=1)]

    @model_validator(mode="after")
    def _is_ordered(self) -> BandThresholds:
        if self.medium >= self.high:
            raise ValueError("medium must be less than high")
        return self


class ActionValue(Section):
    """What an action on one person costs, and what it brings if the prediction was right, in the site's currency."""

    cost: Annotated[float, Field(gt=0)]
    benefit: Annotated[float, Field(gt=0)]

    @model_validator(mode="after")
    def _is_profitable(self) -> ActionValue:
        if self.cost >= self.benefit:
            raise ValueError("cost must be less than benefit; otherwise the action never pays")
        return self
