"""When a model is retrained: when that is due, not every night.

Due is a snapshot that the last training did not have, other options, libraries or code, or a number of rows that
changed by about a tenth. A label that a late event changed does not make one due: the model stays until the next
snapshot, unless it has drifted; then it is retrained on whatever has changed (see `prediction`).
Belongs here: the key of a training and finding its stored result. Does not belong here: training.
"""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from models.common.artifacts import ArtifactError, read_card
from models.common.fingerprint import code_digest, fingerprint, library_versions
from models.common.model_metrics import metrics_frame
from models.propensity.algorithms import ALGORITHMS, Params
from models.propensity.artifacts import Artifact, load_artifact
from models.propensity.baselines import RECENCY_RULE
from models.propensity.card import FORMAT
from models.propensity.features import FEATURES, Kind, design_matrix
from models.propensity.registry import Registry
from models.propensity.result import TrainOptions, TrainResult
from models.propensity.split import TimeSplit

_SIZE_STEP = 1.1


def data_digest(kind: Kind, rows: pd.DataFrame, split: TimeSplit, seed: int, options: TrainOptions) -> str:
    """Hash of everything that shapes a model but its algorithm: data, split, options, libraries."""
    snapshots = rows.groupby("as_of_date", sort=True).size()  # rows are sorted by snapshot, then person
    persons = np.frombuffer("\n".join(rows["person_id"]).encode(), dtype=np.uint8)
    parts = _shared_parts(kind, split, seed, options) | {"snapshots": [f"{day} {n}" for day, n in snapshots.items()]}
    return fingerprint(parts, persons, design_matrix(rows), rows["y"].to_numpy(dtype=np.int64))


def _shared_parts(kind: Kind, split: TimeSplit, seed: int, options: TrainOptions) -> dict[str, Any]:
    """What shapes a model beside its data and its algorithm.

    Split and options are hashed by their text: another name of a class or a field gives every model another version.
    """
    return {
        "format": FORMAT,
        "kind": kind,
        "split": split,
        "seed": seed,
        "options": options,
        "features": FEATURES,
        "versions": library_versions(),
    }


def version_of(algorithm: str, digest: str, params: Params) -> str:
    """Version of the model that an algorithm makes of the data: same input, same version."""
    return f"{algorithm}-{fingerprint({'data': digest, 'params': params})}"


def training_key(kind: Kind, rows: pd.DataFrame, split: TimeSplit, seed: int, options: TrainOptions) -> str:
    """What has to be equal for a stored training to be still valid; the code of this package included."""
    parts = _shared_parts(kind, split, seed, options) | {
        "size": round(math.log(max(len(rows), 1)) / math.log(_SIZE_STEP)),
        "params": {name: algorithm.params for name, algorithm in ALGORITHMS.items()},
        "code": code_digest(Path(__file__).parent),
    }
    return fingerprint(parts)


def stored_result(
    folder: Path, kind: Kind, registry: Registry, key: str, digest: str | None = None
) -> TrainResult | None:
    """The result of the latest training in `folder` where it was this one and its files are intact, else None.

    With a `digest` it also must have learned from exactly these rows. Who scores is what the registry says: somebody
    may have rolled a version back since.
    """
    try:
        rule = read_card(folder / RECENCY_RULE)
        learned_from = rule.get("data_digest", "")
        reason = registry.reason(key, learned_from)
        if rule.get("training_key") != key or reason is None or digest not in (None, learned_from):
            return None
        if rule["winner"] != registry.champion:
            read_card(folder / rule["winner"])
        artifact = load_artifact(folder / registry.champion) if registry.champion else Artifact(rule, None)
    except ArtifactError:
        return None
    rows = [{**row, "is_promoted": row["model_version"] == registry.champion} for row in rule["metrics"]]
    return TrainResult(kind, artifact, metrics_frame(rows), registry.champion is not None, True, reason, learned_from)
