"""A version of a model in memory and in its folder, without pickle.

Belongs here: the pair of card and fitted model. Does not belong here: the folder's format (`common.artifacts`), what
the card says (`card`), the formats of model files (`algorithms`).
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.common.artifacts import ArtifactError, read_folder, write_folder
from models.propensity.algorithms import ALGORITHMS, FittedModel


@dataclass(frozen=True)
class Artifact:
    """A version: its card, and its fitted model unless it is the recency rule, which the card holds."""

    card: dict[str, Any]
    model: FittedModel | None

    @property
    def version(self) -> str:
        """Name of the version."""
        return str(self.card["model_version"])

    @property
    def algorithm(self) -> str:
        """Name of the algorithm."""
        return str(self.card["algorithm"])


def save_artifact(folder: Path, artifact: Artifact) -> None:
    """Write a version into its folder."""
    files = {ALGORITHMS[artifact.algorithm].file: artifact.model.dump()} if artifact.model else {}
    write_folder(folder, artifact.card, files)


def load_artifact(folder: Path) -> Artifact:
    """Read a version's folder; `ArtifactError` where it is damaged, or its algorithm is not known to this release."""
    card, files = read_folder(folder)
    if not files:
        return Artifact(card, None)
    algorithm = ALGORITHMS.get(card["algorithm"])
    if algorithm is None or algorithm.file not in files:
        raise ArtifactError(f"{folder} holds a model of {card['algorithm']}, which this release cannot read")
    return Artifact(card, algorithm.load(files[algorithm.file], card))
