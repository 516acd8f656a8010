"""What was learned, on disk: factors as .npz without pickle, item ids as JSON, and a card with their hashes.

Belongs here: writing and reading a version, and whether the latest one is still valid. The files contain no person.
"""

import io
import json
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from models.common.artifacts import ArtifactError, read_card, read_folder, write_folder
from models.common.fingerprint import code_digest, fingerprint
from models.recommend.factorisation import ItemFactors
from models.recommend.matrix import Catalogue

LATEST = "latest"
_FACTORS, _ITEMS = "factors.npz", "items.json"


@dataclass(frozen=True)
class Learned:
    """A card, the ids of the items that have factors (ascending), and the factors, item × factor."""

    card: dict[str, Any]
    items: list[str]
    vectors: np.ndarray

    def factors(self, catalogue: Catalogue) -> ItemFactors:
        """Factors by place in a catalogue, without items that it lacks."""
        items = np.array(self.items, dtype=object)
        places = np.searchsorted(catalogue.items, items) if len(catalogue) else np.zeros(len(items), dtype=int)
        known = places < len(catalogue)
        known[known] = catalogue.items[places[known]] == items[known]
        return ItemFactors(places[known], np.ascontiguousarray(self.vectors[known]))


def save(folder: Path, card: dict[str, Any], catalogue: Catalogue, factors: ItemFactors) -> Learned:
    """Write the version that the card names, then the card `latest`, which puts it into use."""
    items = [str(item) for item in catalogue.items[factors.places]]
    content = {_FACTORS: _archive(factors.vectors), _ITEMS: json.dumps(items, ensure_ascii=False).encode()}
    written = write_folder(folder / card["model_version"], card, content)
    write_folder(folder / LATEST, {"winner": card["model_version"]}, {})
    return Learned(written, items, factors.vectors)


def load_latest(folder: Path, training_key: str) -> Learned | None:
    """The version in use where it has this key and its files are intact, else None."""
    try:
        card, files = read_folder(folder / read_card(folder / LATEST)["winner"])
        if card.get("training_key") != training_key:
            return None
        with np.load(io.BytesIO(files[_FACTORS]), allow_pickle=False) as archive:
            vectors = archive["vectors"]
        items = json.loads(files[_ITEMS])
    except (ArtifactError, KeyError, ValueError, OSError):
        return None
    return Learned(card, items, vectors)


def training_key(parts: dict[str, Any]) -> str:
    """What has to be equal for a stored version to be still valid; libraries and code included."""
    libraries = {name: version(name) for name in ("implicit", "numpy", "scipy")}
    return fingerprint({**parts, "libraries": libraries, "code": code_digest(Path(__file__).parent)})


def _archive(vectors: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, vectors=vectors)
    return buffer.getvalue()
