"""Who a device belongs to, read word for word: from the events themselves, and from those known by a moment."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

MAX_LATE_DAYS = 30


@dataclass(frozen=True)
class Sighting:
    """An event with a device; `user` is None before log-in; times are naive UTC."""

    device: str
    user: str | None
    at: datetime
    received: datetime | None = None


@dataclass(frozen=True)
class Device:
    """What is known of a device."""

    person: str
    is_shared: bool
    n_users: int


def known_at(sighting: Sighting, timezone: str) -> datetime:
    """When it was received; when it happened where that is missing, lies before it, or 30 days after its date or
    later.
    """
    date = sighting.at.replace(tzinfo=UTC).astimezone(ZoneInfo(timezone)).date()
    too_late = datetime.combine(date, time()) + timedelta(days=MAX_LATE_DAYS)
    received = sighting.received
    if received is None or received <= sighting.at or received >= too_late:
        return sighting.at
    return received


def devices(sightings: Iterable[Sighting], max_users: int) -> dict[str, Device]:
    """Known users are never merged: one user, the device is theirs; none or several, it is a person of its own."""
    users: dict[str, set[str]] = defaultdict(set)
    for sighting in sightings:
        users[sighting.device] |= {sighting.user} if sighting.user is not None else set()
    return {
        device: Device(next(iter(seen)) if len(seen) == 1 else f"anon:{device}", len(seen) > max_users, len(seen))
        for device, seen in users.items()
    }


def devices_known_at(
    sightings: Iterable[Sighting], moment: datetime, max_users: int, timezone: str
) -> dict[str, Device]:
    """The same, had somebody looked at that moment."""
    return devices([s for s in sightings if known_at(s, timezone) <= moment], max_users)
