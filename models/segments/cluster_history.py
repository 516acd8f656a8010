"""Cluster 2 stays cluster 2: the numbers of clusters from one night to the next.

Belongs here: the kept centres of past nights, and matching tonight's with them. Does not belong here: finding clusters
(see `clusters`).

A night looks only at nights of earlier as_of dates. So building everything, or the same night again, gives the same
numbers, and a night for a past date does not see what came later.
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

import numpy as np
from scipy.optimize import linear_sum_assignment

from models.common.artifacts import write_file
from models.common.frames import FloatArray

MAX_SHIFT = 1.0  # standard deviations between two nights' centres beyond which a cluster is another one
N_KEPT = 10  # nights
_DIGITS = 9


@dataclass(frozen=True)
class KnownClusters:
    """A night's clusters: their numbers, their centres (logarithms of the dimensions, cluster × dimension), and the first
    number that no cluster has ever had."""

    as_of: str
    numbers: list[int]
    centres: list[list[float]]
    next_number: int

    @property
    def digest(self) -> str:
        """Hash of all of it."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()


def latest_before(folder: Path, as_of: date) -> KnownClusters | None:
    """The clusters of the latest earlier as_of whose file is whole; None where there is none."""
    for path in sorted(folder.glob("centres-*.json"), reverse=True):
        known = _read(path)
        if known is not None and known.as_of < as_of.isoformat():
            return known
    return None


def keep(folder: Path, known: KnownClusters) -> None:
    """Write a night's clusters in the place of what the same as_of wrote before; the oldest nights go."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps({**asdict(known), "sha256": known.digest}, indent=1, sort_keys=True) + "\n"
    write_file(folder / f"centres-{known.as_of}.json", text.encode())
    for path in sorted(folder.glob("centres-*.json"))[:-N_KEPT]:
        path.unlink()


def numbered(centres: FloatArray, spread: FloatArray, as_of: date, previous: KnownClusters | None) -> KnownClusters:
    """Tonight's clusters with their numbers.

    `centres`: cluster × dimension in logarithms; `spread`: tonight's deviation of each dimension, the scale of both
    nights. Pairs are those of the least sum of squared distances (Hungarian method); whoever is further than `MAX_SHIFT`
    from its pair, or has none, gets a number never used before. Without a night before, they are numbered as they come.
    """
    rounded = np.round(centres, _DIGITS)
    if previous is None or not previous.numbers:
        return KnownClusters(as_of.isoformat(), list(range(len(rounded))), rounded.tolist(), len(rounded))
    scale = np.where(spread > 1e-9, spread, 1.0)
    steps = (rounded[:, None, :] - np.asarray(previous.centres)[None, :, :]) / scale
    squares = np.round((steps**2).sum(axis=2), _DIGITS)
    # A pair too far apart costs as much as any other such pair: it must not push a close pair aside.
    tonight, before = linear_sum_assignment(np.minimum(squares, MAX_SHIFT**2 + 1.0))
    same = {
        int(new): previous.numbers[int(old)]
        for new, old in zip(tonight, before, strict=True)
        if squares[new, old] <= MAX_SHIFT**2
    }
    numbers, free = [], previous.next_number
    for cluster in range(len(rounded)):
        if cluster in same:
            numbers.append(same[cluster])
        else:
            numbers.append(free)
            free += 1
    return KnownClusters(as_of.isoformat(), numbers, rounded.tolist(), free)


def _read(path: Path) -> KnownClusters | None:
    """None for a file that is damaged, of another release, or not one of ours."""
    try:
        content = json.loads(path.read_text())
        digest = content.pop("sha256")
        known = KnownClusters(**content)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    return known if known.digest == digest else None
