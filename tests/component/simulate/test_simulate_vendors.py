"""Round trips: a shop whose events another tool tells is the same shop after ingest."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from ingest_home import Home

from pipeline.simulate import SimulationError, simulate
from pipeline.simulate.vendors import VENDORS

# What an export has no place for.
NOT_CARRIED = {"mixpanel": {"user_agent"}, "ga4": {"user_agent"}}
COMPARED = (
    "user_id",
    "anonymous_id",
    "event_name",
    "item_id",
    "quantity",
    "revenue",
    "order_id",
    "search_term",
    "page_path",
    "utm_source",
    "utm_medium",
    "device_type",
    "user_agent",
)


def loaded(folder: Path, vendor: str) -> tuple[list[dict[str, Any]], int, int]:
    """The events of a shop, each once; how many were rejected, and how many the simulation broke."""
    home = Home(folder, {"name": "shop", "format": vendor, "path": "{home}/data/raw/shop/*"})
    report = simulate(home.folder, users=60, days=4, seed=11, vendor=vendor)
    result = home.ingest()
    events = {row["event_id"]: row for row in home.events()}
    return list(events.values()), result.n_rejected, report.n_malformed


@pytest.fixture(scope="module")
def told_by_the_tracker(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    events, n_rejected, n_malformed = loaded(tmp_path_factory.mktemp("tracker"), "tracker")
    assert n_rejected == n_malformed
    assert len(events) > 500
    return events


@pytest.mark.parametrize("vendor", VENDORS)
def test_persons_events_and_orders_are_the_same(
    vendor: str, tmp_path: Path, told_by_the_tracker: list[dict[str, Any]]
) -> None:
    events, n_rejected, n_malformed = loaded(tmp_path, vendor)
    assert n_rejected == n_malformed
    columns = [column for column in COMPARED if column not in NOT_CARRIED.get(vendor, ())]
    expected = Counter(tuple(row[column] for column in columns) for row in told_by_the_tracker)
    assert Counter(tuple(row[column] for column in columns) for row in events) == expected
    # A second of delivery may be in the corrected time.
    apart = [
        abs((ours["event_at"] - theirs["event_at"]).total_seconds())
        for ours, theirs in zip(_by_time(events), _by_time(told_by_the_tracker), strict=True)
    ]
    assert max(apart) < 5


def _by_time(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(events, key=lambda row: row["event_at"])


def test_an_unknown_format_is_named(tmp_path: Path) -> None:
    with pytest.raises(SimulationError, match="excel is no format of a simulation"):
        simulate(tmp_path, users=1, days=1, vendor="excel")
