"""Cluster numbers from one night to the next: cluster 2 stays cluster 2.

Belongs here: the stored centres of past nights, and matching tonight's with them. Does not belong here: finding
clusters (see `clusters`).

A night reads only nights of earlier as_of dates. So rebuilding everything, or repeating a night, gives the same
numbers, and a night for a past date does not depend on later ones.
"""

import hashlib
import itertools
import json
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

import numpy as np

from models.common.artifacts import write_file
from models.common.frames import FloatArray

MAX_SHIFT = 1.0  # standard deviations between two nights' centres of what counts as the same cluster
N_KEPT = 10  # nights
_DIGITS = 9


@dataclass(frozen=True)
class KnownClusters:
    """A night's clusters: their numbers and centres (cluster × dimension, logarithms), and the first unused number."""

    as_of: str
    numbers: list[int]
    centres: list[list[float]]
    next_number: int

    @property
    def digest(self) -> str:
        """Hash of all fields."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()


def latest_before(folder: Path, as_of: date) -> KnownClusters | None:
    """The clusters of the latest earlier as_of whose file is intact; None where there is none."""
    for path in sorted(folder.glob("centres-*.json"), reverse=True):
        known = _read(path)
        if known is not None and known.as_of < as_of.isoformat():
            return known
    return None


def keep(folder: Path, known: KnownClusters) -> None:
    """Write a night's clusters, replacing those of the same as_of, and delete the oldest nights."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps({**asdict(known), "sha256": known.digest}, indent=1, sort_keys=True) + "\n"
    write_file(folder / f"centres-{known.as_of}.json", text.encode())
    for path in sorted(folder.glob("centres-*.json"))[:-N_KEPT]:
        path.unlink()


def numbered(centres: FloatArray, spread: FloatArray, as_of: date, previous: KnownClusters | None) -> KnownClusters:
    """Tonight's clusters with their numbers.

    `centres`: cluster × dimension in logarithms; `spread`: tonight's deviation of each dimension, the scale of both
    nights. Pairs minimise the sum of squared distances (Hungarian method); a cluster further than `MAX_SHIFT` from its
    pair, or without one, gets a number never used before. Without an earlier night they are numbered in their order.
    """
    from scipy.optimize import linear_sum_assignment

    rounded = np.round(centres, _DIGITS)
    if previous is None or not previous.numbers:
        return KnownClusters(as_of.isoformat(), list(range(len(rounded))), rounded.tolist(), len(rounded))
    scale = np.where(spread > 1e-9, spread, 1.0)
    steps = (rounded[:, None, :] - np.asarray(previous.centres)[None, :, :]) / scale
    squares = np.round((steps**2).sum(axis=2), _DIGITS)
    # Pairs that are too far apart all cost the same, so that none of them displaces a close pair.
    tonight, before = linear_sum_assignment(np.minimum(squares, MAX_SHIFT**2 + 1.0))
    same = {
        int(new): previous.numbers[int(old)]
        for new, old in zip(tonight, before, strict=True)
        if squares[new, old] <= MAX_SHIFT**2
    }
    unused = itertools.count(previous.next_number)
    numbers = [same[cluster] if cluster in same else next(unused) for cluster in range(len(rounded))]
    return KnownClusters(as_of.isoformat(), numbers, rounded.tolist(), next(unused))


def _read(path: Path) -> KnownClusters | None:
    """None for a file that is damaged, of another release, or not one of ours."""
    try:
        content = json.loads(path.read_text())
        digest = content.pop("sha256")
        known = KnownClusters(**content)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    return known if known.digest == digest else None
