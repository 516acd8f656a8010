"""A home that holds back late events, for the tests of `cleaning.days_late_allowed`. No assertions here."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from ingest_home import Home, jsonl, track

LIMIT = {"days_late_allowed": 3}


def at(day: int, user: str = "u1", hour: int = 10) -> dict[str, object]:
    return track(at=f"2026-01-{day:02}T{hour:02}:00:00Z", user=user)


def days(home: Home) -> list[int]:
    return sorted(moment.day for moment in home.values("event_at"))


def held(home: Home) -> list[tuple[str, int]]:
    """File and line of what is held back."""
    return [(Path(row["file"]).name, row["line_number"]) for row in home.rejects() if row["reason"] == "too_late"]


def span(first: int, last: int) -> list[tuple[date, date]]:
    return [(date(2026, 1, first), date(2026, 1, last))]


def first_night(folder: Path) -> Home:
    """The 10th of January was read; what comes now is late before the 7th."""
    home = Home(folder, cleaning=LIMIT)
    home.put("first.jsonl", jsonl(at(1), at(10)))
    home.ingest()
    return home


def second_night(home: Home) -> Home:
    """And a second night brought the 2nd and the 6th, both too late, and the 7th and the 11th."""
    home.put("second.jsonl", jsonl(at(2), at(6), at(7), "broken", at(11)))
    home.ingest()
    return home
