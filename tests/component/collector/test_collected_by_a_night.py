"""From HTTP into the lake: ingest loads each acknowledged event once, and lists each rejected one."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from collector_process import Process, event
from ingest_home import Home

SOURCE = {"name": "shop", "path": "{home}/data/raw/shop/**/*.jsonl*"}
BAD: list[tuple[Any, str]] = [
    ({**event("bad-1"), "userId": "null"}, "missing_identity"),
    ({**event("bad-2"), "timestamp": ""}, "bad_timestamp"),
    ({**event("bad-3"), "event": None}, "missing_event_name"),
    ({**event("bad-4"), "context": []}, "type_conflict"),
    ({**event("bad-5"), "properties": {"note": "x" * (1 << 20)}}, "oversized_line"),
    ({**event("bad-6"), "properties": json.loads("[" * 30 + "]" * 30), "userId": "u1"}, "type_conflict"),
    ({**event("bad-7"), "deep": json.loads("[" * 30 + "]" * 30)}, "bad_row"),
    ("no object", "bad_json"),
]


def test_what_is_acknowledged_is_loaded_once_and_what_is_rejected_is_listed(tmp_path: Path) -> None:
    home = Home(tmp_path, SOURCE)
    process = Process(tmp_path, config=(tmp_path / "growth.yaml").read_text()).wait_until_ready()
    batch = [event(f"batch-{n}") for n in range(100)]
    mixed = [event("good-1"), *(bad for bad, _ in BAD), event("good-2")]
    odd = {**event("odd"), "event": "näme\u2028\u0001\u0085", "note": '"\\\n\t\r 😀 \ud83d', "big": 2**80, "f": 1e300}
    sent = [
        json.dumps(event("single")).encode(),
        json.dumps({"batch": batch, "sentAt": "2026-01-05T10:00:01Z"}).encode(),
        json.dumps(mixed).encode(),
        json.dumps(odd).encode(),
        json.dumps({"event": "no id", "timestamp": 1767607200, "userId": "u1"}).encode(),
    ]
    n_accepted = 0
    for body in sent:
        for _ in range(2):  # as a client does whose answer was lost
            status, answer = process.request("POST", "/api/track", gzip.compress(body), {"Content-Encoding": "gzip"})
            assert status == 202
            n_accepted += json.loads(answer)["accepted"]
    rejected = json.loads(process.request("POST", "/api/track", json.dumps(mixed).encode())[1])["rejected"]
    assert process.end() == 0
    result = home.ingest(now=datetime.now(UTC))
    assert n_accepted == 2 * (1 + 100 + 2 + 1 + 1)
    assert (result.n_accepted, result.n_rejected) == (n_accepted + 2, 3 * len(BAD))
    counts: dict[str, int] = {}
    for row in home.events():
        counts[row["event_id"]] = counts.get(row["event_id"], 0) + 1
    ids = {"single", "good-1", "good-2", "odd", *(f"batch-{n}" for n in range(100))}
    assert counts.keys() > ids and len(counts) == len(ids) + 1  # the one without an id has the same one twice
    assert set(counts.values()) == {2, 3}  # raw.events is before deduplication; the mixed batch was sent three times
    reasons = [reason for _, reason in BAD]
    assert [row["reason"] for row in home.rejects()] == reasons * 3
    assert [row["raw_line"].count('"note":"x') for row in home.rejects()].count(1) == 3
    assert len(rejected) == len(BAD)
