"""Hand-made logs about devices and persons, and what is to be known of them when."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tests.conformance.harness import Line, line

_DAY = "2025-06-0{}T{}:00Z"


def _seen(case: str, device: str, user: str | None, day: int, clock: str, **more: Any) -> Line:
    who = f"{case}/{user}" if user else None
    return line(case, "x", _DAY.format(day, clock), user=who, anonymousId=f"{case}/{device}", **more)


def _known(day: int, clock: str) -> datetime:
    return datetime.fromisoformat(_DAY.format(day, clock)[:-1])


LINES: list[Line] = [
    # anonymous, then logged in
    _seen("log_in", "d", None, 1, "10:00"),
    _seen("log_in", "d", "u", 1, "10:10"),
    _seen("log_in", "d", None, 2, "10:00"),
    # never logged in
    _seen("nobody", "d", None, 1, "10:00"),
    # two users one after the other: nobody's while both are known
    _seen("shared", "d", "a", 1, "10:00"),
    _seen("shared", "d", None, 1, "10:05"),
    _seen("shared", "d", "b", 2, "10:00"),
    # one user on two devices, never merged with the other user of one of them
    _seen("devices", "d", "a", 1, "10:00"),
    _seen("devices", "e", "a", 1, "11:00"),
    _seen("devices", "e", None, 1, "11:01"),
    # an id that is none links nothing
    line("no_id", "x", "2025-06-01T10:00:00Z", user="null", anonymousId="no_id/d"),
    line("no_id", "x", "2025-06-01T10:01:00Z", user="0", anonymousId="no_id/d"),
    # the log-in of the first day arrives on the third
    _seen("late", "d", None, 1, "10:00", receivedAt="2025-06-01T10:00:01Z"),
    _seen("late", "d", "u", 1, "11:00", receivedAt="2025-06-03T08:00:00Z"),
    # it arrives 40 days later: an import, known when it happened
    _seen("import", "d", None, 1, "10:00", receivedAt="2025-06-01T10:00:01Z"),
    _seen("import", "d", "u", 1, "11:00", receivedAt="2025-07-11T08:00:00Z"),
    # the second user's event happened first and was known last
    _seen("overtaken", "d", "a", 2, "10:00", receivedAt="2025-06-02T10:00:00Z"),
    _seen("overtaken", "d", "b", 1, "10:00", receivedAt="2025-06-03T10:00:00Z"),
    # two users at one instant: never anybody's
    _seen("at_once", "d", "a", 1, "10:00"),
    _seen("at_once", "d", "b", 1, "10:00"),
]

# device -> person, users, shared
DEVICES: dict[str, tuple[str, int, bool]] = {
    "log_in/d": ("log_in/u", 1, False),
    "nobody/d": ("anon:nobody/d", 0, False),
    "shared/d": ("anon:shared/d", 2, True),
    "devices/d": ("devices/a", 1, False),
    "devices/e": ("devices/a", 1, False),
    "late/d": ("late/u", 1, False),
    "import/d": ("import/u", 1, False),
    "overtaken/d": ("anon:overtaken/d", 2, True),
    "at_once/d": ("anon:at_once/d", 2, True),
}

# device -> (known from, person, state), in order; each lasts until the next
HISTORY: dict[str, list[tuple[datetime, str, str]]] = {
    "log_in/d": [(_known(1, "10:00"), "anon:log_in/d", "seen"), (_known(1, "10:10"), "log_in/u", "linked")],
    "nobody/d": [(_known(1, "10:00"), "anon:nobody/d", "seen")],
    "shared/d": [(_known(1, "10:00"), "shared/a", "linked"), (_known(2, "10:00"), "anon:shared/d", "shared")],
    "late/d": [(datetime(2025, 6, 1, 10, 0, 1), "anon:late/d", "seen"), (_known(3, "08:00"), "late/u", "linked")],
    "import/d": [(datetime(2025, 6, 1, 10, 0, 1), "anon:import/d", "seen"), (_known(1, "11:00"), "import/u", "linked")],
    "overtaken/d": [(_known(2, "10:00"), "overtaken/a", "linked"), (_known(3, "10:00"), "anon:overtaken/d", "shared")],
    "at_once/d": [(_known(1, "10:00"), "anon:at_once/d", "shared")],
}

# person -> events in fct_events that are theirs
EVENTS_OF: dict[str, int] = {
    "log_in/u": 3,
    "anon:nobody/d": 1,
    "shared/a": 1,
    "shared/b": 1,
    "anon:shared/d": 1,
    "devices/a": 3,
    "anon:no_id/d": 2,
    "late/u": 2,
    "overtaken/a": 1,
    "overtaken/b": 1,
}
