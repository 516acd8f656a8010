"""Named places where a night can be killed on purpose, to see what a crash there leaves behind.

Belongs here: the names, and dying at one of them. Not here: what has to hold afterwards (tests/faults).
Off unless the environment variable GROWTH_FAILPOINT is `name` or `name:n`: the process then kills itself the n-th time
it gets there (n = 0: never, it only counts).
"""

from __future__ import annotations

import os
import signal
from collections import Counter

VARIABLE = "GROWTH_FAILPOINT"

# In the order of a night: every boundary between two states of what is on disk.
NAMES = (
    "ingest_staged",  # everything read, nothing in the lake yet
    "ingest_between_renames",  # after each file that was moved into the lake
    "ingest_before_ledger",  # all files in the lake, none of them counts
    "ledger_before_rename",  # the new ledger lies beside the old one
    "ingest_after_ledger",  # they count; what they replaced is not removed yet
    "run_context_before_write",
    "run_context_after_write",
    "text_before_rename",  # run context, plan, sums and seals: written beside the old file
    "plan_before_commit",  # files taken out of the build, nothing of it committed
    "plan_committed",  # the build counts as unfinished; the plan is not written yet
    "dbt_before_layer",
    "dbt_after_layer",
    "parquet_before_rename",  # predictions and gate results: written beside the old file
    "predictions_between_files",
    "recommendations_between_files",  # the lists are of tonight, similar items or metrics not yet
    "quality_results_written",
    "user_history_kept",  # the history of segments holds the night's decisions; no version does yet
    "publish_cloned",  # the version before was copied, nothing of it replaced yet
    "publish_copied",
    "publish_verified",
    "publish_before_rename",
    "publish_before_switch",  # the version has its name, the link does not lead to it yet
    "publish_switched",
    "publish_before_prune",
    "publish_before_finish",  # published; the build still counts as unfinished
    "publish_after_finish",  # the requested dates are not cleared yet
)

_reached: Counter[str] = Counter()


def failpoint(name: str) -> None:
    """Kill the process here if GROWTH_FAILPOINT names this place."""
    if setting := os.environ.get(VARIABLE):
        _count_or_die(name, setting)


def reached() -> dict[str, int]:
    """How often each place was reached in this process while GROWTH_FAILPOINT was set."""
    return dict(_reached)


def _count_or_die(name: str, setting: str) -> None:
    wanted, _, count = setting.partition(":")
    if wanted not in NAMES:
        raise ValueError(f"{VARIABLE}={setting}: no failpoint '{wanted}'; there are {', '.join(NAMES)}")
    _reached[name] += 1
    if name == wanted and _reached[name] == int(count or 1):
        os.kill(os.getpid(), signal.SIGKILL)
