"""A version's folder on disk: files, and a card that holds their hashes.

Belongs here: writing it so that a killed night leaves no half version, and reading it. Does not belong here: what a
card or a file contains (see the families).
"""

import hashlib
import json
import os
from pathlib import Path
from typing import Any

CARD = "card.json"


class ArtifactError(RuntimeError):
    """An artefact is missing, damaged or not one of ours; the message names the file."""


def write_folder(folder: Path, card: dict[str, Any], files: dict[str, bytes]) -> dict[str, Any]:
    """Write files and then the card into `folder`, so that a folder with a card is complete; return the card."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        write_file(folder / name, content)
    card = {**card, "files": {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}}
    text = json.dumps(card, indent=1, sort_keys=True, allow_nan=False) + "\n"
    write_file(folder / CARD, text.encode())
    return card


def read_folder(folder: Path) -> tuple[dict[str, Any], dict[str, bytes]]:
    """A version's card and the content of its files; every file must have the hash that the card holds."""
    path = folder / CARD
    if not path.is_file():
        raise ArtifactError(f"no model card at {path}")
    try:
        card: dict[str, Any] = json.loads(path.read_text())
        hashes = dict(card["files"])
    except (ValueError, KeyError) as error:
        raise ArtifactError(f"the model card {path} cannot be read: {error}") from error
    files = {}
    for name, expected in hashes.items():
        if Path(name).name != name or not (folder / name).is_file():
            raise ArtifactError(f"the model file {folder / name} is missing")
        files[name] = (folder / name).read_bytes()
        if hashlib.sha256(files[name]).hexdigest() != expected:
            raise ArtifactError(f"the model file {folder / name} is not the one its card describes")
    return card, files


def read_card(folder: Path) -> dict[str, Any]:
    """A version's card; its files are checked as in `read_folder`."""
    return read_folder(folder)[0]


def write_file(path: Path, content: bytes) -> None:
    """Write under a temporary name, fsync, rename: a reader sees either the old file or all of the new one."""
    temporary = path.with_name(path.name + ".tmp")
    with temporary.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
