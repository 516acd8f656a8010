"""All suites by name and by stage. A suite's name is the table it judges."""

from expectations.suites import acquisition, behaviour, marts, ml, raw, sessions
from expectations.suites.base import Check, Probe, Suite

SUITES: dict[str, Suite] = {
    suite.name: suite for layer in (raw, sessions, marts, acquisition, behaviour, ml) for suite in layer.SUITES
}
STAGES: tuple[str, ...] = ("raw", "sessions", "marts", "ml")

__all__ = ["STAGES", "SUITES", "Check", "Probe", "Suite"]
