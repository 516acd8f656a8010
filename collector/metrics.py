"""What /metrics shows, as the text that Prometheus reads. Each process counts for itself. Not here: who counts."""

from __future__ import annotations

import time
from collections import Counter

_SYNC_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
_PREFIX = "growthhouse_collector"


class Metrics:
    """Counters of one process."""

    def __init__(self) -> None:
        self.accepted: Counter[str] = Counter()  # events by source
        self.rejected: Counter[tuple[str, str]] = Counter()  # events by source and code
        self.answers: Counter[int] = Counter()  # requests by status
        self.failed_writes = 0
        self._n_bytes = 0
        self._syncs: Counter[float] = Counter()
        self._sync_sum, self._n_syncs = 0.0, 0
        self._last_write = 0.0

    def wrote(self, n_bytes: int, seconds: float) -> None:
        """A group is on disk."""
        self._n_bytes += n_bytes
        self._n_syncs += 1
        self._sync_sum += seconds
        self._syncs.update(limit for limit in _SYNC_SECONDS if seconds <= limit)
        self._last_write = time.time()

    def text(self, n_queued: int, free_bytes: int) -> str:
        """The page."""
        lines: list[str] = []

        def add(name: str, kind: str, about: str, values: dict[str, float]) -> None:
            lines.append(f"# HELP {_PREFIX}_{name} {about}")
            lines.append(f"# TYPE {_PREFIX}_{name} {kind}")
            suffix = "" if kind != "histogram" else "_bucket"
            lines.extend(f"{_PREFIX}_{name}{suffix}{labels} {value!r}" for labels, value in values.items())

        accepted = {f'{{source="{source}"}}': float(n) for source, n in sorted(self.accepted.items())}
        rejected = {f'{{source="{s}",reason="{code}"}}': float(n) for (s, code), n in sorted(self.rejected.items())}
        answers = {f'{{status="{status}"}}': float(n) for status, n in sorted(self.answers.items())}
        buckets = {f'{{le="{limit:g}"}}': float(self._syncs[limit]) for limit in _SYNC_SECONDS}
        add("accepted_events_total", "counter", "Events that are on disk.", accepted)
        add("rejected_events_total", "counter", "Events kept in the files of rejected events.", rejected)
        add("answers_total", "counter", "Requests to the path of events by HTTP status.", answers)
        add("written_bytes_total", "counter", "Bytes of lines that are on disk.", {"": float(self._n_bytes)})
        add("failed_writes_total", "counter", "Groups that could not be written.", {"": float(self.failed_writes)})
        add(
            "sync_seconds",
            "histogram",
            "Write and fdatasync of a group.",
            buckets | {'{le="+Inf"}': float(self._n_syncs)},
        )
        lines += [f"{_PREFIX}_sync_seconds_sum {self._sync_sum!r}", f"{_PREFIX}_sync_seconds_count {self._n_syncs}"]
        add("queue_bytes", "gauge", "Bytes that wait for the disk.", {"": float(n_queued)})
        add("free_disk_bytes", "gauge", "Free bytes of the disk of data/raw.", {"": float(free_bytes)})
        about = "Unix time of the last group on disk; 0 before the first."
        lines += [f"# HELP {_PREFIX}_last_durable_write_seconds {about}"]
        lines += [f"# TYPE {_PREFIX}_last_durable_write_seconds gauge"]
        lines += [f"{_PREFIX}_last_durable_write_seconds {self._last_write:.3f}"]
        return "\n".join(lines) + "\n"
