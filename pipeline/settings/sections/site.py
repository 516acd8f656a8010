"""Section `site`: the calendar and the currency of the site."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from pipeline.settings.types import Section, Timezone


class Site(Section):
    """The calendar of all `_date` columns, and the currency of amounts delivered without one."""

    timezone: Timezone = "UTC"
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] = "USD"
    week_start: Literal["monday", "sunday", "saturday"] = "monday"
