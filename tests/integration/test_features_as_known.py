"""A snapshot holds what a night of that day would have published: the same persons, the same values.

One side is a build of everything, asked for an earlier snapshot; the other a build of only the lines that had been
received by the end of
that day. Random logs, in which devices log in late, are shared, and log-ins arrive days after they happened. Columns
about
sessions are left out: a late event inside a known session moves its bounds (docs/models.md).
"""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest
from builds import Nights

from tests.schedules.deliveries import schedule

CONFIG = """\
site: {timezone: Asia/Shanghai, currency: CNY}
sources: [{name: shop, format: tracker, path: "{home}/data/raw/shop/*.jsonl"}]
churn: {horizon_days: 2, lookback_days: 5}
purchase: {horizon_days: 2}
"""
AS_OF, SNAPSHOTS, SEEDS = date(2026, 1, 9), (date(2026, 1, 5), date(2026, 1, 7)), (3, 8)
# Device d is seen on 3 January and logs in as u on the 6th, heard of on the 8th. Somebody else uses it on the 9th.
SEEN = {"event": "view_item", "timestamp": "2026-01-03T04:00:00", "anonymousId": "d", "eventId": "1"}
LOGIN = {
    "event": "login",
    "timestamp": "2026-01-06T04:00:00",
    "receivedAt": "2026-01-08T04:00:00",
    "anonymousId": "d",
    "userId": "u",
    "eventId": "2",
}
OTHER = {"event": "login", "timestamp": "2026-01-09T04:00:00", "anonymousId": "d", "userId": "v", "eventId": "3"}
OF_SESSIONS = {
    "n_sessions_7d",
    "n_sessions_30d",
    "events_per_session_30d",
    "avg_session_duration_s_30d",
    "bounce_rate_30d",
}


def lines(seed: int) -> list[dict[str, str]]:
    """Events of the tracker, each once and received some time; every order its own, and every id that of the seed."""
    events: dict[str, dict[str, str]] = {}
    for name, text in schedule(seed).final.files.items():
        for event in map(json.loads, text.splitlines()):
            if name.startswith("shop/") and "curl" not in str(event):
                event["receivedAt"] = max(event.get("receivedAt", ""), event["timestamp"])
                event |= {key: f"{seed}-{event[key]}" for key in ("eventId", "userId", "anonymousId") if key in event}
                event["orderId"] = event["eventId"]
                events.setdefault(event["eventId"], event)
    return list(events.values())


def built(folder: Path, events: list[dict[str, str]], as_of: date) -> Path:
    nights = Nights(folder, CONFIG)
    text = "".join(json.dumps(event) + "\n" for event in events)
    nights.night({"shop/log.jsonl": text}, models=["+user_features", "+user_labels"], as_of=as_of)
    return nights.paths.build_db


def rows(build: Path, snapshot: date) -> dict[str, dict[str, object]]:
    """Features of a snapshot by person."""
    with duckdb.connect(str(build), read_only=True) as con:
        found = con.execute("from marts.user_features where as_of_date = ?", [snapshot])
        names = [column[0] for column in found.description]
        table = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
    return {str(row["person_id"]): {k: v for k, v in row.items() if k not in OF_SESSIONS} for row in table}


def rows_of(build: Path, snapshot: date, seed: int) -> dict[str, dict[str, object]]:
    """The same of the persons of a seed."""
    found = rows(build, snapshot).items()
    return {person: row for person, row in found if person.removeprefix("anon:").startswith(f"{seed}-")}


@pytest.fixture(scope="module")
def builds(tmp_path_factory: pytest.TempPathFactory) -> dict[date, Path]:
    """By day: of all events as of AS_OF, and of those that had been received by the end of an earlier day."""
    folder = tmp_path_factory.mktemp("builds")
    events = [SEEN, LOGIN, OTHER, *(event for seed in SEEDS for event in lines(seed))]
    found = {AS_OF: built(folder / "now", events, AS_OF)}
    for snapshot in SNAPSHOTS:
        end = f"{snapshot.isoformat()}T16:00:00"  # midnight in Shanghai, UTC
        received = [e for e in events if e.get("receivedAt", e["timestamp"]) < end and e["timestamp"] < end]
        found[snapshot] = built(folder / f"then-{snapshot}", received, snapshot)
    return found


@pytest.mark.parametrize("seed", SEEDS)
def test_a_snapshot_is_what_a_night_of_that_day_knew(seed: int, builds: dict[date, Path]) -> None:
    for snapshot in SNAPSHOTS:
        now, then = (rows_of(builds[day], snapshot, seed) for day in (AS_OF, snapshot))
        assert now == then != {}


def test_persons_of_earlier_snapshots_turned_out_to_be_others(builds: dict[date, Path], tmp_path: Path) -> None:
    """Worked out from the three events of device d."""
    linked = built(tmp_path / "linked", [SEEN, LOGIN], date(2026, 1, 8))
    # the label asks for whom the device turned out to be: u came back, and nobody bought
    with duckdb.connect(str(linked), read_only=True) as con:
        found = con.execute(
            "select person_id, label_churned, label_purchased from marts.user_labels where as_of_date = '2026-01-04'"
        ).fetchall()
    assert found == [("anon:d", False, False)]
    days = [AS_OF - timedelta(days=number) for number in (5, 3, 2)]
    assert [set(rows(linked, day)) for day in days[:2]] == [{"anon:d"}, {"anon:d"}]
    assert set(rows(linked, date(2026, 1, 8))) == {"u"}
    of_device_d, shared = {"anon:d", "u", "v"}, builds[AS_OF]
    assert [set(rows(shared, day)) & of_device_d for day in days] == [{"anon:d"}, {"anon:d"}, {"anon:d"}]
    assert set(rows(shared, AS_OF)) & of_device_d == of_device_d
