"""How many requests may come: a bucket of tokens per key and per address. Not here: the limits (settings)."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable

_MAX_BUCKETS = 100_000
_BURST_S = 2.0  # so many seconds' requests may come at once


class Rates:
    """Buckets that fill at a constant rate. Memory is bounded: a full bucket is like none, and is dropped."""

    def __init__(self, clock: Callable[[], float], max_buckets: int = _MAX_BUCKETS) -> None:
        self._clock, self._max_buckets = clock, max_buckets
        self._buckets: dict[Hashable, tuple[float, float, float]] = {}  # tokens, when, rate

    def take(self, who: Hashable, per_second: float) -> int:
        """Take a token. 0, or in how many seconds there is the next one."""
        now, most = self._clock(), per_second * _BURST_S
        tokens, since, _ = self._buckets.get(who) or (most, now, per_second)
        tokens = min(most, tokens + (now - since) * per_second)
        if tokens < 1:
            return math.ceil((1 - tokens) / per_second)
        if who not in self._buckets and len(self._buckets) >= self._max_buckets:
            self._drop(now)
        self._buckets[who] = (tokens - 1, now, per_second)
        return 0

    def _drop(self, now: float) -> None:
        """Forget full buckets; if there is none, the oldest half."""
        kept = {
            who: (tokens, since, rate)
            for who, (tokens, since, rate) in self._buckets.items()
            if tokens + (now - since) * rate < rate * _BURST_S
        }
        if len(kept) >= self._max_buckets:
            kept = dict(list(kept.items())[len(kept) // 2 :])
        self._buckets = kept
