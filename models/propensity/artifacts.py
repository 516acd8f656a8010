"""Models on disk, without pickle: skops for scikit-learn, XGBoost's own JSON, and a card beside it.

Belongs here: writing and reading a version's folder, byte for byte the same for the same model.
Does not belong here: what the card says (see `card`) and how a model is fitted.
"""

import io
import json
import re
import zipfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import skops.io

from models.common.artifacts import ArtifactError, read_card, write_folder
from models.common.bgnbd import BgNbd
from models.propensity.candidates import BgNbdCandidate, Candidate, SklearnCandidate, XgboostCandidate, booster_of

# The only types beyond skops' own safe list that a file of ours holds; anything else is refused.
_TRUSTED = [
    "numpy.dtype",
    "sklearn._loss._loss.CyHalfBinomialLoss",
    "sklearn._loss.link.Interval",
    "sklearn._loss.link.LogitLink",
    "sklearn._loss.loss.HalfBinomialLoss",
    "sklearn.ensemble._hist_gradient_boosting.binning._BinMapper",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
]
_ZIP_DATE = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Artifact:
    """A loaded version: its card, and its model unless the recency rule is all there is."""

    card: dict[str, Any]
    candidate: Candidate | None


def save_artifact(folder: Path, card: dict[str, Any], candidate: Candidate | None) -> Path:
    """Write model and card into `folder`."""
    if isinstance(candidate, SklearnCandidate):
        card = {**card, "centre": candidate.centre.tolist()}
    write_folder(folder, card, dict([_serialise(candidate)]) if candidate else {})
    return folder


def load_artifact(folder: Path) -> Artifact:
    """Read a version's folder: the card, and the model where there is one."""
    card = read_card(folder)
    models = [_deserialise(name, (folder / name).read_bytes(), card) for name in card["files"]]
    return Artifact(card, models[0] if models else None)


def _serialise(candidate: Candidate) -> tuple[str, bytes]:
    if isinstance(candidate, XgboostCandidate):
        return "model.json", bytes(candidate.booster.save_raw(raw_format="json"))
    if isinstance(candidate, SklearnCandidate):
        return "model.skops", stable_archive(skops.io.dumps(candidate.pipeline))
    if isinstance(candidate, BgNbdCandidate):
        held = {
            **asdict(candidate.model),
            "rate_of_others": candidate.rate_of_others,
            "centre": candidate.centre.tolist(),
        }
        return "bg_nbd.json", (json.dumps(held, sort_keys=True) + "\n").encode()
    raise ArtifactError(f"no format for {type(candidate).__name__}")


def _deserialise(name: str, content: bytes, card: dict[str, Any]) -> Candidate:
    if name == "model.json":
        return XgboostCandidate(card["algorithm"], booster_of(content))
    if name == "bg_nbd.json":
        held = json.loads(content)
        centre, rate = np.asarray(held.pop("centre"), dtype=np.float64), held.pop("rate_of_others")
        return BgNbdCandidate(card["model"], card["horizon_days"], BgNbd(**held), rate, centre)
    unknown = sorted(set(skops.io.get_untrusted_types(data=content)) - set(_TRUSTED))
    if unknown:
        raise ArtifactError(f"{name} holds types that are not trusted: {', '.join(unknown)}")
    pipeline = skops.io.loads(content, trusted=_TRUSTED)
    return SklearnCandidate(card["algorithm"], pipeline, np.asarray(card["centre"], dtype=np.float64))


def stable_archive(content: bytes) -> bytes:
    """The same skops archive with memory addresses renumbered and dates fixed.

    skops names nodes and files after `id(object)` and stamps the time, so two dumps of one model differ.
    """
    source = zipfile.ZipFile(io.BytesIO(content))
    schema = source.read("schema.json").decode()
    numbers: dict[str, str] = {}

    def renumber(match: re.Match[str]) -> str:
        old = match.group(2)
        numbers.setdefault(old, str(len(numbers) + 1))
        return f"{match.group(1)}{numbers[old]}{match.group(3)}"

    schema = re.sub(r'("__id__": |"file": ")(\d+)(\.npy"|\b)', renumber, schema)
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        members = [name for name in source.namelist() if name != "schema.json"]
        renamed = {name: _renamed(name, numbers) for name in members}
        for name in sorted(members, key=lambda member: (len(renamed[member]), renamed[member])):
            _add(archive, renamed[name], source.read(name))
        _add(archive, "schema.json", schema.encode())
    return target.getvalue()


def _renamed(member: str, numbers: dict[str, str]) -> str:
    stem, dot, ending = member.partition(".")
    return numbers.get(stem, stem) + dot + ending


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    info = zipfile.ZipInfo(name, _ZIP_DATE)
    info.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(info, content, compresslevel=6)
