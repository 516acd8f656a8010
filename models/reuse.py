"""A training that was done before is not done again: same data, options, libraries and code, same result.

Belongs here: the key of a training and finding its stored result. Does not belong here: training.
"""

import hashlib
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from models.artifacts import ArtifactError, read_card
from models.baselines import RECENCY_RULE
from models.candidates import ALGORITHMS, params_of
from models.card import FORMAT, fingerprint, library_versions
from models.evaluate import metrics_frame
from models.features import FEATURES, Kind, design_matrix
from models.result import TrainOptions, TrainResult
from models.split import TimeSplit


def data_digest(kind: Kind, rows: pd.DataFrame, split: TimeSplit, seed: int, options: TrainOptions) -> str:
    """Hash of everything that shapes a model but its algorithm: data, split, options, libraries."""
    snapshots = rows.groupby("as_of_date", sort=True).size()  # rows are sorted by snapshot, then person
    persons = np.frombuffer("\n".join(rows["person_id"]).encode(), dtype=np.uint8)
    parts = {
        "format": FORMAT,
        "kind": kind,
        "split": split,
        "seed": seed,
        "options": options,
        "features": FEATURES,
        "versions": library_versions(),
        "snapshots": [f"{day} {n}" for day, n in snapshots.items()],
    }
    return fingerprint(parts, persons, design_matrix(rows), rows["y"].to_numpy(dtype=np.int64))


def version_of(algorithm: str, digest: str) -> str:
    """Version of the model that an algorithm makes of the data: same input, same version."""
    return f"{algorithm}-{fingerprint({'data': digest, 'params': params_of(algorithm)})}"


def training_key(digest: str) -> str:
    """What has to be equal for a stored result to be the result of training now; the code of this package included."""
    params = {name: params_of(name) for name in ALGORITHMS}
    return fingerprint({"data": digest, "params": params, "code": _code_digest()})


def stored_result(folder: Path, kind: Kind, key: str) -> TrainResult | None:
    """The result of the latest training in `folder` where it was this one and its files are whole, else None."""
    try:
        rule = read_card(folder / RECENCY_RULE)
        if rule.get("training_key") != key:
            return None
        model = read_card(folder / rule["winner"])
    except ArtifactError:
        return None
    if model.get("training_key") != key:
        return None
    promoted = bool(model["is_promoted"])
    used = model if promoted else rule
    artifact = folder / rule["winner"] if promoted else folder / RECENCY_RULE
    metrics = metrics_frame(model["metrics"])
    return TrainResult(
        kind, used["model_version"], used["algorithm"], metrics, promoted, True, model["reason"], artifact
    )


@cache
def _code_digest() -> str:
    """A release that fits in another way must not find what an older one stored."""
    files = sorted(Path(__file__).parent.glob("*.py"))
    return hashlib.sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()
