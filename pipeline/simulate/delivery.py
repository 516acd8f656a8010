"""From events to arriving lines: sending and receiving times, offline queues, resent and broken lines.

Belongs here: which line arrives when, and how it is broken. Not here: the content of a line (lines.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.simulate.world import DAY_MS, BoolArray, IntArray

DUPLICATE_SHARE = 0.01
LATE_SHARE = 0.01
MALFORMED_SHARE = 0.002
MALFORMED_KINDS = (
    "bad_json",
    "bad_encoding",
    "missing_event_name",
    "missing_identity",
    "bad_timestamp",
    "future_timestamp",
)


@dataclass
class Deliveries:
    """One row per valid line: its event, when it is sent and received (true time, ms), and its flags."""

    event: IntArray
    sent_ms: IntArray
    received_ms: IntArray
    is_duplicate: BoolArray
    is_late: BoolArray


def deliver(at_ms: IntArray, end_ms: int, rng: np.random.Generator) -> Deliveries:
    """One delivery per event, two for a few; all are received before the end of the simulation."""
    n = at_ms.size
    delay = rng.integers(30, 2_000, n)
    queue = rng.integers(DAY_MS, 3 * DAY_MS - 3_000, n)  # offline for one to three days
    is_late = (rng.random(n) < LATE_SHARE) & (at_ms + queue + 3_000 < end_ms)
    sent = at_ms + np.where(is_late, queue, delay)
    received = sent + rng.integers(20, 900, n)
    again = np.flatnonzero(rng.random(n) < DUPLICATE_SHARE)
    # Half of the duplicates are the same bytes twice, half a retry of the client up to 36 hours later.
    retry = np.where(rng.random(again.size) < 0.5, rng.integers(1_000, 36 * 3_600_000, again.size), 0)
    event = np.concatenate([np.arange(n), again])
    received = np.concatenate([received, received[again] + retry]).clip(max=end_ms - 1)
    sent = np.minimum(np.concatenate([sent, sent[again] + retry]), received)
    is_duplicate = np.arange(event.size) >= n
    order = np.argsort(received, kind="stable")
    return Deliveries(event[order], sent[order], received[order], is_duplicate[order], is_late[event][order])


def break_line(line: str, kind: str, cut: float) -> bytes:
    """A broken version of a valid line; `cut` (0–1) is where a truncated line ends."""
    body = line.rstrip("\n")
    if kind == "bad_json":
        return body[: 1 + int(cut * (len(body) - 2))].encode() + b"\n"
    if kind == "bad_encoding":
        noted = body.replace('"context":', '"note":"caf\x00","context":', 1).encode()
        return noted.replace(b"\x00", b"\xe9\xff") + b"\n"
    if kind == "missing_event_name":
        return ("{" + body[body.index('"timestamp"') :] + "\n").encode()
    if kind == "missing_identity":
        start, stop = body.index('"userId"'), body.index('"eventId"')
        return (body[:start] + '"userId":null,"anonymousId":null,' + body[stop:] + "\n").encode()
    start = body.index('"timestamp":"') + len('"timestamp":"')
    stop = body.index('"', start)
    wrong = "yesterday" if kind == "bad_timestamp" else "2099" + body[start + 4 : stop]
    return (body[:start] + wrong + body[stop:] + "\n").encode()
