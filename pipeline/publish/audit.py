"""Whether the build database may be published. A night may be built in parts, so publishing checks the record of each
part.

Every table must be younger than what it was made of, no run may have broken off while building it, and every check
must have held since then.
Not here: how Dagster's records are read (`assets/publishing.py`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

MAX_NAMED = 5


@dataclass(frozen=True)
class CheckRecord:
    """The latest outcome of a check on an asset. evaluated_at is None where it never ran."""

    asset: str
    name: str
    evaluated_at: float | None
    has_failed: bool
    is_gate: bool


def objections(
    parents: Mapping[str, Iterable[str]],
    built_at: Mapping[str, float],
    unfinished: Iterable[str],
    checks: Iterable[CheckRecord],
) -> list[str]:
    """Why the assets in `parents` must not be published; empty where they may.

    `built_at` holds the time of the latest materialization of each asset that has one; `unfinished` are assets that a
    later run set out to build and did not.
    """
    missing = [asset for asset in parents if asset not in built_at]
    stale = [
        f"{asset} (built before {parent})"
        for asset, its_parents in parents.items()
        for parent in its_parents
        if built_at.get(parent, 0.0) > built_at.get(asset, float("inf"))
    ]
    checks = [check for check in checks if check.asset in built_at]
    failed = [f"{check.name} on {check.asset}" for check in checks if check.has_failed]
    outdated = [
        f"{check.name} on {check.asset}"
        for check in checks
        if not check.has_failed and _is_due(check, built_at[check.asset])
    ]
    found = (
        ("never built", missing),
        ("left unfinished by a later run", list(unfinished)),
        ("older than what they are made of", stale),
        ("failed checks", failed),
        ("not checked since they were built", outdated),
    )
    return [f"{what}: {_listed(names)}" for what, names in found if names]


def _is_due(check: CheckRecord, built_at: float) -> bool:
    """A gate must have run; a dbt test may never have been due (its parents are built together elsewhere)."""
    if check.evaluated_at is None:
        return check.is_gate
    return check.evaluated_at < built_at


def _listed(names: list[str]) -> str:
    shown = ", ".join(sorted(names)[:MAX_NAMED])
    return f"{shown} and {len(names) - MAX_NAMED} more" if len(names) > MAX_NAMED else shown
