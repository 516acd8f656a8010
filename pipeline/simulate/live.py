"""An open shop: sends simulated events to a collector over HTTP, so that the last simulated day is today.

What has happened by now is sent at once, the rest of the day when it happens. Events are sent as trackers do, in
batches of one browser's user agent, and again after an answer that asks for it. Not here: the simulation (run.py).
"""

from __future__ import annotations

import gzip
import json
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from itertools import groupby
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pipeline.simulate.run import DEFAULT_CURRENCY, simulate
from pipeline.simulate.writer import SimulationError

_BATCH = 100
_SORTED = 5_000  # events that are put into batches together
_MAX_WAIT_S, _N_TRIES = 60, 20


@dataclass(frozen=True)
class Shop:
    """What is simulated."""

    users: int
    days: int
    seed: int
    currency: str = DEFAULT_CURRENCY


@dataclass
class Sent:
    """What the collector answered."""

    n_accepted: int = 0
    n_rejected: int = 0


class Sender:
    """Sends batches to one collector."""

    def __init__(self, url: str, key: str, wait: Callable[[float], object] = time.sleep) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise SimulationError(f"expected the address of a collector such as http://127.0.0.1:8000, not {url}")
        kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        self._connection = kind(parts.hostname, parts.port, timeout=60)
        self._url, self._path, self._key, self._wait = url, parts.path.rstrip("/") or "/api/track", key, wait

    def connect(self) -> None:
        """Find out whether somebody answers there, before anything is simulated. SimulationError if not."""
        try:
            self._connection.connect()
        except OSError as error:
            raise self._no_answer(error) from error

    def send(self, events: list[dict[str, Any]], user_agent: str) -> Sent:
        """Send events until they are acknowledged. SimulationError where the collector cannot be reached or refuses."""
        body = json.dumps({"batch": events, "sentAt": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"}).encode()
        headers = {"Content-Type": "application/json", "X-Write-Key": self._key, "User-Agent": user_agent}
        n_broken = 0
        for _ in range(_N_TRIES):
            try:
                self._connection.request("POST", self._path, body, headers)
                answer = self._connection.getresponse()
                text = answer.read()
            except (OSError, HTTPException) as error:
                self._connection.close()
                n_broken += 1  # once is an idle connection that the server has ended
                if n_broken > 1:
                    raise self._no_answer(error) from error
                continue
            if answer.status == 202:
                told = json.loads(text)
                return Sent(told["accepted"], len(told["rejected"]))
            if answer.status not in (429, 503):
                reason = text[:300].decode("utf-8", "replace")
                raise SimulationError(f"{self._url} answered {answer.status}: {reason}")
            self._wait(min(_MAX_WAIT_S, int(answer.headers.get("Retry-After") or 1)))
        raise SimulationError(f"{self._url} still takes no events after {_N_TRIES} tries")

    def _no_answer(self, error: Exception) -> SimulationError:
        return SimulationError(f"no answer from {self._url} ({error}); `growthhouse collect` starts a collector")

    def close(self) -> None:
        """End the connection."""
        self._connection.close()


def send_live(
    sender: Sender,
    shop: Shop,
    say: Callable[[str], object],
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    wait: Callable[[float], object] = time.sleep,
) -> Sent:
    """Send the events of a shop until today ends (UTC); the same shop on the same day sends the same events."""
    total, today = Sent(), clock().date()
    sender.connect()
    with tempfile.TemporaryDirectory(prefix="growthhouse-live-") as folder, closing(sender):
        first = today - timedelta(days=shop.days - 1)
        simulate(Path(folder), shop.users, shop.days, shop.seed, first, shop.currency)
        held: list[dict[str, Any]] = []
        is_live = False
        for received_at, event in _events(Path(folder), first, shop.days):
            ahead = (received_at - clock()).total_seconds()
            if held and (ahead > 0 or len(held) >= _SORTED):
                _send(sender, held, total)
                held = []
            if ahead > 0 and not is_live:
                is_live = True
                say(f"sent {total.n_accepted:,} events up to now; the rest of the day follows as it happens")
            if ahead > 0:
                wait(ahead)
            held.append(event)
        _send(sender, held, total)
    return total


def _send(sender: Sender, events: list[dict[str, Any]], total: Sent) -> None:
    """Batches of one user agent each: the collector takes it from the request."""
    for user_agent, group in groupby(sorted(events, key=_user_agent), key=_user_agent):
        same = list(group)
        for start in range(0, len(same), _BATCH):
            sent = sender.send(same[start : start + _BATCH], user_agent)
            total.n_accepted += sent.n_accepted
            total.n_rejected += sent.n_rejected


def _user_agent(event: dict[str, Any]) -> str:
    return str((event.get("context") or {}).get("userAgent") or "")


def _events(folder: Path, first: date, days: int) -> Iterator[tuple[datetime, dict[str, Any]]]:
    """The tracker's events in order of receipt; lines that are no JSON could not be part of a request."""
    for day in range(days):
        file = folder / "data" / "raw" / "shop" / f"events-{first + timedelta(days=day)}.jsonl.gz"
        for line in gzip.decompress(file.read_bytes()).splitlines():
            try:
                event = json.loads(line)
            except ValueError:
                continue
            received_at = datetime.fromisoformat(event.pop("receivedAt"))
            # A tracker corrects a wrong clock by when it sends; this one sends now, so it is corrected here.
            ahead = datetime.fromisoformat(event.pop("sentAt")) - received_at
            if abs(ahead) > timedelta(minutes=10):
                event["timestamp"] = _shifted(event.get("timestamp"), ahead)
            yield received_at, event


def _shifted(stamp: Any, ahead: timedelta) -> Any:
    try:
        return (datetime.fromisoformat(stamp) - ahead).isoformat()
    except ValueError:  # one that the simulation broke
        return stamp
