"""What persons did with items, as sparse matrices.

Belongs here: the records that every strategy reads. Does not belong here: how candidates are found.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from models.common.frames import FloatArray

IntArray = NDArray[np.int_]


@dataclass(frozen=True)
class Catalogue:
    """Every item that anybody touched, sorted by id; arrays have one entry per item.

    category: number of the item's category in `categories`, -1 where none is known.
    n_recent: persons who touched the item in the last days (the meaning of `popular`).
    n_persons: persons who touched it in the whole look-back.
    is_available: false for items that are not to be recommended.
    n_known: persons who touched any item in the look-back.
    """

    items: NDArray[np.object_]
    category: IntArray
    categories: NDArray[np.object_]
    n_recent: FloatArray
    n_persons: FloatArray
    is_available: NDArray[np.bool_]
    n_known: int

    def __len__(self) -> int:
        return len(self.items)

    @staticmethod
    def of(frame: pd.DataFrame, is_available: NDArray[np.bool_], n_known: int) -> "Catalogue":
        """From a frame with one row per item, sorted by id: item_id, category (or null), n_recent, n_persons."""
        codes, names = pd.factorize(frame["category"], sort=True)
        return Catalogue(
            frame["item_id"].to_numpy(dtype=object),
            codes.astype(np.int64),
            np.asarray(names, dtype=object),
            frame["n_recent"].to_numpy(dtype=np.float64),
            frame["n_persons"].to_numpy(dtype=np.float64),
            is_available,
            n_known,
        )


@dataclass(frozen=True)
class Histories:
    """What some persons did, persons × items of a catalogue.

    weights: interest, decaying with time.
    latest: days from a fixed date to the last interaction, with the same entries as weights.
    events: 1 + the number of the event that weighs most, with the same entries as weights.
    bought: true where the person bought the item, however long ago.
    """

    weights: csr_matrix
    latest: csr_matrix
    events: csr_matrix
    bought: csr_matrix

    def __len__(self) -> int:
        return int(self.weights.shape[0])

    def rows(self, start: int, stop: int) -> "Histories":
        """Those of the persons from `start` up to, not including, `stop`."""
        return Histories(*(m[start:stop] for m in (self.weights, self.latest, self.events, self.bought)))


def histories(frame: pd.DataFrame, n_persons: int, n_items: int) -> Histories:
    """Matrices from a frame with one row per person × item: person, item, event (numbers), weight, latest, is_bought.

    >>> row = {"person": [0], "item": [2], "event": [0], "weight": [1.5], "latest": [7.0], "is_bought": [True]}
    >>> histories(pd.DataFrame(row), 1, 3).weights.toarray().tolist()
    [[0.0, 0.0, 1.5]]
    """
    shape = (n_persons, n_items)
    place = (frame["person"].to_numpy(), frame["item"].to_numpy())
    known = frame["weight"].to_numpy() > 0
    inside = (place[0][known], place[1][known])
    bought = frame["is_bought"].to_numpy(dtype=bool)

    def matrix(values: FloatArray) -> csr_matrix:
        return csr_matrix((values[known], inside), shape=shape)

    return Histories(
        matrix(frame["weight"].to_numpy(dtype=np.float64)),
        matrix(frame["latest"].to_numpy(dtype=np.float64)),
        matrix(frame["event"].to_numpy(dtype=np.float64) + 1),
        csr_matrix((np.ones(int(bought.sum()), dtype=bool), (place[0][bought], place[1][bought])), shape=shape),
    )


def row_of_entry(matrix: csr_matrix) -> IntArray:
    """The row of every stored entry, in order."""
    return np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))


def scaled_by_row(matrix: csr_matrix) -> csr_matrix:
    """Every row divided by its largest entry, so that strategies can be added up; entries must not be negative."""
    largest = np.asarray(matrix.max(axis=1).todense()).ravel() if matrix.shape[1] else np.zeros(matrix.shape[0])
    result = matrix.copy()
    result.data = result.data / np.where(largest > 0, largest, 1.0)[row_of_entry(result)]
    return result


def strongest_of_row(matrix: csr_matrix, n: int) -> csr_matrix:
    """Only the `n` largest entries of every row; of equal ones those in the first columns."""
    rows = row_of_entry(matrix)
    order = np.lexsort((matrix.indices, -matrix.data, rows))
    place = np.arange(len(order)) - matrix.indptr[rows[order]]
    kept = np.sort(order[place < n])
    return csr_matrix((matrix.data[kept], (rows[kept], matrix.indices[kept])), shape=matrix.shape)
