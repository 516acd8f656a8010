"""All suites by name and by stage. A suite's name is the table it judges."""

from expectations.suites import (
    acquisition,
    behaviour,
    funnels,
    marts,
    ml,
    orders,
    raw,
    recommendations,
    retention,
    sessions,
    value,
)
from expectations.suites.base import Check, Probe, Suite

SUITES: dict[str, Suite] = {
    suite.name: suite
    for module in (raw, sessions, marts, orders, funnels, retention, acquisition, behaviour, ml, recommendations, value)
    for suite in module.SUITES
}
STAGES: tuple[str, ...] = ("raw", "sessions", "marts", "ml")

__all__ = ["STAGES", "SUITES", "Check", "Probe", "Suite"]
