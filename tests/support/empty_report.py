"""What the page of a report shows of a night in which nothing happened."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

NIGHT = {
    "as_of_date": date(2026, 2, 9),
    "published_at": datetime(2026, 2, 10, 2, 31),
    "run_id": "r",
    "n_events": 0,
    "n_persons": 0,
    "n_sessions": 0,
    "sources": [],
    "is_balanced": None,
}
NOTHING: dict[str, Any] = {
    "version": "v",
    "home": "shop",
    "currency": "EUR",
    "headline": NIGHT,
    "activity": None,
    "revenue": None,
    "checks": {"n_held": 0, "n_skipped": 0, "n_not_held": 0, "not_held": []},
    "retention": None,
    "funnels": {"shown": [], "more": []},
    "segments": None,
    "migrations": None,
    "models": [],
    "value": None,
    "survival": None,
    "recommendations": None,
    "stages": [],
    "feedback": None,
    "nights": [],
    "schema": {"days": 30, "n_all": 0, "shown": []},
}
