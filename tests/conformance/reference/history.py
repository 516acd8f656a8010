"""The history of segments and stages as its definition says it: what each as_of decided last, read off date by date."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

Decisions = Mapping[tuple[str, str], str]  # (person, attribute) -> value
Interval = tuple[str, str, str, date, date | None, date | None]  # … value, valid_from, valid_to, changed_after_date


def history(nights: Mapping[date, Decisions], as_of: date) -> list[Interval]:
    """The intervals that a night of that as_of shows; `nights` holds the last decision of each as_of."""
    dates = sorted(day for day in nights if day <= as_of)
    found: list[Interval] = []
    for person, attribute in sorted({key for day in dates for key in nights[day]}):
        value, since, after = None, dates[0], None
        for number, day in enumerate(dates):
            now = nights[day].get((person, attribute))
            if now == value:
                continue
            if value is not None:
                found.append((person, attribute, value, since, day, after))
            value, since, after = now, day, dates[number - 1] if number else None
        if value is not None:
            found.append((person, attribute, value, since, None, after))
    return found
